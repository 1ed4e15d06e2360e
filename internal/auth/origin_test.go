package auth

import (
	"slices"
	"testing"
)

func TestOriginsAreAllowedPerProgram(t *testing.T) {
	tokens, tab, now := newTokens(t)
	elsewhere := &Tokens{Table: tab, Now: tokens.Now, Secret: tokens.Secret}
	const shop = "https://shop.example"
	allows := func(process *Tokens, program string, want bool) {
		t.Helper()
		if got, err := process.AllowsOrigin(t.Context(), shop, program); err != nil || got != want {
			t.Errorf("the program %q allows the origin: %t, %v", program, got, err)
		}
	}
	allows(elsewhere, "bluebird", false)
	for range 2 { // repeating it changes nothing
		if err := tokens.AddOrigin(t.Context(), "bluebird", shop); err != nil {
			t.Fatal(err)
		}
	}
	for _, process := range []*Tokens{tokens, elsewhere} {
		allows(process, "bluebird", true)
		allows(process, "", true)
		allows(process, "redbird", false)
	}
	if list, err := tokens.Origins(t.Context(), "bluebird"); err != nil || !slices.Equal(list, []string{shop}) {
		t.Errorf("the origins are %v, %v", list, err)
	}
	createKey(t, tokens) // does not remove the origins
	if err := tokens.RemoveOrigin(t.Context(), "bluebird", shop); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(remember)
	for _, process := range []*Tokens{tokens, elsewhere} {
		allows(process, "bluebird", false)
		allows(process, "", false)
	}
	if list, err := tokens.Origins(t.Context(), "bluebird"); err != nil || len(list) != 0 {
		t.Errorf("the origins are %v, %v", list, err)
	}
}

func TestOriginsHaveTheFormOfBrowsers(t *testing.T) {
	tokens, _, _ := newTokens(t)
	for origin, want := range map[string]bool{
		"https://shop.example": true, "https://shop.example:8443": true, "http://localhost:3000": true,
		"http://127.0.0.1": true, "http://shop.example": false, "https://shop.example/": false,
		"https://Shop.example": false, "https://user@shop.example": false, "https://shop.example/path": false,
		"https://": false, "null": false, "*": false, "": false, "https://shop.example#x": false,
	} {
		if err := tokens.AddOrigin(t.Context(), "bluebird", origin); (err == nil) != want {
			t.Errorf("%q: %v", origin, err)
		}
		if got, err := tokens.AllowsOrigin(t.Context(), origin, "bluebird"); err != nil || got != want {
			t.Errorf("%q is allowed: %t, %v", origin, got, err)
		}
	}
}
