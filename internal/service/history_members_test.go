package service_test

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

func (h *history) join() string {
	m := servicetest.Member(len(h.members))
	in := members.Enrollment{Member: m, Profile: h.aProfile(), Segments: h.someSegments()}
	if len(h.members) > 0 && h.rng.IntN(3) > 0 {
		in.Code = "CODE-OF-" + string(h.member())
	}
	var got members.Member
	err := h.until(fmt.Sprintf("join %+v", in), func(l *ledger.Ledger) (err error) {
		got, err = members.Members{Ledger: l}.Enroll(h.t.Context(), h.P, in, by(string(m)))
		return err
	})
	if err != nil {
		h.t.Error(err)
	}
	h.members = append(h.members, m)
	is, err := members.Members{Ledger: h.quiet()}.Get(h.t.Context(), h.P, m)
	if err != nil || is.Account.Balance() != got.Account.Balance() || is.Account.Head != got.Account.Head {
		h.t.Errorf("%s joined as %+v, was answered as %+v, %v", m, is.Account, got.Account, err)
	}
	if err := h.until("a code", func(l *ledger.Ledger) error {
		_, err := members.Referrals{Ledger: l}.GiveCode(h.t.Context(), h.P, m, "CODE-OF-"+string(m))
		return err
	}); err != nil {
		h.t.Error(err)
	}
	return "joined"
}

func (h *history) aProfile() members.Profile {
	return members.Profile{
		Timezone: pick(h.rng, "", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata"),
		YearFrom: pick(h.rng, "", "02-29", "11-17"),
		Birthday: pick(h.rng, "", "1990-02-28", "2000-02-29", "1985-12-31", "1970-01-01", "1999-06-15"),
	}
}

func (h *history) someSegments() []string {
	return pick(h.rng, nil, []string{"vip"}, []string{"press", "vip"})
}

// change updates a profile and segments.
func (h *history) change(m loyalty.MemberID) string {
	next, segments := h.aProfile(), h.someSegments()
	err := h.until(fmt.Sprintf("change %s to %+v, %v", m, next, segments), func(l *ledger.Ledger) error {
		was, err := members.Members{Ledger: h.quiet()}.Profile(h.t.Context(), h.P.ID, m)
		if err != nil {
			return err
		}
		in := members.Change{Profile: next, Segments: segments}
		in.Profile.Member, in.Profile.Version = m, was.Version
		return members.Members{Ledger: l}.Change(h.t.Context(), h.P, in, by(""))
	})
	if h.refused(err, loyalty.ValidationFailed) { // the birthday is locked
		return "refused"
	}
	acc, err := members.Members{Ledger: h.quiet()}.Get(h.t.Context(), h.P, m)
	if t := acc.Account.Traits; err != nil || t.Zone != next.Timezone || !slices.Equal(t.Segments, segments) {
		h.t.Errorf("%s was sent as %+v, %v, and is %+v, %v", m, next, segments, t, err)
	}
	return "told"
}

func (h *history) register(m loyalty.MemberID) string {
	was, already := slices.Contains(award.Campaigns(h.books.of(m).acc.Traits), "joined"), false
	err := h.until(fmt.Sprintf("register %s", m), func(l *ledger.Ledger) (err error) {
		already, err = service.Adjustments{Ledger: l}.OptIn(h.t.Context(), h.P, m, "joined", by(""))
		return err
	})
	if err != nil || was && !already {
		h.t.Errorf("%s registered, before: %t, answered: %t, %v", m, was, already, err)
	}
	return "registered"
}

func (h *history) event(m loyalty.MemberID) string {
	ev := loyalty.Event{
		Type: pick(
			h.rng, "review.pending", "review.approved", "visit.completed", "visit.completed", "repair.brought",
			"repair.done", "social.shared",
		),
		ID: fmt.Sprint(len(h.events)), Member: m, At: h.before(m),
	}
	if ev.Family() == "review" {
		ev.Data = map[string]any{"text": "good", "rating": big.NewRat(h.rng.Int64N(11), 2)}
	}
	h.events = append(h.events, ev)
	return h.putEvent(ev, "event")
}

// resend sends one of the latest events in another state, or any event unchanged.
func (h *history) resend(loyalty.MemberID) string {
	if len(h.events) == 0 {
		return "nothing"
	}
	if h.rng.IntN(3) == 0 {
		return h.putEvent(h.events[h.rng.IntN(len(h.events))], "replayed")
	}
	ev := &h.events[max(0, len(h.events)-1-h.rng.IntN(20))]
	family, _ := award.EventType(h.P.Events, ev.Type)
	ev.Type = family.Name + "." + pick(h.rng, family.States...)
	if ev.Data != nil && h.rng.IntN(3) == 0 {
		ev.Data = map[string]any{"rating": big.NewRat(h.rng.Int64N(6), 1)}
	}
	return h.putEvent(*ev, "retold")
}

func (h *history) putEvent(ev loyalty.Event, what string) string {
	var r service.EventResult
	err := h.until(fmt.Sprintf("%s %s %s of %s", what, ev.Type, ev.ID, ev.Member), func(l *ledger.Ledger) (err error) {
		r, err = service.Events{Ledger: l}.Put(h.t.Context(), h.P, ev, ledger.By{Actor: "history"})
		return err
	})
	if err != nil || what == "replayed" && !r.Replayed || r.State.Event.Type != ev.Type {
		h.t.Errorf("%s %s %s: %+v, %v", what, ev.Type, ev.ID, r, err)
	}
	return what
}
