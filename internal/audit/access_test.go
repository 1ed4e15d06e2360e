package audit

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// TestChangesOfAccessAreActions adds and removes a token key, an origin and an issuer. Each change is an action, and a
// repeated one is not.
func TestChangesOfAccessAreActions(t *testing.T) {
	l := newList(t)
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	tokens := &auth.Tokens{Table: l.Table, Now: func() time.Time { return now }}
	key, _, err := tokens.CreateKey(t.Context(), "bluebird", nil)
	if err != nil {
		t.Fatal(err)
	}
	issuer := auth.TokenIssuer{Issuer: "https://id.example", Audience: "shop"}
	for _, change := range []error{
		tokens.RevokeKey(t.Context(), "bluebird", key.ID),
		tokens.RevokeKey(t.Context(), "bluebird", key.ID),
		tokens.AddOrigin(t.Context(), "bluebird", "https://shop.example"),
		tokens.AddOrigin(t.Context(), "bluebird", "https://shop.example"),
		tokens.RemoveOrigin(t.Context(), "bluebird", "https://shop.example"),
		tokens.AddIssuer(t.Context(), "bluebird", issuer),
		tokens.RemoveIssuer(t.Context(), "bluebird", issuer),
		tokens.SetGuestAccess(t.Context(), "bluebird", auth.GuestQuotes, true),
		tokens.SetGuestAccess(t.Context(), "bluebird", auth.GuestQuotes, true),
		tokens.SetGuestAccess(t.Context(), "bluebird", auth.GuestRewards, true),
		tokens.SetGuestAccess(t.Context(), "bluebird", auth.GuestQuotes, false),
	} {
		if change != nil {
			t.Fatal(change)
		}
	}
	want := []string{
		`create_token_key token_key:` + key.ID + ` {"algorithm":"HS256"}`,
		`revoke_token_key token_key:` + key.ID + ` {}`,
		`add_origin origin:https://shop.example {}`,
		`remove_origin origin:https://shop.example {}`,
		`add_token_issuer issuer:https://id.example {"audience":"shop"}`,
		`remove_token_issuer issuer:https://id.example {}`,
		`enable_guest_access guest_access:quotes {}`,
		`enable_guest_access guest_access:rewards {}`,
		`disable_guest_access guest_access:quotes {}`,
	}
	for n, line := range want {
		key := table.Key{PK: "KEY#access-bluebird", SK: fmt.Sprintf("CHANGE#%08d", n+1)}
		it, err := l.Table.Get(t.Context(), key)
		if err != nil || it.Version == 0 || !IsSource(key) {
			t.Fatal(it, err)
		}
		r := l.mustAppend(t, it)
		if got := fmt.Sprintf("%s %s %s", r.Action, r.Resource, r.After); got != line || r.Actor != "command_line" ||
			!r.At.Equal(now) || r.Sequence != int64(n+1) {
			t.Errorf("change %d is %s, by %s at %s", n+1, got, r.Actor, r.At)
		}
	}
	n := len(want)
	extra, err := l.Table.Get(t.Context(), table.Key{PK: "KEY#access-bluebird", SK: fmt.Sprintf("CHANGE#%08d", n+1)})
	if err != nil || extra.Version != 0 {
		t.Errorf("a repeated change is an action: %s %v", extra.Doc, err)
	}
}
