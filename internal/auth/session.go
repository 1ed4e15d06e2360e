package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// SessionLife is the time after which an operator must sign in again.
const SessionLife = 12 * time.Hour

// A Session is the result of an operator's sign-in.
type Session struct {
	ID        string
	Operator  OperatorProfile
	CreatedAt time.Time
	ExpiresAt time.Time
}

// sessionDoc is the document that the table stores for a session. Fields may be added but not changed.
type sessionDoc struct {
	Hash     string    `json:"hash"` // SHA-256 of the complete token, in hexadecimal
	Program  string    `json:"program"`
	Operator string    `json:"operator"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
	Revoked  time.Time `json:"revoked,omitzero"`
}

// sessionItem is the sort key of a session.
const sessionItem = "SESSION"

func sessionKey(id string) table.Key { return table.Key{PK: "SESSION#" + id, SK: sessionItem} }

func (o *Operators) sessionPrefix() string { return "sess_" + string(o.Stage) + "_" }

// IsSession reports whether an Authorization header contains the token of an operator's session.
func IsSession(header string) bool {
	scheme, token, _ := strings.Cut(header, " ")
	return strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(token, "sess_")
}

// CreateSession creates a session of an operator and returns it with its token, "sess_test_<id>_<secret>". The token is
// not stored and cannot be retrieved later.
func (o *Operators) CreateSession(ctx context.Context, who OperatorProfile) (string, Session, error) {
	id, full, err := generate(o.Random, o.sessionPrefix())
	if err != nil {
		return "", Session{}, err
	}
	now := o.Now().UTC()
	s := Session{ID: id, Operator: who, CreatedAt: now, ExpiresAt: now.Add(SessionLife)}
	sum := sha256.Sum256([]byte(full))
	doc, err := json.Marshal(sessionDoc{
		Hash: hex.EncodeToString(sum[:]), Program: who.Program, Operator: who.ID, Created: now, Expires: s.ExpiresAt,
	})
	if err != nil {
		return "", Session{}, fmt.Errorf("auth: encode session %s: %w", id, err)
	}
	// The table deletes the session only after a week, so that the audit list certainly contains it.
	it := table.Item{Key: sessionKey(id), Doc: doc, Expires: s.ExpiresAt.Add(7 * 24 * time.Hour)}
	if err := o.Table.Transact(ctx, table.Put(it)); err != nil {
		return "", Session{}, fmt.Errorf("auth: store session %s: %w", id, err)
	}
	return full, s, nil
}

// UseSignIn records that a sign-in was completed. It returns TokenInvalid if that was recorded before.
func (o *Operators) UseSignIn(ctx context.Context, id string, expires time.Time) error {
	it := table.Item{
		Key: table.Key{PK: "SESSION#" + id, SK: "SIGNIN"}, Doc: json.RawMessage(`{}`), Expires: expires.Add(time.Hour),
	}
	err := o.Table.Transact(ctx, table.Put(it))
	if errors.As(err, new(*table.ConflictError)) {
		return TokenInvalid
	}
	if err != nil {
		return fmt.Errorf("auth: record the sign-in: %w", err)
	}
	return nil
}

// Verify returns the operator of the session in an Authorization header. The error is TokenExpired if the session has
// expired, TokenInvalid if it is otherwise not valid in this stage or the operator was removed, or an error of the
// table.
func (o *Operators) Verify(ctx context.Context, header string) (Principal, error) {
	_, full, _ := strings.Cut(header, " ")
	id, ok := idIn(o.sessionPrefix(), full)
	if !ok {
		return Principal{}, TokenInvalid
	}
	now := o.Now()
	s, err := o.session(ctx, id, now)
	if err != nil {
		return Principal{}, err
	}
	sum := sha256.Sum256([]byte(full))
	switch {
	case subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(s.Hash)) != 1 || !s.Revoked.IsZero():
		return Principal{}, TokenInvalid
	case !now.Before(s.Expires):
		return Principal{}, TokenExpired
	}
	who, err := o.operator(ctx, s.Program, s.Operator, now)
	if errors.Is(err, ErrUnknownOperator) || err == nil && who.Status == OperatorRemoved {
		return Principal{}, TokenInvalid
	}
	return Principal{
		Kind: Operator, ID: who.ID, Program: who.Program, Role: who.Role, Session: id, Email: who.Email,
		Subject: who.Subject, DailyPoints: who.DailyPoints, MaxAdjustment: who.MaxAdjustment,
	}, err
}

// session returns a session from the cache or the table. Unknown IDs are not cached.
func (o *Operators) session(ctx context.Context, id string, now time.Time) (sessionDoc, error) {
	if s, ok := o.sessions.get(id, now); ok {
		return s, nil
	}
	_, s, err := o.readSession(ctx, id)
	if err == nil {
		o.sessions.put(id, s, now)
	}
	return s, err
}

// operator returns an operator from the cache or the table.
func (o *Operators) operator(ctx context.Context, program, id string, now time.Time) (OperatorProfile, error) {
	if doc, ok := o.operators.get(program+"#"+id, now); ok {
		return doc.operator(program, id), nil
	}
	_, doc, err := o.read(ctx, program, id)
	if err == nil {
		o.operators.put(program+"#"+id, doc, now)
	}
	return doc.operator(program, id), err
}

func (o *Operators) readSession(ctx context.Context, id string) (table.Item, sessionDoc, error) {
	var s sessionDoc
	item, err := o.Table.Get(ctx, sessionKey(id))
	if err != nil {
		return item, s, fmt.Errorf("auth: read session %s: %w", id, err)
	}
	if item.Version == 0 {
		return item, s, TokenInvalid
	}
	if err := json.Unmarshal(item.Doc, &s); err != nil {
		return item, s, fmt.Errorf("auth: decode session %s: %w", id, err)
	}
	return item, s, nil
}

// Session returns a session, or TokenInvalid if there is none.
func (o *Operators) Session(ctx context.Context, id string) (Session, error) {
	_, s, err := o.readSession(ctx, id)
	if err != nil {
		return Session{}, err
	}
	who, err := o.Operator(ctx, s.Program, s.Operator)
	return Session{ID: id, Operator: who, CreatedAt: s.Created, ExpiresAt: s.Expires}, err
}

// RevokeSession ends a session permanently: at once in this process, and within a minute in others. It returns
// TokenInvalid if there is no such session. Revoking a session again changes nothing.
func (o *Operators) RevokeSession(ctx context.Context, id string) error {
	item, s, err := o.readSession(ctx, id)
	if err != nil {
		return err
	}
	if s.Revoked.IsZero() {
		s.Revoked = o.Now().UTC()
		if item.Doc, err = json.Marshal(s); err != nil {
			return fmt.Errorf("auth: encode session %s: %w", id, err)
		}
		if err := o.Table.Transact(ctx, table.Put(item)); err != nil {
			return fmt.Errorf("auth: revoke session %s: %w", id, err)
		}
	}
	o.sessions.remove(id)
	return nil
}
