package request

import (
	"strings"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// Locale checks the form of a language tag, such as de-AT. It does not check whether the language exists.
func (c *Check) Locale(p Place, s string) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '_' })
	ok := len(s) <= 35 && len(parts) == 1+strings.Count(s, "-")+strings.Count(s, "_")
	for i, part := range parts {
		ok = ok && len(part) <= 8 && ValidID(part) && !strings.ContainsAny(part, ":.") &&
			(i > 0 || (len(part) == 2 || len(part) == 3) && !strings.ContainsAny(part, "0123456789"))
	}
	if !ok {
		c.Fault(p, loyalty.ValidationFailed, "This must be a language tag like en or de-AT.")
	}
}

// Email checks the basic form of an email address. It cannot check whether the mailbox exists.
func (c *Check) Email(p Place, s string) {
	inside := strings.ContainsFunc(
		s, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`<>()[],;:\"`, r) },
	)
	if len(s) > 254 || inside || !notify.Mailable(s) {
		c.Fault(p, loyalty.ValidationFailed, "This must be an email address like ada@example.com.")
	}
}

var phoneForm = lazyregexp.New(`^\+[1-9][0-9]{6,14}$`)

// Phone checks the form of a telephone number.
func (c *Check) Phone(p Place, s string) {
	if !phoneForm.MatchString(s) {
		c.Fault(p, loyalty.ValidationFailed, "This must be a phone number in E.164 format, like +491701234567.")
	}
}

// WireNotices returns the notices in the account. Each one postpones an expiry because the member was not notified in
// time.
func WireNotices(p *loyalty.Program, acc loyalty.Account) []wire.Notice {
	kinds := map[loyalty.NoticeOf]wire.NoticeKind{
		loyalty.OfExpiry: wire.NoticeKindPointsExpiry, loyalty.OfFall: wire.NoticeKindLevelExpiry,
	}
	out := []wire.Notice{}
	for _, n := range posting.AccountNotices(&p.Tiers, p.Zone, acc) {
		out = append(out, wire.Notice{
			Kind: kinds[n.What], NotifiedAt: n.NoticedAt.UTC(), ExpiresAt: n.Expires.UTC(), Points: int64(n.Points),
			Level: n.Level,
		})
	}
	return out
}

// WireBalance returns a balance as the API presents it.
func WireBalance(b loyalty.Balance) wire.Balance {
	return wire.Balance{
		Active: int64(b.Active), Pending: int64(b.Pending), Reserved: int64(b.Reserved), Debt: int64(b.Debt),
	}
}
