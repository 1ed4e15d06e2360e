package service_test

import (
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// The books compute the expected state from the entries of all members, independently of the ledger.
type books struct {
	h       *history
	members map[loyalty.MemberID]*book
	spent   map[string]int64 // points spent from budgets, by rule
	codes   map[string]int64 // number of redemptions that have each code
	asked   map[string]int   // the version under which each redemption was requested
	gifts   map[string]gift  // transfers that were not compared yet
	bought  map[string]*bought

	brought, undone int // numbers of conversions of referrals, and of their reversals
}

// A book is the state of one member according to the entries that were checked so far.
type book struct {
	acc     loyalty.Account
	hashes  []string
	version int64 // of the account's item

	orders map[string]*loyalty.OrderState // by id
	events map[string]*loyalty.EventState // by family and id
	issued map[string]loyalty.Points      // by cause
	usage  map[loyalty.Usage]int64        // of caps and limits; its N is zero
	lapsed []string                       // the IDs of expiry entries
	wallet map[string][2]string           // by conversion: the source and the target wallet
}

func newBooks(h *history) *books {
	return &books{
		h: h, members: map[loyalty.MemberID]*book{}, spent: map[string]int64{}, codes: map[string]int64{},
		asked: map[string]int{}, gifts: map[string]gift{}, bought: map[string]*bought{},
	}
}

func (b *books) of(m loyalty.MemberID) *book {
	if b.members[m] == nil {
		b.members[m] = &book{
			orders: map[string]*loyalty.OrderState{}, events: map[string]*loyalty.EventState{},
			issued: map[string]loyalty.Points{}, usage: map[loyalty.Usage]int64{}, wallet: map[string][2]string{},
		}
	}
	return b.members[m]
}

// check reads the new entries of all members, and compares the books with the ledger.
func (b *books) check() {
	b.h.t.Helper()
	changed := false
	for _, m := range b.h.members {
		if b.read(m) {
			b.of(m).used(b.h.t, b.h.Now())
			b.of(m).counted(b.h.t, b.h.P)
			changed = true
		}
		b.nothingLapsed(m)
	}
	for _, r := range b.h.rules[0].Campaigns {
		if r.Budget > 0 && changed {
			b.budget("campaigns."+r.ID, int64(r.Budget))
		}
	}
	if changed {
		b.rewards()
		b.given()
		b.paid()
		b.referred()
	}
}

// read applies the new entries of a member to the checked state, and compares the result with the account. It returns
// false if there are no new entries.
func (b *books) read(m loyalty.MemberID) bool {
	t, l, s := b.h.t, b.h.quiet(), b.of(m)
	t.Helper()
	it, err := b.h.clean.Get(t.Context(), table.Key{PK: "P#" + b.h.P.ID + "#M#" + string(m), SK: "ACCOUNT"})
	if err != nil {
		t.Fatal(err)
	}
	if it.Version == s.version {
		return false
	}
	s.version = it.Version
	var fresh []loyalty.Entry
	for e, err := range (ledger.Statements{Ledger: l}).List(t.Context(), b.h.P.ID, m, 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Sequence <= s.acc.Sequence {
			if e.Hash != s.hashes[e.Sequence-1] {
				t.Errorf("entry %d of %s has changed", e.Sequence, m)
			}
			break
		}
		fresh = append(fresh, e)
	}
	acc, err := ledger.Statements{Ledger: l}.AuditFrom(t.Context(), b.h.P.ID, s.acc, m, fresh)
	if err != nil {
		t.Errorf("%s: %v", m, err)
	}
	s.acc = acc
	for _, e := range slices.Backward(fresh) {
		s.hashes = append(s.hashes, e.Hash)
		b.enter(s, e)
	}
	return true
}

// enter adds an entry to the books.
func (b *books) enter(s *book, e loyalty.Entry) {
	for _, p := range e.Postings {
		switch {
		case p.Bucket == loyalty.BucketIssued:
			s.issued[inWallet(p.Wallet, e.Cause.Kind+"/"+e.Cause.ID)] -= p.Points
		case e.Kind == loyalty.KindForfeit && p.Bucket == loyalty.BucketPending:
			id, _, _ := strings.Cut(p.Cause.ID, "~")
			s.issued[p.Cause.Kind+"/"+id] += p.Points
		}
	}
	for _, u := range e.Reversals {
		from, to := s.wallet[u.ID][0], s.wallet[u.ID][1]
		s.issued[from+"|converted/"+u.ID] -= u.Worth
		s.issued[to+"|converted/"+u.ID] += u.Points
	}
	switch {
	case e.Conversion != nil:
		b.converted(s, e)
	case e.Order != nil:
		b.worth(s, e, e.Order.Worth, e.Order.Grants...)
		b.use(s, s.orders[e.Cause.ID], -1)
		s.orders[e.Cause.ID] = e.Order
		b.use(s, e.Order, 1)
	case e.Event != nil:
		switch e.Event.Event.Type {
		case posting.EventConverted:
			b.brought++
		case posting.EventReversed:
			b.undone++
		}
		b.worth(s, e, e.Event.Worth, e.Event.Grants...)
		b.useEvent(s, s.events[e.Cause.ID], -1)
		s.events[e.Cause.ID] = e.Event
		b.useEvent(s, e.Event, 1)
	case e.Redemption != nil && e.Redemption.To != "":
		b.useTransfer(s, e)
	case e.Redemption != nil:
		b.pay(e)
		if e.Redemption.By == "" {
			b.useReward(s, e)
		}
	case e.Reached != nil:
		b.worth(s, e, e.Reached.Grant.Worth, e.Reached.Grant)
	case e.Kind == loyalty.KindExpire:
		s.lapsed = append(s.lapsed, e.ID())
	}
}

// inWallet returns the key of the points that a cause issued in a wallet.
func inWallet(wallet, cause string) string {
	if wallet == "" {
		return cause
	}
	return wallet + "|" + cause
}

// worth compares the points of an order, an event or a milestone with the points that its entries have issued.
func (b *books) worth(s *book, e loyalty.Entry, worth loyalty.Points, grants ...loyalty.Grant) {
	all, never := loyalty.Points(0), loyalty.Points(0)
	b.walletWorth(s, e, grants)
	for _, g := range grants {
		if g.Wallet == "" {
			all, never = all+g.Worth, never+g.ExpiredOn
		}
		if g.Worth < 0 || g.Owed < 0 || g.ExpiredOn < 0 {
			b.h.t.Errorf("%s of %s has the grant %+v", e.Cause, e.Member, g)
		}
	}
	got := s.issued[e.Cause.Kind+"/"+e.Cause.ID] - never
	if ev := e.Event; ev != nil && ev.Event.Family() == "referral" {
		if ev.Event.Type == posting.EventReversed {
			return // points that could not be taken back count for the next converting order
		}
		got += s.yielded(e)
	}
	if got != worth || all != worth {
		b.h.t.Errorf(
			"%s of %s is worth %d, its grants %d, and its entries issued %d beside %d that were not taken back",
			e.Cause, e.Member, worth, all, got, never,
		)
	}
}

// yielded returns the points that other events of the same referral issued for the event of an entry. Points of a
// reversed event that could not be taken back count for the next event.
func (s *book) yielded(e loyalty.Entry) (n loyalty.Points) {
	referral := e.Cause.ID[:strings.LastIndex(e.Cause.ID, ":")+1]
	for id, ev := range s.events {
		if id == e.Cause.ID || !strings.HasPrefix(id, referral) {
			continue
		}
		n += s.issued[loyalty.CauseEvent+"/"+id] - ev.Worth
		for _, g := range ev.Grants {
			n -= g.ExpiredOn
		}
	}
	return n
}

// nothingLapsed checks that a member has no due changes and no expired points now.
func (b *books) nothingLapsed(m loyalty.MemberID) {
	t, now := b.h.t, b.h.Now().UTC().Truncate(time.Millisecond)
	out, err := engine.Advance(b.h.P, b.of(m).acc, now)
	if err != nil {
		t.Fatal(err)
	}
	acc := out.Account
	if due := engine.Due(b.h.P, acc); !due.IsZero() && !due.After(now) {
		t.Errorf("%s is due at %s still, at %s", m, due, now)
	}
	if !slices.IsSortedFunc(acc.Lots, func(x, y loyalty.Lot) int { return x.Expires.Compare(y.Expires) }) {
		t.Errorf("the lots of %s are out of order: %v", m, acc.Lots)
	}
	if !slices.IsSortedFunc(acc.Usage, loyalty.Usage.Compare) {
		t.Errorf("the usages of %s are out of order: %v", m, acc.Usage)
	}
	for _, l := range acc.Lots {
		if l.Points <= 0 || l.Expires != 0 && !l.Expires.End(b.h.P.Zone).After(now) {
			t.Errorf("%s has the lot %+v at %s", m, l, now)
		}
	}
	b.purses(acc)
	for _, x := range acc.Pending {
		late := !x.ActiveAt.IsZero() && !x.ActiveAt.After(now) ||
			x.ActiveAt.IsZero() && !x.GiveUp.IsZero() && !x.GiveUp.After(now)
		if x.Points <= 0 || late {
			t.Errorf("%s has pending %+v at %s", m, x, now)
		}
	}
}
