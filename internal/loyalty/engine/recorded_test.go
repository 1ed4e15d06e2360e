package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/goldentest"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// TestRecordedHistories runs random members of random programs and compares each entry, each rejection and what members
// are shown with a golden file. Instants and amounts are often exactly at a bound. The seeds are fixed: other tests
// state what is right, and this one finds changes that none of them expects. A line ends with a hash of everything that
// it leaves out. After each command the entries must be sound, and applied to the account before it they must give the
// account after it.
func TestRecordedHistories(t *testing.T) {
	for seed := range uint64(40) {
		name := fmt.Sprintf("%02d", seed)
		t.Run(name, func(t *testing.T) {
			h := newRecorded(t, seed)
			for i := range 45 {
				if i == 25 {
					h.publish()
				}
				h.step()
			}
			h.line("account", fmt.Sprintf("%+v %v", h.acc.Balance(), h.lots()), h.acc)
			goldentest.Compare(t, filepath.Join("testdata", "histories", name+".txt"), h.out.String())
		})
	}
}

// recorded is a member with a random history.
type recorded struct {
	*shop
	r        *rand.Rand
	at       time.Time
	orders   []loyalty.Order
	events   map[string]*loyalty.EventState
	spent    []loyalty.Entry // the latest entries of redemptions
	moved    []loyalty.Entry // and of conversions
	left     earn.Budgets    // of the rules with a budget
	reminded remind.Reminded
	bob      loyalty.Account // another member of the household
	home     share.Household
	parts    map[string]loyalty.Entry // what bob contributed, by redemption
	out      strings.Builder
}

func newRecorded(t *testing.T, seed uint64) *recorded {
	r := rand.New(rand.NewPCG(seed, 31))
	p := drawnProgram(t, r)
	h := &recorded{
		shop: newShop(
			t,
			p,
		), r: r, at: noon, events: map[string]*loyalty.EventState{}, left: earn.Budgets{"campaigns.fund": 90},
		parts: map[string]loyalty.Entry{},
		bob: called(
			t, p, "mem_bob", loyalty.Lot{Expires: 20270630, Points: 40}, loyalty.Lot{Expires: 20271231, Points: 500},
		),
	}
	h.home = share.Household{
		ID: "hh_1",
		Members: []share.HouseholdMember{
			{Member: h.acc.Member, Role: share.Owner, Invited: noon, Since: noon},
			{Member: "mem_bob", Role: share.Adult, Invited: noon, Since: noon},
		},
	}
	return h
}

// pick returns one of the values.
func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// line writes a line with a hash of values, which does not depend on the order of their fields.
func (h *recorded) line(what, text string, values ...any) {
	rest, err := json.Marshal(values)
	var fields any
	if err == nil {
		in := json.NewDecoder(bytes.NewReader(rest))
		in.UseNumber()
		err = in.Decode(&fields)
	}
	if err == nil {
		rest, err = json.Marshal(fields) // sorts the keys of maps
	}
	if err != nil {
		h.t.Fatal(err)
	}
	shown := strings.TrimSpace(what+" "+text) + " "
	fmt.Fprintln(&h.out, goldentest.Hashed(shown+string(rest), len(shown)))
}

// do runs a command at the present instant, and writes its result.
func (h *recorded) do(what string, command func() (posting.Outcome, error)) bool {
	out, err := command()
	var rejected *loyalty.Error
	switch {
	case errors.As(err, &rejected):
		h.line(what, fmt.Sprint("rejected: ", rejected.Code, " ", rejected.Pointer), rejected)
		return false
	case err != nil:
		h.t.Fatal(what, err)
	}
	h.line(what, "", out.Spends)
	h.keep(out)
	return true
}

// keep applies an outcome after it checked the entries.
func (h *recorded) keep(out posting.Outcome) {
	before, n := h.acc, len(h.entries)
	if n == 0 {
		n = 1 // the entry of joining, which the shop adds
	}
	for _, s := range out.Spends {
		if left, ok := h.left[s.Rule]; ok {
			h.left[s.Rule] = left - s.Points
		}
	}
	h.took(out)
	entries, acc := h.entries[n:], before
	if err := posting.CheckWrite(before, h.acc, entries); err != nil {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		var err error
		if acc, err = posting.Apply(acc, e); err != nil {
			h.t.Fatal(err)
		}
		h.write(e)
	}
	acc.Ran, acc.Later = h.acc.Ran, h.acc.Later // no entry states them
	if !reflect.DeepEqual(acc, h.acc) {
		h.t.Fatal(fmt.Sprintf("the entries give the account\n%+v\nand the command gave\n%+v", acc, h.acc))
	}
	h.checkLots()
}

// checkLots requires that lots hold points and are sorted by their expiry.
func (h *recorded) checkLots() {
	for _, purse := range append(slices.Clone(h.acc.Purses), h.acc.Purse) {
		if !slices.IsSortedFunc(purse.Lots, func(x, y loyalty.Lot) int { return x.Expires.Compare(y.Expires) }) ||
			slices.ContainsFunc(purse.Lots, func(l loyalty.Lot) bool { return l.Points <= 0 }) || purse.Debt < 0 {
			h.t.Fatal(fmt.Sprintf("the wallet is %+v", purse))
		}
	}
}

func (h *recorded) write(e loyalty.Entry) {
	text := fmt.Sprintf("%s %s %+d", e.Kind, e.Cause, e.Points)
	for _, x := range e.Postings {
		text += fmt.Sprintf(" %s%s%+d", x.Wallet, x.Bucket, x.Points)
	}
	if e.Standing != nil {
		text += " " + e.Standing.Level
	}
	h.line(fmt.Sprint(" ", e.Sequence), text, e)
	switch {
	case e.Event != nil && e.Event.Event.ID != "":
		h.events[award.EventCause(e.Event.Event)] = e.Event
	case e.Redemption != nil:
		h.spent = append(
			slices.DeleteFunc(h.spent, func(x loyalty.Entry) bool { return x.Redemption.ID == e.Redemption.ID }),
			e,
		)
	case e.Conversion != nil:
		h.moved = append(
			slices.DeleteFunc(h.moved, func(x loyalty.Entry) bool { return x.Conversion.ID == e.Conversion.ID }),
			e,
		)
	}
}

// step advances the clock, runs a command, and writes the data that the member sees.
func (h *recorded) step() {
	h.wait()
	out, err := Advance(h.p, h.acc, h.at)
	if err != nil {
		h.t.Fatal(err)
	}
	h.keep(out)
	if out, err = Advance(h.p, h.bob, h.at); err != nil {
		h.t.Fatal(err)
	}
	h.keepBob(out)
	commands := []func(){
		h.buy, h.buy, h.buy, h.buy, h.revise, h.revise, h.revise, h.revise, h.redeem, h.redeem, h.resolve, h.adjust,
		h.place, h.tellTraits, h.send, h.send, h.convert,
		h.goodwill, h.give,
	}
	if len(h.acc.Holds) > 0 && h.r.IntN(2) == 0 {
		commands = []func(){h.resolve}
	}
	commands[h.r.IntN(len(commands))]()
	h.show()
	h.remind()
}

// publish replaces the program by another one, in which the zone and the levels' names are the same.
func (h *recorded) publish() {
	out, err := Advance(h.p, h.acc, h.at)
	if err != nil {
		h.t.Fatal(err)
	}
	h.keep(out)
	was := h.p
	next := drawnProgram(h.t, h.r)
	next.Zone, next.Version = was.Zone, was.Version+1
	Supersede(next, was, h.at, pick(h.r, loyalty.UpgradeOnly, loyalty.FullRefresh))
	if err := Compile(next); err != nil {
		h.t.Fatal(err)
	}
	h.versions = append(h.versions, tier.Live{Program: was, Until: h.at})
	h.shop.p = next
	h.line(
		"version", fmt.Sprint(next.Version), next.Tiers.Refresh, next.Tiers.Replaced,
		tier.Retiers(&next.Tiers, &was.Tiers),
	)
}

// rules returns the version by which an order or event is decided: that of its first state, or that of an instant.
func (h *recorded) rules(version int, at time.Time) *loyalty.Program {
	for _, v := range h.versions {
		if version == v.Program.Version || version == 0 && at.Before(v.Until) {
			return v.Program
		}
	}
	return h.p
}

// wait advances the clock, often to an instant at which a change is due.
func (h *recorded) wait() {
	if len(h.acc.Holds) > 0 && h.r.IntN(3) > 0 {
		h.at = h.at.Add(10 * time.Minute)
		return
	}
	due := Due(h.p, h.acc)
	if until := h.acc.Tier.Until; !until.IsZero() && h.r.IntN(4) == 0 {
		due = until
	}
	switch h.r.IntN(10) {
	case 0, 1, 2:
		if due.After(h.at) && due.Before(h.at.AddDate(1, 2, 0)) {
			h.at = due.Add(pick(h.r, 0, 0, -time.Millisecond, time.Millisecond))
			h.line("at", h.at.UTC().Format(time.RFC3339Nano))
		}
	case 3, 4, 5, 6:
		h.at = h.at.Add(
			pick(
				h.r,
				time.Hour,
				12*time.Hour,
				24*time.Hour,
				24*time.Hour,
				8*24*time.Hour,
				31*24*time.Hour,
				70*24*time.Hour,
			),
		)
		h.line("at", h.at.UTC().Format(time.RFC3339Nano))
	}
}

// show writes the data that a member sees: levels, missing amounts, rewards and scheduled changes.
func (h *recorded) show() {
	views := []any{
		Due(h.p, h.acc),
		NextRun(h.p, h.acc),
		posting.AccountNotices(&h.p.Tiers, h.p.Zone, h.acc),
		Perks(h.p, h.acc, nil, h.at),
		redeem.Shares(&h.p.Sharing, h.p.Rewards, h.acc),
	}
	add := func(all ...any) { views = append(views, all...) }
	for _, id := range []string{"", "partner"} {
		p, acc := h.p, h.acc
		if id != "" {
			var ok bool
			if p, acc, ok = tier.TierGroupStanding(h.p, acc, id); !ok {
				continue
			}
		}
		next, gap, ok := tier.Of(p).Progress(acc, h.at)
		stay, stays := tier.Of(p).RetentionOf(acc, h.at)
		add(
			next,
			gap,
			ok,
			stay,
			stays,
			tier.Of(p).Gaps(acc, len(p.Tiers.Levels)-1, h.at),
			posting.LevelAt(&p.Tiers, acc, h.at.AddDate(0, 0, -20)),
		)
	}
	ahead, at, ok := Projection(h.p, h.acc)
	add(ahead, at, ok)
	for _, r := range h.p.Rewards {
		add(
			Available(
				h.p, h.acc, r, loyalty.Redemption{Total: loyalty.Money{Amount: 2500, Currency: "EUR"}}, nil, h.at,
			).Unmet,
		)
	}
	for _, n := range []loyalty.Points{0, 99, 150} {
		pay, ok := redeem.Payable(&h.p.Redemption, n, loyalty.Money{Amount: 2500, Currency: "EUR"})
		add(pay, ok)
	}
	h.line("shown", fmt.Sprintf("%d %s", h.acc.Balance().Active, h.acc.Tier.Level), views...)
}
