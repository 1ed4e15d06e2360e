package auth

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

func newOperators(t *testing.T) (*Operators, *counting, *time.Time) {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	c := &counting{Table: tab}
	return &Operators{Table: c, Now: func() time.Time { return now }, Stage: Test}, c, &now
}

func add(t *testing.T, o *Operators, email string, role Role) OperatorProfile {
	t.Helper()
	who, err := o.Add(t.Context(), "bluebird", NewOperator{Email: email, Role: role}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func session(t *testing.T, o *Operators, who OperatorProfile) (token, id string) {
	t.Helper()
	token, s, err := o.CreateSession(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + token, s.ID
}

// TestSignInBindsOperatorToAccount signs in with several accounts. Only the first account with the verified address
// becomes the operator's account, which then identifies the operator even if its address changes.
func TestSignInBindsOperatorToAccount(t *testing.T) {
	o, _, _ := newOperators(t)
	grace := add(t, o, "Grace@Shop.test", Support)
	gone := add(t, o, "gone@shop.test", Support)
	if err := o.Remove(t.Context(), "bluebird", gone.ID, "test"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, program string
		who           Account
		want          error
	}{
		{"no verified address", "bluebird", Account{"https://i", "1", ""}, ErrUnknownOperator},
		{"an unknown address", "bluebird", Account{"https://i", "1", "eve@shop.test"}, ErrUnknownOperator},
		{"another program", "redbird", Account{"https://i", "1", "grace@shop.test"}, ErrUnknownOperator},
		{"a removed operator", "bluebird", Account{"https://i", "1", "gone@shop.test"}, ErrUnknownOperator},
		{"no account", "bluebird", Account{"https://i", "", "grace@shop.test"}, ErrUnknownOperator},
		{"the first sign-in", "bluebird", Account{"https://i", "1", "GRACE@shop.test"}, nil},
		{"another account with it", "bluebird", Account{"https://i", "2", "grace@shop.test"}, ErrUnknownOperator},
		{"another issuer", "bluebird", Account{"https://j", "1", "grace@shop.test"}, ErrUnknownOperator},
		{"the account with another address", "bluebird", Account{"https://i", "1", "new@shop.test"}, nil},
		{"the account without an address", "bluebird", Account{"https://i", "1", ""}, nil},
	} {
		got, err := o.SignIn(t.Context(), c.program, c.who)
		if !errors.Is(err, c.want) || err == nil && (got.ID != grace.ID || got.Status != OperatorActive) {
			t.Errorf("%s: %+v %v, want %v", c.name, got, err, c.want)
		}
	}
	if err := o.Remove(t.Context(), "bluebird", grace.ID, "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.SignIn(t.Context(), "bluebird", Account{"https://i", "1", ""}); !errors.Is(err, ErrUnknownOperator) {
		t.Errorf("a removed operator signed in: %v", err)
	}
	again := add(t, o, "grace@shop.test", Clerk)
	got, err := o.SignIn(t.Context(), "bluebird", Account{"https://i", "1", "grace@shop.test"})
	if err != nil || got.ID != again.ID {
		t.Errorf("an operator who was added again signed in as %+v %v", got, err)
	}
}

// TestProgramKeepsAnOwner removes and demotes owners at the same time.
func TestProgramKeepsAnOwner(t *testing.T) {
	o, _, _ := newOperators(t)
	var owners []OperatorProfile
	for _, name := range []string{"a", "b", "c", "d"} {
		owners = append(owners, add(t, o, name+"@shop.test", Owner))
	}
	results := make(chan error)
	for i, who := range owners {
		go func() {
			if i%2 == 0 {
				results <- o.Remove(t.Context(), "bluebird", who.ID, "test")
				return
			}
			_, err := o.Update(t.Context(), "bluebird", who.ID, Auditor, Limits{}, "test")
			results <- err
		}()
	}
	last := 0
	for range owners {
		if err := <-results; errors.Is(err, ErrLastOwner) {
			last++
		} else if err != nil {
			t.Error(err)
		}
	}
	all, err := o.List(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	remaining := 0
	for _, who := range all {
		if who.Role == Owner && who.Status != OperatorRemoved {
			remaining++
		}
	}
	if last != 1 || remaining != 1 {
		t.Errorf("%d rejections, %d owners", last, remaining)
	}
}

func TestInvalidOperatorsAreRejected(t *testing.T) {
	o, tab, _ := newOperators(t)
	add(t, o, "a@shop.test", Owner)
	for name, in := range map[string]NewOperator{
		"no address":       {Role: Owner},
		"no domain":        {Email: "a@", Role: Owner},
		"a long address":   {Email: strings.Repeat("a", 250) + "@b.test", Role: Owner},
		"no role":          {Email: "b@shop.test"},
		"an unknown role":  {Email: "b@shop.test", Role: "boss"},
		"a negative limit": {Email: "b@shop.test", Role: Support, Limits: Limits{MaxAdjustment: -1}},
	} {
		if _, err := o.Add(t.Context(), "bluebird", in, "test"); !errors.Is(err, ErrInvalidOperator) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := o.Add(t.Context(), "bluebird", NewOperator{Email: " A@SHOP.test", Role: Clerk}, "x"); !errors.Is(
		err, ErrOperatorExists,
	) {
		t.Errorf("the same address: %v", err)
	}
	if all, err := o.List(t.Context(), "bluebird"); len(all) != 1 || err != nil {
		t.Errorf("%d operators, %v", len(all), err)
	}
	head, err := tab.Get(t.Context(), table.Key{PK: operatorPartition("bluebird"), SK: headItem})
	if err != nil || !bytes.Contains(head.Doc, []byte(`"changes":1`)) {
		t.Errorf("the totals are %s, %v", head.Doc, err)
	}
}

// TestSessionEnds checks every reason for which a session ends, at the first instant at which it must not be valid.
func TestSessionEnds(t *testing.T) {
	verify := func(t *testing.T, o *Operators, token string, want error) {
		t.Helper()
		if _, err := o.Verify(t.Context(), token); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	t.Run("expired", func(t *testing.T) {
		o, _, now := newOperators(t)
		token, _ := session(t, o, add(t, o, "a@shop.test", Owner))
		*now = now.Add(SessionLife - time.Nanosecond)
		verify(t, o, token, nil)
		*now = now.Add(time.Nanosecond)
		verify(t, o, token, TokenExpired)
	})
	t.Run("revoked here", func(t *testing.T) {
		o, _, _ := newOperators(t)
		token, id := session(t, o, add(t, o, "a@shop.test", Owner))
		verify(t, o, token, nil)
		if err := errors.Join(o.RevokeSession(t.Context(), id), o.RevokeSession(t.Context(), id)); err != nil {
			t.Fatal(err)
		}
		verify(t, o, token, TokenInvalid)
	})
	t.Run("revoked by another process", func(t *testing.T) {
		o, tab, now := newOperators(t)
		who := add(t, o, "a@shop.test", Owner)
		token, id := session(t, o, who)
		verify(t, o, token, nil)
		other := &Operators{Table: tab, Now: o.Now, Stage: Test}
		if err := other.RevokeSession(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(remember)
		verify(t, o, token, TokenInvalid)
	})
	t.Run("operator removed or changed by another process", func(t *testing.T) {
		o, tab, now := newOperators(t)
		add(t, o, "owner@shop.test", Owner)
		who := add(t, o, "a@shop.test", Administrator)
		token, _ := session(t, o, who)
		verify(t, o, token, nil)
		other := &Operators{Table: tab, Now: o.Now, Stage: Test}
		if _, err := other.Update(t.Context(), "bluebird", who.ID, Clerk, Limits{}, "x"); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(remember)
		if p, err := o.Verify(t.Context(), token); err != nil || p.Role != Clerk || p.Actor() != "operator:"+who.ID {
			t.Errorf("%+v %v", p, err)
		}
		if err := other.Remove(t.Context(), "bluebird", who.ID, "x"); err != nil {
			t.Fatal(err)
		}
		*now = now.Add(remember)
		verify(t, o, token, TokenInvalid)
	})
}

func TestSessionIsStoredAsHash(t *testing.T) {
	o, tab, _ := newOperators(t)
	token, id := session(t, o, add(t, o, "a@shop.test", Owner))
	item, err := tab.Get(t.Context(), sessionKey(id))
	if err != nil || item.Version != 1 || !item.Expires.After(o.Now().Add(SessionLife)) {
		t.Fatal(item, err)
	}
	if secret := token[len("Bearer sess_test_")+13:]; bytes.Contains(item.Doc, []byte(secret)) {
		t.Errorf("the table contains the secret: %s", item.Doc)
	}
	for _, wrong := range []string{
		token[:len(token)-1] + "!", strings.Replace(token, "test", "live", 1), token + "A", "Bearer sess_test_",
		strings.Replace(token, id, strings.Repeat("0", idLength), 1),
	} {
		if _, err := o.Verify(t.Context(), wrong); !errors.Is(err, TokenInvalid) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// TestSessionIsCached counts the reads of a busy process.
func TestSessionIsCached(t *testing.T) {
	o, tab, now := newOperators(t)
	token, _ := session(t, o, add(t, o, "a@shop.test", Owner))
	tab.gets = 0
	for range 100 {
		if _, err := o.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	*now = now.Add(remember)
	if _, err := o.Verify(t.Context(), token); err != nil || tab.gets != 4 {
		t.Errorf("%d reads, %v", tab.gets, err)
	}
}
