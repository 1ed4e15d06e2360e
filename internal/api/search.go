package api

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/members"
)

// listMembers lists the members that match one filter.
func listMembers(ctx context.Context, c *request.Call) (request.Answer, error) {
	size, err := c.PageSize()
	if err != nil {
		return request.Answer{}, err
	}
	name, value, err := memberFilter(c)
	if err != nil {
		return request.Answer{}, err
	}
	cursor, err := c.Cursor(c.Fingerprint("search", name, value))
	if err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	found, next, err := search(ctx, c, p, name, value, cursor.Text(), size)
	if err != nil {
		return request.Answer{}, err
	}
	list := wire.MemberList{Data: []wire.Member{}}
	for _, m := range found {
		list.Data = append(list.Data, wireMember(c, p, m))
	}
	if next != "" {
		list.NextCursor = cursor.AtText(next)
	}
	return request.Answer{Body: list}, nil
}

// memberFilter returns the name and the value of the request's filter.
func memberFilter(c *request.Call) (name, value string, err error) {
	for _, other := range request.MemberFilters {
		v, given := c.Event.Query[other]
		switch {
		case !given:
		case name != "":
			return "", "", request.RefuseAt(request.InvalidParameter, other,
				"Use one filter. Search by "+name+" and compare "+other+" in the members that are returned.")
		default:
			name, value = other, strings.TrimSpace(v)
		}
	}
	if name == "" {
		return "", "", request.Refuse(
			request.InvalidParameter, "Add one filter: %s.", strings.Join(request.MemberFilters, ", "),
		)
	}
	value, err = checkedFilter(name, value)
	return name, value, err
}

// checkedFilter checks the value of a filter, and returns the form in which it is compared.
func checkedFilter(name, value string) (string, error) {
	var faults request.Check
	fix := ""
	switch at := request.At(name); name {
	case "email":
		fix = "This must be an email address."
		faults.Email(at, value)
	case "phone":
		value = "+" + strings.TrimPrefix(value, "+") // in a query, + is a space unless it is encoded
		fix = "This must be a phone number in E.164 format like +493012345678, with + encoded as %2B."
		faults.Phone(at, value)
	case "external_id":
		fix = "This must be 1 to 119 letters, digits or _ : . -"
		checkExternalID(&faults, at, value)
	case "order", "tier":
		fix = "This must be the ID of an order or a level: 1 to 128 letters, digits or _ : . -"
		if !request.ValidID(value) {
			faults.Fault(at, loyalty.ValidationFailed, "%s", fix)
		}
	case "segment":
		fix = "This must be 1 to 64 lowercase letters, digits, _ or -."
		if !segmentForm.MatchString(value) {
			faults.Fault(at, loyalty.ValidationFailed, "%s", fix)
		}
	case "updated_since":
		value = strings.ReplaceAll(value, " ", "+") // in a query, + is a space unless it is encoded
		fix = "This must be an instant in RFC 3339 format like 2026-12-01T10:00:00Z."
		if t, err := time.Parse(time.RFC3339, value); err != nil || t.Year() < 2000 {
			faults.Fault(at, loyalty.ValidationFailed, "%s", fix)
		}
	case "code":
		fix = "This must be 1 to 64 characters."
		faults.Text(at, value, 1, maxReferralCode)
	default:
		fix = "This must be 1 to 200 characters, with a letter or a digit."
		if faults.Text(at, value, 1, 200); !members.HasWords(value) {
			faults.Fault(at, loyalty.ValidationFailed, "%s", fix)
		}
	}
	if faults.Err() != nil {
		return "", request.RefuseAt(request.InvalidParameter, name, fix)
	}
	return value, nil
}

// search returns a page of the members that match a filter, and the position at which the page ends.
func search(
	ctx context.Context, c *request.Call, p *loyalty.Program, name, value, after string, size int,
) ([]members.Member, string, error) {
	var f members.Filter
	switch name {
	case "tier":
		if levels := members.LevelIDs(p); !slices.Contains(levels, value) {
			return nil, "", request.RefuseAt(request.InvalidParameter, name, unknownLevel(levels))
		}
		f.Level = value
	case "updated_since":
		f.Since, _ = time.Parse(time.RFC3339, value) // it was checked
	case "phone":
		f.Phone = value
	case "name":
		f.Name = value
	case "segment":
		f.Segment = value
	default:
		m, err := identified(ctx, c, p, name, value)
		if errors.Is(err, loyalty.NotFound) || err == nil && m == "" {
			return nil, "", nil
		}
		if err != nil {
			return nil, "", err
		}
		found, err := c.App.Members.All(ctx, p, []loyalty.MemberID{m})
		return found, "", err
	}
	return c.App.Members.Search(ctx, p, f, after, size)
}

// unknownLevel returns the detail of the rejection of a level that the program does not have.
func unknownLevel(levels []string) string {
	if len(levels) == 0 {
		return "The program has no tiers."
	}
	return "The program has no such level. Its levels are " + strings.Join(levels, ", ") + "."
}

// identified returns the member that a unique value identifies. It returns not_found or an empty ID if there is none.
func identified(
	ctx context.Context, c *request.Call, p *loyalty.Program, name, value string,
) (loyalty.MemberID, error) {
	switch name {
	case "email":
		return c.App.Members.Find(ctx, p.ID, c.Blind(p.ID, value))
	case "external_id":
		return c.App.Members.Find(ctx, p.ID, stored.Identity{Kind: "external", Value: value})
	case "order":
		e, err := c.App.Ledger.Latest(ctx, p.ID, loyalty.CauseOrder, value)
		return e.Member, err
	}
	r, err := c.GuardedLookup(ctx, value, func() (r inventory.CodeResult, err error) {
		r.Member, err = c.App.Members.Find(ctx, p.ID, members.ReferralIdentity(value))
		if errors.Is(err, loyalty.NotFound) {
			r, err = c.App.Codes.Get(ctx, p.ID, redeem.PlainCode(value))
		}
		return r, err
	})
	return r.Member, err
}
