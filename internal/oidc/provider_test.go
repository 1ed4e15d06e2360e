package oidc_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/perennial-loyalty/perennial/internal/oidc"
)

func TestNewKeysAreReadAtMostOnceAMinute(t *testing.T) {
	p, issuer, now := newProvider(t)
	verify := func(id string) error {
		_, err := p.VerifyAccessToken(t.Context(), issuer.Sign(id, access(nil)), "shop")
		return err
	}
	if err := verify("rsa-1"); err != nil {
		t.Fatal(err)
	}
	issuer.AddKey("rsa-2", jwt.SigningMethodRS256)
	for _, c := range []struct {
		after time.Duration
		valid bool
		reads int
	}{{59 * time.Second, false, 1}, {time.Second, true, 2}, {0, true, 2}} {
		*now = now.Add(c.after)
		if err := verify("rsa-2"); (err == nil) != c.valid || issuer.Requests("/keys") != c.reads {
			t.Errorf("after %v: %v, %d reads", now.Sub(start), err, issuer.Requests("/keys"))
		}
	}
	issuer.AddKey("rsa-3", jwt.SigningMethodRS256)
	unknown := issuer.Sign("rsa-3", access(nil))
	for range 100 {
		if _, err := p.VerifyAccessToken(t.Context(), unknown, "shop"); !errors.Is(err, oidc.ErrInvalid) {
			t.Fatal(err)
		}
	}
	if n := issuer.Requests("/keys"); n != 2 {
		t.Errorf("an unknown key caused %d reads in a minute", n)
	}
}

func TestRemovedKeyIsRejectedAfterAnHour(t *testing.T) {
	p, issuer, now := newProvider(t)
	*now = now.Add(-time.Hour)
	verify := func(token string) error {
		_, err := p.VerifyAccessToken(t.Context(), token, "shop")
		return err
	}
	sign := func(id string) string {
		return issuer.Sign(id, access(map[string]any{"exp": start.Add(time.Hour).Unix()}))
	}
	old := sign("rsa-1")
	if err := verify(old); err != nil {
		t.Fatal(err)
	}
	issuer.RemoveKeys()
	issuer.AddKey("rsa-2", jwt.SigningMethodRS256)
	*now = start.Add(-time.Nanosecond)
	if err := verify(old); err != nil {
		t.Errorf("before an hour: %v", err)
	}
	*now = start
	if err := verify(old); !errors.Is(err, oidc.ErrInvalid) {
		t.Errorf("after an hour: %v", err)
	}
	if err := verify(sign("rsa-2")); err != nil {
		t.Errorf("the new key: %v", err)
	}
}

func TestKeysAreUsedForADayWhileIssuerIsDown(t *testing.T) {
	p, issuer, now := newProvider(t)
	verify := func() error {
		_, err := p.VerifyAccessToken(t.Context(), issuer.Sign("rsa-1", access(nil)), "shop")
		return err
	}
	issuer.SetDown(true)
	for range 5 {
		if err := verify(); !errors.Is(err, oidc.ErrUnavailable) {
			t.Errorf("before the first answer: %v", err)
		}
	}
	if n := issuer.Requests(""); n != 1 {
		t.Errorf("%d requests while the issuer is down", n)
	}
	issuer.SetDown(false)
	*now = now.Add(time.Minute)
	if err := verify(); err != nil {
		t.Fatal(err)
	}
	issuer.SetDown(true)
	read := *now
	before := issuer.Requests("")
	for _, age := range []time.Duration{time.Hour, time.Hour + 59*time.Second, 24*time.Hour - time.Nanosecond} {
		*now = read.Add(age)
		if err := verify(); err != nil {
			t.Errorf("keys that are %v old: %v", age, err)
		}
	}
	if n := issuer.Requests("") - before; n != 2 {
		t.Errorf("%d requests, want one after an hour and one after a day", n)
	}
	*now = read.Add(24 * time.Hour)
	if err := verify(); !errors.Is(err, oidc.ErrUnavailable) {
		t.Errorf("after a day: %v", err)
	}
	issuer.SetDown(false)
	*now = now.Add(time.Minute)
	if err := verify(); err != nil {
		t.Errorf("after the issuer recovered: %v", err)
	}
}

func TestConcurrentCallersCauseOneRead(t *testing.T) {
	p, issuer, _ := newProvider(t)
	token := issuer.Sign("rsa-1", access(nil))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := p.VerifyAccessToken(t.Context(), token, "shop"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := issuer.Requests("/keys"); n != 1 {
		t.Errorf("%d reads", n)
	}
}

func TestUnusableMetadataIsRejected(t *testing.T) {
	for name, change := range map[string][2]any{
		"another issuer":      {"issuer", "https://evil.example"},
		"keys elsewhere":      {"jwks_uri", "https://evil.example/keys"},
		"keys without TLS":    {"jwks_uri", "http://127.0.0.1/keys"},
		"keys with a user":    {"jwks_uri", "https://127.0.0.1@evil.example/keys"},
		"keys in a file":      {"jwks_uri", "file:///etc/passwd"},
		"no keys":             {"jwks_uri", nil},
		"metadata as keys":    {"jwks_uri", ""},
		"large metadata":      {"padding", strings.Repeat("a", 300<<10)},
		"keys of other types": {"issuer", 7},
	} {
		p, issuer, _ := newProvider(t)
		issuer.SetMetadata(change[0].(string), change[1])
		_, err := p.VerifyAccessToken(t.Context(), issuer.Sign("rsa-1", access(nil)), "shop")
		if !errors.Is(err, oidc.ErrUnavailable) || issuer.Requests("/keys") != 0 {
			t.Errorf("%s: %v, %d reads of keys", name, err, issuer.Requests("/keys"))
		}
	}
}

func TestKeySetWithoutUsableKeyDoesNotReplaceKeys(t *testing.T) {
	p, issuer, now := newProvider(t)
	*now = now.Add(-time.Hour)
	token := issuer.Sign("rsa-1", access(map[string]any{"exp": start.Add(time.Hour).Unix()}))
	if _, err := p.VerifyAccessToken(t.Context(), token, "shop"); err != nil {
		t.Fatal(err)
	}
	issuer.RemoveKeys() // the set still contains a key of another type
	*now = start
	if _, err := p.VerifyAccessToken(t.Context(), token, "shop"); err != nil {
		t.Errorf("after a set without usable keys: %v", err)
	}
}

func TestProviderConnectsToPublicAddressesOnly(t *testing.T) {
	p, issuer, _ := newProvider(t)
	p.HTTP = oidc.Client()
	_, err := p.VerifyAccessToken(t.Context(), issuer.Sign("rsa-1", access(nil)), "shop")
	if !errors.Is(err, oidc.ErrUnavailable) || !strings.Contains(err.Error(), "not a public address") ||
		issuer.Requests("") != 0 {
		t.Errorf("%v, %d requests", err, issuer.Requests(""))
	}
}

func TestIssuerMustBeHTTPS(t *testing.T) {
	for issuer, want := range map[string]bool{
		"https://issuer.example": true, "https://issuer.example/pool": true, "https://issuer.example:8443/": true,
		"http://issuer.example": false, "https://": false, "issuer.example": false, "": false,
		"https://me@issuer.example": false, "https://issuer.example?x": false, "https://issuer.example/#": false,
		"https://issuer.example/?": false,
	} {
		if err := oidc.CheckIssuer(issuer); (err == nil) != want {
			t.Errorf("%q: %v", issuer, err)
		}
	}
}
