package auth

import (
	"context"
	"fmt"
	"slices"
)

// A GuestAccess is a part of the API that a program can open to anyone, without a key or a token.
type GuestAccess string

const (
	GuestRewards GuestAccess = "rewards" // the list of rewards
	GuestQuotes  GuestAccess = "quotes"  // quotes that state what a new member would earn
)

// GuestAccesses returns every part that a program can open.
func GuestAccesses() []GuestAccess { return []GuestAccess{GuestRewards, GuestQuotes} }

// SetGuestAccess opens a part of the API to anyone, or closes it. It takes effect within a minute in every process.
func (t *Tokens) SetGuestAccess(ctx context.Context, program string, part GuestAccess, open bool) error {
	if !slices.Contains(GuestAccesses(), part) {
		return fmt.Errorf("auth: unknown part %q, must be one of %v", part, GuestAccesses())
	}
	return t.change(ctx, program, func(doc *accessDoc) error {
		doc.Guests = slices.DeleteFunc(doc.Guests, func(p GuestAccess) bool { return p == part })
		if open {
			doc.Guests = append(doc.Guests, part)
		}
		return nil
	})
}

// GuestAccess returns the parts of the API that a program opened to anyone.
func (t *Tokens) GuestAccess(ctx context.Context, program string) ([]GuestAccess, error) {
	doc, _, err := t.read(ctx, program)
	return doc.Guests, err
}

// AllowsGuests reports whether a program opened a part of the API to anyone. It uses the cached settings.
func (t *Tokens) AllowsGuests(ctx context.Context, program string, part GuestAccess) (bool, error) {
	a, err := t.access(ctx, program)
	return slices.Contains(a.guests, part), err
}
