package service_test

import (
	"fmt"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

// move changes households: a member creates one, is invited to one, joins one, or leaves one.
func (h *history) move(m loyalty.MemberID) string {
	home := h.key("hh_")
	what := h.rng.IntN(15)
	if len(h.homes) > 0 && what > 0 {
		home = h.homes[max(0, len(h.homes)-1-h.rng.IntN(2))]
	}
	switch got, _ := (members.Households{Ledger: h.quiet()}).Get(h.t.Context(), h.P.ID, home); {
	case len(got.Members) == 0:
		what, home = 0, h.key("hh_")
	case what > 6 && what < 14:
		m = got.Members[h.rng.IntN(len(got.Members))].Member // this may be an invited member
	}
	role := pick(h.rng, share.Adult, share.Adult, share.Child)
	err := h.until(fmt.Sprintf("move %d of %s, %s as %s", what, m, home, role), func(l *ledger.Ledger) (err error) {
		switch {
		case what == 0:
			_, err = members.Households{Ledger: l}.Found(h.t.Context(), h.P, home, m, by(home))
		case what < 7:
			_, err = members.Households{Ledger: l}.Invite(h.t.Context(), h.P, home, m, role)
		case what < 14:
			_, err = members.Households{Ledger: l}.AcceptInvitation(h.t.Context(), h.P, home, m)
		default:
			_, err = members.Households{Ledger: l}.Leave(h.t.Context(), h.P, home, m)
		}
		return err
	})
	if what == 0 && err == nil {
		h.homes = append(h.homes, home)
	}
	h.everybodyLivesOnce()
	if h.refused(err, loyalty.NotFound, loyalty.AlreadyExists, loyalty.ValidationFailed) {
		return "not moved"
	}
	return "moved"
}

// everybodyLivesOnce checks that each member is in at most one household, and that the items of households and members
// agree.
func (h *history) everybodyLivesOnce() {
	lives := map[loyalty.MemberID]string{}
	for _, home := range h.homes {
		got, _ := members.Households{Ledger: h.quiet()}.Get(h.t.Context(), h.P.ID, home)
		for _, m := range got.Joined() {
			if lives[m] != "" {
				h.t.Errorf("%s lives in %s and in %s", m, lives[m], home)
			}
			lives[m] = home
		}
		heads := 0
		for _, x := range got.Members {
			if x.Role == share.Owner {
				heads++
			}
		}
		if len(got.Members) > 0 && heads != 1 || len(got.Members) > 4 {
			h.t.Errorf("%s has %+v", home, got.Members)
		}
	}
	for _, m := range h.members {
		if home, err := servicetest.HouseholdOf(h.t, h.quiet(), h.P, m); err != nil || home != lives[m] {
			h.t.Errorf("%s lives in %q, and says %q, %v", m, lives[m], home, err)
		}
	}
}

// bought is one redemption according to the entries of all accounts.
type bought struct {
	redemption loyalty.Redemption // according to the last entry of the redeeming member
	spent      loyalty.Points
	parts      map[loyalty.MemberID]loyalty.Points
	fresh      bool
}

// pay adds the points that an entry of a redemption spends or returns.
func (b *books) pay(e loyalty.Entry) {
	x := b.bought[e.Redemption.ID]
	if x == nil {
		x = &bought{parts: map[loyalty.MemberID]loyalty.Points{}}
		b.bought[e.Redemption.ID] = x
	}
	x.fresh = true
	if r := e.Redemption; r.By == "" {
		x.redemption = *r
		if n := r.Points; r.Reward == redeem.PayReward && n != loyalty.Points((3*r.Value.Amount+1)/2) {
			b.h.t.Errorf("%s takes %d points for %s", e.Cause, n, r.Value)
		}
	}
	for _, p := range e.Postings {
		if p.Bucket == loyalty.BucketRedeemed {
			x.spent += p.Points
			x.parts[e.Member] += p.Points
		}
	}
}

// paid compares the points that redemptions have spent in all accounts with the points that they state.
func (b *books) paid() {
	for id, x := range b.bought {
		if !x.fresh {
			continue
		}
		x.fresh = false
		r, want := x.redemption, loyalty.Points(0)
		if r.Status == loyalty.Committed || r.Status == loyalty.Reversed {
			want = r.Points - r.Restored
		}
		if x.spent != want {
			b.h.t.Errorf("%s has spent %d points, and is %+v", id, x.spent, r)
		}
		for m, n := range x.parts {
			at := slices.IndexFunc(r.Contributions, func(d loyalty.Contribution) bool { return d.Member == m })
			if at >= 0 && (n < 0 || n > r.Contributions[at].Points) {
				b.h.t.Errorf("%s has spent %d points of %s, and is %+v", id, n, m, r)
			}
		}
	}
}
