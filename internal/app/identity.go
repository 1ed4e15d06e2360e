package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/erasure"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
)

// Erasures returns the erasures of members.
func (a *App) Erasures() erasure.Erasures {
	return erasure.Erasures{Ledger: a.Ledger, Email: a.EmailName()}
}

// EmailName returns a function that converts an email address to the identity under which the member is stored. The
// identity is a keyed hash, so that the table's keys do not reveal addresses.
func (a *App) EmailName() func(program, email string) stored.Identity {
	key := a.Derive("blind-index")
	return func(program, email string) stored.Identity {
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s\x00email\x00%s", program, strings.ToLower(strings.TrimSpace(email)))
		return stored.Identity{Kind: "email", Value: base64.RawURLEncoding.EncodeToString(mac.Sum(nil))}
	}
}
