package auth

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRotationKeepsTwoKeysValid(t *testing.T) {
	k, _, now := newKeys(t)
	in := NewKey{
		Program: "bluebird", Scopes: []Scope{OrdersWrite}, DailyPoints: 7, IPRanges: []string{"203.0.113.0/24"},
	}
	first, a, err := k.CreateKey(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	valid := func(full string) bool {
		_, err := k.Verify(t.Context(), "Bearer "+full, "203.0.113.9")
		if err != nil && !errors.Is(err, TokenInvalid) {
			t.Fatal(err)
		}
		return err == nil
	}
	second, b, err := k.Rotate(t.Context(), "bluebird", a.ID, 0)
	if err != nil || !valid(first) || !valid(second) {
		t.Fatalf("valid: %v and %v; %v", valid(first), valid(second), err)
	}
	if b.DailyPoints != 7 || !slices.Equal(b.Scopes, in.Scopes) || b.ID == a.ID {
		t.Errorf("the successor is %+v", b)
	}
	if info := listed(t, k, b.ID); !slices.Equal(info.IPRanges, in.IPRanges) {
		t.Errorf("the successor is listed as %+v", info)
	}
	for id, other := range map[string]string{a.ID: b.ID, b.ID: a.ID} {
		if _, _, err := k.Rotate(t.Context(), "bluebird", id, 0); err == nil || !strings.Contains(err.Error(), other) {
			t.Errorf("a third key was created: %v", err)
		}
	}
	if err := k.Revoke(t.Context(), "bluebird", a.ID); err != nil {
		t.Fatal(err)
	}
	third, c, err := k.Rotate(t.Context(), "bluebird", b.ID, time.Hour)
	if err != nil || valid(first) || !valid(second) || !valid(third) {
		t.Fatalf("valid: %v, %v and %v; %v", valid(first), valid(second), valid(third), err)
	}
	*now = now.Add(time.Hour - time.Nanosecond)
	if !valid(second) {
		t.Error("the old key expired early")
	}
	if *now = now.Add(time.Nanosecond); valid(second) || !valid(third) {
		t.Error("the old key did not expire, or the new one did")
	}
	if _, _, err := k.Rotate(t.Context(), "bluebird", c.ID, 0); err != nil {
		t.Errorf("after the predecessor expired: %v", err)
	}
}

func TestOnlyValidKeysOfProgramAreRotated(t *testing.T) {
	k, _, _ := newKeys(t)
	_, p := create(t, k, Admin)
	for _, c := range []struct {
		program, id string
		after       time.Duration
		want        error // nil for any error
	}{
		{"redbird", p.ID, 0, TokenInvalid},
		{"bluebird", "000000000000", 0, TokenInvalid},
		{"bluebird", p.ID, -time.Second, nil},
		{"bluebird", p.ID, 90*24*time.Hour + 1, nil},
	} {
		_, _, err := k.Rotate(t.Context(), c.program, c.id, c.after)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := k.Revoke(t.Context(), "bluebird", p.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Rotate(t.Context(), "bluebird", p.ID, 0); !errors.Is(err, TokenInvalid) {
		t.Errorf("a revoked key: %v", err)
	}
	if list, err := k.List(t.Context(), "bluebird"); err != nil || len(list) != 1 {
		t.Errorf("the keys are %v, %v", list, err)
	}
}

func TestKeysAreListedByProgram(t *testing.T) {
	k, _, now := newKeys(t)
	var want []string
	for range 5 {
		_, p := create(t, k, RewardsRead)
		want = append(want, p.ID)
		*now = now.Add(time.Minute)
	}
	if _, _, err := k.Create(t.Context(), "redbird", Admin); err != nil {
		t.Fatal(err)
	}
	if err := k.Revoke(t.Context(), "bluebird", want[1]); err != nil {
		t.Fatal(err)
	}
	list, err := k.List(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, key := range list {
		got = append(got, key.ID)
		if key.RevokedAt.IsZero() != (i != 1) || key.DailyPoints != DefaultDailyPoints || key.CreatedAt.IsZero() {
			t.Errorf("%+v", key)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the keys are %v, want %v", got, want)
	}
}
