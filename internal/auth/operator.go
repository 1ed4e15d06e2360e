package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Operators stores the operators of programs and their sessions. Its methods are safe for concurrent use.
//
// An operator is added with an email address. The first sign-in with that verified address binds the operator to the
// person's account at the issuer (issuer and subject), which identifies the operator from then on. Addresses are stored
// in plain text, because operators are employees of the merchant, and owners see who has access.
type Operators struct {
	Table  table.Table
	Now    func() time.Time
	Stage  Stage
	Random io.Reader // the source of randomness for IDs and sessions; nil selects crypto/rand

	operators cache[operatorDoc] // by program and ID
	sessions  cache[sessionDoc]  // by ID
}

// An OperatorStatus is the status of an operator.
type OperatorStatus string

const (
	OperatorInvited OperatorStatus = "invited" // has not signed in yet
	OperatorActive  OperatorStatus = "active"
	OperatorRemoved OperatorStatus = "removed" // cannot sign in; remains in the list for the audit list
)

// An OperatorProfile describes a person who works for the merchant.
type OperatorProfile struct {
	ID      string
	Program string
	Email   string
	Issuer  string // the OIDC issuer of the operator's account; empty until the first sign-in
	Subject string // the ID of the account at the issuer
	Role    Role
	Limits
	Status    OperatorStatus
	CreatedAt time.Time
}

// Limits are the limits of an operator's manual adjustments.
type Limits struct {
	// MaxAdjustment is the maximum number of points that a support operator can add or remove with one adjustment.
	MaxAdjustment int64
	// DailyPoints is the maximum number of points that the operator can add within 24 hours.
	DailyPoints int64
}

// The limits of support operators without limits of their own. Other roles have DefaultDailyPoints.
const (
	DefaultMaxAdjustment = 1_000
	DefaultSupportPoints = 5_000
)

const (
	maxOperators = 500 // of a program, including removed ones
	maxEmail     = 254
	attempts     = 10 // of a transaction that conflicts with another change of the same program
)

// Errors of changes of operators.
var (
	ErrUnknownOperator  = errors.New("auth: the program has no such operator")
	ErrOperatorExists   = errors.New("auth: the program already has an operator with this email address")
	ErrOperatorRemoved  = errors.New("auth: the operator was removed")
	ErrLastOwner        = errors.New("auth: the program must have an owner")
	ErrInvalidOperator  = errors.New("auth: an operator needs an email address, a known role and positive limits")
	ErrTooManyOperators = fmt.Errorf("auth: a program has at most %d operators, including removed ones", maxOperators)
)

// operatorDoc is the document that the table stores for an operator. Fields may be added but not changed.
type operatorDoc struct {
	Email         string    `json:"email"`
	Issuer        string    `json:"issuer,omitzero"`
	Subject       string    `json:"subject,omitzero"`
	Role          Role      `json:"role"`
	MaxAdjustment int64     `json:"max_adjustment,omitzero"`
	DailyPoints   int64     `json:"daily_points,omitzero"`
	Created       time.Time `json:"created"`
	Removed       time.Time `json:"removed,omitzero"`
}

func (d operatorDoc) operator(program, id string) OperatorProfile {
	out := OperatorProfile{
		ID: id, Program: program, Email: d.Email, Issuer: d.Issuer, Subject: d.Subject, Role: d.Role,
		Status: OperatorActive, CreatedAt: d.Created,
		Limits: Limits{DailyPoints: cmp.Or(d.DailyPoints, DefaultDailyPoints)},
	}
	if d.Role.IsLimited() {
		out.Limits = Limits{
			cmp.Or(d.MaxAdjustment, DefaultMaxAdjustment), cmp.Or(d.DailyPoints, DefaultSupportPoints),
		}
	}
	switch {
	case !d.Removed.IsZero():
		out.Status = OperatorRemoved
	case d.Subject == "":
		out.Status = OperatorInvited
	}
	return out
}

// A NewOperator describes an operator to add. Limits that are zero have their default values.
type NewOperator struct {
	Email string
	Role  Role
	Limits
}

func (n NewOperator) isValid() bool {
	name, domain, ok := strings.Cut(n.Email, "@")
	return ok && name != "" && domain != "" && len(n.Email) <= maxEmail && n.Role.IsValid() &&
		n.MaxAdjustment >= 0 && n.DailyPoints >= 0
}

// Is reports whether the operator has the role and the limits of n.
func (o OperatorProfile) Is(n NewOperator) bool {
	want := operatorDoc{Role: n.Role, MaxAdjustment: n.MaxAdjustment, DailyPoints: n.DailyPoints}.operator("", "")
	return o.Role == want.Role && o.Limits == want.Limits
}

// Add adds an operator. The argument by is the actor of the audit list. If an operator has the email address, Add
// returns that operator with ErrOperatorExists.
func (o *Operators) Add(
	ctx context.Context, program string, in NewOperator, by string,
) (out OperatorProfile, err error) {
	in.Email = normalized(in.Email)
	if program == "" || !in.isValid() {
		return OperatorProfile{}, ErrInvalidOperator
	}
	id, err := newID(o.Random)
	if err != nil {
		return OperatorProfile{}, err
	}
	id = operatorPrefix + id
	doc := operatorDoc{
		Email: in.Email, Role: in.Role, MaxAdjustment: in.MaxAdjustment, DailyPoints: in.DailyPoints,
		Created: o.Now().UTC(),
	}
	out = doc.operator(program, id)
	err = o.change(ctx, program, func(c *operatorChange) error {
		name, err := c.lookup(ctx, emailItem(in.Email))
		if err != nil {
			return err
		}
		if name.Operator != "" {
			if out, err = o.Operator(ctx, program, name.Operator); err != nil {
				return err
			}
			return ErrOperatorExists
		}
		if c.head.Operators >= maxOperators {
			return ErrTooManyOperators
		}
		c.head.Operators++
		c.name(name, id)
		return c.put(table.Item{Key: c.key(operatorItem + id)}, id, nil, &doc, by)
	})
	return out, err
}

// Update changes the role and the limits of an operator. Sessions have the new role within a minute. Update returns
// ErrLastOwner if the program would have no owner.
func (o *Operators) Update(
	ctx context.Context, program, id string, role Role, limits Limits, by string,
) (out OperatorProfile, err error) {
	if !(NewOperator{"a@b", role, limits}).isValid() {
		return OperatorProfile{}, ErrInvalidOperator
	}
	err = o.replace(ctx, program, id, by, func(_ *operatorChange, doc *operatorDoc) error {
		doc.Role, doc.MaxAdjustment, doc.DailyPoints = role, limits.MaxAdjustment, limits.DailyPoints
		out = doc.operator(program, id)
		return nil
	})
	return out, err
}

// Remove removes an operator, whose sessions end at once in this process and within a minute in others. Removing an
// operator again changes nothing. Remove returns ErrLastOwner if the program would have no owner.
func (o *Operators) Remove(ctx context.Context, program, id, by string) error {
	err := o.replace(ctx, program, id, by, func(c *operatorChange, doc *operatorDoc) error {
		doc.Removed = o.Now().UTC()
		for _, item := range []string{emailItem(doc.Email), subjectItem(doc.Issuer, doc.Subject)} {
			name, err := c.lookup(ctx, item)
			if err != nil {
				return err
			}
			if name.Operator == id {
				c.name(name, "")
			}
		}
		return nil
	})
	if errors.Is(err, ErrOperatorRemoved) {
		return nil
	}
	return err
}

// Operator returns an operator of a program, or ErrUnknownOperator.
func (o *Operators) Operator(ctx context.Context, program, id string) (OperatorProfile, error) {
	_, doc, err := o.read(ctx, program, id)
	return doc.operator(program, id), err
}

// List returns the operators of a program, including removed ones, in the order in which they were added.
func (o *Operators) List(ctx context.Context, program string) (out []OperatorProfile, err error) {
	q := table.Query{PK: operatorPartition(program), From: operatorItem, To: operatorItem + "~"}
	for it, err := range o.Table.Query(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("auth: list the operators of %s: %w", program, err)
		}
		var doc operatorDoc
		if err := json.Unmarshal(it.Doc, &doc); err != nil {
			return nil, fmt.Errorf("auth: decode %s: %w", it.Key, err)
		}
		out = append(out, doc.operator(program, strings.TrimPrefix(it.Key.SK, operatorItem)))
	}
	slices.SortStableFunc(out, func(a, b OperatorProfile) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return out, nil
}

// An Account identifies a person at an OIDC issuer.
type Account struct {
	Issuer  string
	Subject string
	Email   string // the verified address; empty if the issuer does not state that it is verified
}

// SignIn returns the operator of an account. At the first sign-in, it finds the operator by the verified email address
// and binds the operator to the account. It returns ErrUnknownOperator if the program has no such operator.
func (o *Operators) SignIn(ctx context.Context, program string, who Account) (out OperatorProfile, err error) {
	if who.Issuer == "" || who.Subject == "" {
		return OperatorProfile{}, ErrUnknownOperator
	}
	err = o.change(ctx, program, func(c *operatorChange) error {
		subject, err := c.lookup(ctx, subjectItem(who.Issuer, who.Subject))
		if err != nil {
			return err
		}
		id := subject.Operator
		if id == "" {
			email, err := c.lookup(ctx, emailItem(normalized(who.Email)))
			if err != nil {
				return err
			}
			id = email.Operator
		}
		if id == "" {
			return ErrUnknownOperator
		}
		item, doc, err := o.read(ctx, program, id)
		if err != nil {
			return err
		}
		if out = doc.operator(program, id); out.Status == OperatorRemoved {
			return ErrUnknownOperator
		}
		if doc.Subject != "" {
			if doc.Subject != who.Subject || doc.Issuer != who.Issuer {
				return ErrUnknownOperator // another account has the operator's email address
			}
			return errUnchanged
		}
		before := doc
		doc.Issuer, doc.Subject = who.Issuer, who.Subject
		out = doc.operator(program, id)
		c.name(subject, id)
		return c.put(item, id, &before, &doc, actorOf(id))
	})
	return out, err
}

func normalized(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// actorOf returns the actor of an operator.
func actorOf(id string) string { return Principal{Kind: Operator, ID: id}.Actor() }
