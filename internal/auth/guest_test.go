package auth

import (
	"slices"
	"testing"
)

func TestGuestAccessIsOpenedPerProgramAndPart(t *testing.T) {
	tokens, tab, now := newTokens(t)
	elsewhere := &Tokens{Table: tab, Now: tokens.Now, Secret: tokens.Secret}
	allowed := func(process *Tokens, program string, part GuestAccess) bool {
		ok, err := process.AllowsGuests(t.Context(), program, part)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	set := func(part GuestAccess, open bool) {
		if err := tokens.SetGuestAccess(t.Context(), "bluebird", part, open); err != nil {
			t.Fatal(err)
		}
	}
	if allowed(tokens, "bluebird", GuestRewards) {
		t.Error("guest access is open by default")
	}
	for range 2 { // repeating it changes nothing
		set(GuestRewards, true)
	}
	for _, process := range []*Tokens{tokens, elsewhere} {
		if !allowed(process, "bluebird", GuestRewards) || allowed(process, "bluebird", GuestQuotes) ||
			allowed(process, "redbird", GuestRewards) {
			t.Error("another part or another program is open")
		}
	}
	reads := tab.gets
	if allowed(tokens, "bluebird", GuestRewards); tab.gets != reads {
		t.Error("the settings are not cached")
	}
	list, err := tokens.GuestAccess(t.Context(), "bluebird")
	if err != nil || !slices.Equal(list, []GuestAccess{GuestRewards}) {
		t.Errorf("open: %v, %v", list, err)
	}
	set(GuestRewards, false)
	if allowed(tokens, "bluebird", GuestRewards) {
		t.Error("still open in the process that closed it")
	}
	if *now = now.Add(remember); allowed(elsewhere, "bluebird", GuestRewards) {
		t.Error("still open in another process after a minute")
	}
	if err := tokens.SetGuestAccess(t.Context(), "bluebird", "members", true); err == nil {
		t.Error("an unknown part was opened")
	}
}
