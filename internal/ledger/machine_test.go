package ledger_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/big"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"pgregory.net/rapid"
)

// What the machine's programs have in common, in days.
const (
	wait     = 2  // until the points of an order are active
	life     = 9  // from then on
	extendBy = 20 // years by which lots can be extended
)

// A machine does the same to the ledger and to the model, and compares what both say after every step.
type machine struct {
	*bench
	model    *model
	clean    table.Table
	asked    []answered // what can be repeated
	count    int
	extended map[loyalty.MemberID]int
	tally    map[string]int // of all histories: what was done, with its answer
}

// answered is a command with what it was answered.
type answered struct {
	again func() error
	code  loyalty.Code
}

// TestRedeemingIsWhatTheModelSays runs 150 histories of about 60 steps, or 5,000 with PERENNIAL_LONG, of two members
// who want the same rewards, over a table that fails in half of them. Of 120 actions that rapid asks for about 60 are
// done: the others want an order or a redemption that is not there.
func TestRedeemingIsWhatTheModelSays(t *testing.T) {
	checks, tally, began := "150", map[string]int{}, time.Now()
	if os.Getenv("PERENNIAL_LONG") != "" {
		checks = "5000"
	}
	for name, value := range map[string]string{"rapid.checks": checks, "rapid.steps": "120"} {
		f := flag.Lookup(name)
		if f.Value.String() != f.DefValue {
			continue // set by a flag
		}
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { flag.Set(name, f.DefValue) })
	}
	rapid.Check(t, func(r *rapid.T) {
		tab, err := pebbletable.OpenMemory()
		if err != nil {
			r.Fatal(err)
		}
		defer tab.Close() // not with the test: there are thousands
		m := newMachine(t, r, tab)
		m.tally = tally
		actions := map[string]func(*rapid.T){
			"time": m.time, "adjust": m.adjust, "buy": m.buy, "refund": m.refund, "reserve": m.reserve, "take": m.take,
			"commit": m.commit, "cancel": m.cancel, "reverse": m.reverse, "extend": m.extend, "repeat": m.repeat,
		}
		for name, do := range actions {
			actions[name] = func(r *rapid.T) {
				do(r)
				tally["steps"]++
				tally[name]++
			}
		}
		actions[""] = m.compare
		r.Repeat(actions)
		m.end(r)
	})
	t.Logf("%s histories in %s: %v", checks, time.Since(began), tally)
	if testing.Short() {
		return // a fifth of them, in which not all of this happens
	}
	for _, must := range []string{
		"redeem ", "redeem insufficient_points", "redeem reward_out_of_stock", "redeem reward_unavailable", "replaced",
		"in debt",
		"commit ", "commit amount_out_of_range", "commit already_resolved", "commit expired",
		"commit of a part ", "commit of a part amount_out_of_range", "cancel ", "cancel already_resolved",
		"reverse ", "reverse already_resolved", "reverse validation_failed", "extend ", "extend validation_failed",
		"adjust insufficient_points",
		"refund", "repeat",
	} {
		if tally[must] == 0 && !t.Failed() {
			t.Errorf("in no history there was %q", must)
		}
	}
}

func newMachine(t *testing.T, r *rapid.T, tab table.Table) *machine {
	day := loyalty.Period{Days: 1}
	zone, err := time.LoadLocation(
		rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/Santiago"}).Draw(r, "zone"),
	)
	if err != nil {
		r.Fatal(err)
	}
	began := rapid.SampledFrom(
		[]time.Time{start, time.Date(2026, 3, 26, 20, 0, 0, 0, time.UTC), time.Date(2026, 9, 3, 4, 0, 0, 0, time.UTC)},
	).Draw(r, "start")
	m := &machine{bench: newBench(t, tab), clean: tab, model: &model{
		now: began, zone: zone,
		hold:  rapid.SampledFrom([]time.Duration{30 * time.Minute, 5 * 24 * time.Hour}).Draw(r, "hold"),
		grace: rapid.SampledFrom([]int{0, 0, 3}).Draw(r, "grace"),
		refunds: rapid.SampledFrom(
			[]loyalty.OnRefund{loyalty.AllBack, loyalty.ShareBack, loyalty.NoneBack},
		).Draw(r, "on refund"),
		offers: map[string]offer{
			"sticker": {cost: 3},
			"mug":     {cost: 5, pieces: []time.Time{{}, {}}},
			"badge":   {cost: 2, aDay: 1, ever: 3},
			"print":   {cost: 4, pieces: []time.Time{{}, began.AddDate(0, 0, 2)}, ever: 1},
			"miles":   {cost: 3, parts: true},
		},
		members: map[loyalty.MemberID]*person{"mem_ada": {}, "mem_eve": {}},
	}}
	m.now, m.extended = began, map[loyalty.MemberID]int{}
	m.p = &loyalty.Program{
		ID: "bluebird", Version: 1, Zone: zone, Hold: m.model.hold,
		Earn: loyalty.Earn{
			Rates:  map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 100}},
			Counts: loyalty.Counts{Items: true}, Pending: loyalty.Wait{For: loyalty.Period{Days: wait}},
			Expires: loyalty.Expiry{After: loyalty.Period{Days: life}},
		},
		Goodwill:   loyalty.Goodwill{Extend: loyalty.Period{Days: extendBy}},
		Redemption: loyalty.RedemptionTerms{OnRefund: m.model.refunds, Grace: loyalty.Period{Days: m.model.grace}},
		Wallets:    []loyalty.Wallet{{ID: "miles"}},
		Rewards: []loyalty.Reward{
			{ID: "miles", Type: "wallet_points", Cost: 3, Wallet: "miles", Points: 300},
			{ID: "sticker", Type: "free_product", Cost: 3},
			{ID: "mug", Type: "free_product", Cost: 5, StockBatches: []loyalty.StockBatch{{Quantity: 2}}},
			{
				ID: "badge", Type: "free_product", Cost: 2,
				Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerDay}, {Times: 3, Per: loyalty.PerEver}},
			},
			{
				ID: "print", Type: "free_product", Cost: 4, Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}},
				StockBatches: []loyalty.StockBatch{
					{Quantity: 1}, {At: day.After(day.After(began, time.UTC), time.UTC), Quantity: 1},
				},
			},
		},
	}
	if err := engine.Compile(m.p); err != nil {
		r.Fatal(err)
	}
	for id, p := range m.model.members {
		m.enrol(t, id)
		p.bought, p.claims, p.graced = map[string]purchase{}, map[string]claim{}, map[time.Time]bool{}
	}
	if rapid.Bool().Draw(r, "faults") {
		m.Table = faulty(tab, rapid.Uint64().Draw(r, "of"))
	}
	return m
}

// id is a name that was not used before.
func (m *machine) id(kind string) string {
	m.count++
	return fmt.Sprint(kind, m.count)
}

func (m *machine) who(r *rapid.T) loyalty.MemberID {
	return rapid.SampledFrom([]loyalty.MemberID{"mem_ada", "mem_eve"}).Draw(r, "member")
}

// want checks that a command was refused for one of the reasons that there are, and only if there are any. What was
// done can be repeated, and so can what was refused for good.
func (m *machine) want(r *rapid.T, what string, do func() error, codes ...loyalty.Code) {
	r.Helper()
	codes = slices.DeleteFunc(codes, func(c loyalty.Code) bool { return c == "" })
	code := codeOf(r, do())
	m.tally[fmt.Sprint(what, " ", code)]++
	if len(codes) == 0 && code != "" || len(codes) > 0 && !slices.Contains(codes, code) {
		r.Fatalf("answered %q, want one of %q", code, codes)
	}
	if code == "" {
		m.asked = append(m.asked, answered{do, code})
	}
}

func codeOf(r *rapid.T, err error) loyalty.Code {
	var refusal *loyalty.Error
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	if err != nil {
		r.Fatal(err)
	}
	return ""
}

// untilDone is the error of a command that is repeated until it is answered.
func untilDone[T any](do func() (T, error)) error {
	_, err := until(do)
	return err
}

func (m *machine) repeat(r *rapid.T) {
	if len(m.asked) == 0 {
		r.Skip("nothing was asked")
	}
	a := rapid.SampledFrom(m.asked).Draw(r, "what")
	if code := codeOf(r, a.again()); code != a.code {
		r.Fatalf("repeated, it answers %q instead of %q", code, a.code)
	}
}

// time passes by itself; often to where something happens, or just before.
func (m *machine) time(r *rapid.T) {
	to := m.model.now.Add(rapid.SampledFrom([]time.Duration{
		time.Millisecond, 10 * time.Minute, 29 * time.Minute, time.Hour, 24 * time.Hour, 72 * time.Hour,
		200 * time.Hour,
	}).Draw(r, "later"))
	if next := m.model.next(); !next.IsZero() && rapid.Bool().Draw(r, "to what happens next") {
		to = next.Add(rapid.SampledFrom([]time.Duration{-time.Millisecond, 0, time.Millisecond}).Draw(r, "or"))
	}
	if to.Before(m.model.now) {
		to = m.model.now
	}
	m.advance(to.Sub(m.model.now))
	m.model.pass(to)
	m.compare(r)
	if rapid.Bool().Draw(r, "written down") {
		m.writeDown(r)
	}
}

// writeDown records expired points, as a schedule does.
func (m *machine) writeDown(r *rapid.T) {
	for id := range m.model.members {
		if err := untilDone(func() (int, error) { return m.Advance(r.Context(), m.p, id) }); err != nil {
			r.Fatal(err)
		}
	}
}

func (m *machine) adjust(r *rapid.T) {
	who, id := m.who(r), m.id("adj_")
	n := rapid.SampledFrom([]int{-8, -4, -1, 1, 3, 5, 9}).Draw(r, "points")
	in := ledger.Adjustment{ID: id, Member: who, Points: loyalty.Points(n), Reason: "for the test"}
	m.want(r, "adjust", func() error {
		return untilDone(
			func() (ledger.AdjustmentResult, error) { return m.Adjust(r.Context(), m.p, in, ledger.By{Input: id}) },
		)
	}, m.model.adjust(who, n))
}

func (m *machine) buy(r *rapid.T) {
	who, id := m.who(r), m.id("o")
	o := m.order(id, who, int64(rapid.IntRange(1, 9).Draw(r, "euros")*100))
	m.model.buy(who, id, int(o.Lines[0].Amount/100))
	if err := m.report(r, o); err != nil {
		r.Fatal(err)
	}
	m.asked = append(m.asked, answered{func() error { return m.report(r, m.reported(r, id)) }, ""})
}

// reported returns an order as it was sent last.
func (m *machine) reported(r *rapid.T, id string) loyalty.Order {
	got, err := until(func() (ledger.OrderResult, error) { return m.Order(r.Context(), m.p.ID, id) })
	if err != nil {
		r.Fatal(err)
	}
	return got.State.Order
}

func (m *machine) report(r *rapid.T, o loyalty.Order) error {
	return untilDone(func() (ledger.OrderResult, error) { return m.PutOrder(r.Context(), m.p, o, ledger.By{}) })
}

// refund sends an order with one more refund.
func (m *machine) refund(r *rapid.T) {
	who := m.who(r)
	id := some(r, "order", m.model.members[who].bought)
	o := m.reported(r, id)
	left := o.Lines[0].Amount / 100
	for _, x := range o.Refunds {
		left -= x.Amount / 100
	}
	if left == 0 {
		r.Skip("all of it was refunded")
	}
	// An account remembers the latest expired lots only, and the model all of them.
	if m.Now().After(m.model.members[who].bought[id].lapses.AddDate(0, 0, 10)) {
		r.Skip("its points expired too long ago")
	}
	n := rapid.Int64Range(1, left).Draw(r, "euros")
	o.Refunds = append(
		slices.Clone(o.Refunds),
		loyalty.Refund{ID: m.id("re_"), At: m.Now(), Amount: n * 100, Status: loyalty.RefundSucceeded},
	)
	m.model.refund(who, id, int(n))
	if err := m.report(r, o); err != nil {
		r.Fatal(err)
	}
}

func some[T any](r *rapid.T, what string, from map[string]T) string {
	if len(from) == 0 {
		r.Skip("there is none")
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(from))).Draw(r, what)
}

func (m *machine) reserve(r *rapid.T) { m.redeem(r, false) }

func (m *machine) take(r *rapid.T) { m.redeem(r, true) }

func (m *machine) redeem(r *rapid.T, commit bool) {
	in := ledger.RedemptionRequest{
		ID: m.id("rd_"), Member: m.who(r), Reward: some(r, "reward", m.model.offers),
		Cart: rapid.SampledFrom([]string{"", "", "c", "d"}).Draw(r, "cart"), Commit: commit,
	}
	m.writeDown(r) // otherwise units of expired reservations remain held
	open := len(m.model.members[in.Member].held())
	codes := m.model.redeem(in.Member, in.ID, in.Reward, in.Cart, commit)
	do := func() error {
		return untilDone(func() (ledger.RedemptionResult, error) {
			return m.Redeem(r.Context(), m.p, in, ledger.By{Input: in.ID})
		})
	}
	m.want(r, "redeem", do, codes...)
	if now := len(m.model.members[in.Member].held()); len(codes) == 0 && (now < open || !commit && now == open) {
		m.tally["replaced"]++
	}
	if len(codes) > 0 && !slices.Contains(codes, loyalty.ValidationFailed) {
		m.asked = append(m.asked, answered{do, codeOf(r, do())}) // what was refused stays so
	}
}

// claimed is one of the redemptions that there were, the open ones three times as often.
func (m *machine) claimed(r *rapid.T) (loyalty.MemberID, string, claim) {
	who := m.who(r)
	claims := m.model.members[who].claims
	if open := m.model.members[who].held(); len(open) > 0 && rapid.IntRange(0, 3).Draw(r, "open") > 0 {
		claims = open
	}
	id := some(r, "redemption", claims)
	return who, id, claims[id]
}

// held is the open redemptions.
func (p *person) held() map[string]claim {
	open := maps.Clone(p.claims)
	maps.DeleteFunc(open, func(_ string, c claim) bool { return c.status != loyalty.Reserved })
	return open
}

func (m *machine) commit(r *rapid.T) {
	who, id, c := m.claimed(r)
	n, key := rapid.SampledFrom([]int{0, 0, 1, c.points - 1, c.points, c.points + 1}).Draw(r, "points"), m.id("commit ")
	what := "commit"
	if n > 0 && n < c.points {
		what = "commit of a part"
	}
	m.want(r, what, func() error {
		return untilDone(func() (ledger.RedemptionResult, error) {
			return m.CommitPart(r.Context(), m.p, id, loyalty.Points(n), ledger.By{Input: key})
		})
	}, m.model.commit(who, id, n))
}

func (m *machine) cancel(r *rapid.T) {
	who, id, _ := m.claimed(r)
	key := m.id("cancel ")
	m.want(r, "cancel", func() error {
		return untilDone(
			func() (ledger.RedemptionResult, error) { return m.Cancel(r.Context(), m.p, id, ledger.By{Input: key}) },
		)
	}, m.model.cancel(who, id))
}

func (m *machine) reverse(r *rapid.T) {
	who := m.who(r)
	id, key := some(r, "redemption", m.model.members[who].claims), m.id("reverse ")
	of := rapid.IntRange(1, 4).Draw(r, "of")
	part := rapid.IntRange(1, of).Draw(r, "part")
	m.want(r, "reverse", func() error {
		return untilDone(func() (ledger.RedemptionResult, error) {
			return m.Reverse(r.Context(), m.p, id, big.NewRat(int64(part), int64(of)), ledger.By{Input: key})
		})
	}, m.model.reverse(who, id, part, of))
}

func (m *machine) extend(r *rapid.T) {
	who, id := m.who(r), m.id("ext_")
	if m.extended[who] == 10 {
		r.Skip("an account remembers no more")
	}
	days := rapid.SampledFrom([]int{0, 5, 9, 12, extendBy, extendBy + 1}).Draw(r, "days")
	until := loyalty.DateOf(m.model.midnight(m.model.now, days).Add(-time.Second), m.model.zone)
	in := ledger.Extension{ID: id, Member: who, Until: until, Reason: "for the test"}
	code := m.model.extend(who, days)
	m.want(r, "extend", func() error {
		return untilDone(
			func() (ledger.AdjustmentResult, error) { return m.Extend(r.Context(), m.p, in, ledger.By{Input: id}) },
		)
	}, code)
	if code == "" {
		m.extended[who]++
	}
}

// seen is what both must say of a member: how many points of each kind there are, and which are gone at an instant.
type seen struct {
	Balance           loyalty.Balance
	Redeemed, Expired loyalty.Points
	Active            map[time.Time]int
	Held              map[string]map[time.Time]int
}

func (m *machine) compare(r *rapid.T) {
	for id, p := range m.model.members {
		got, err := until(func() (ledger.Member, error) { return m.Member(r.Context(), m.p, id) })
		if err != nil {
			r.Fatal(err)
		}
		m.tally["in debt"] += min(p.debt, 1)
		for _, x := range p.points {
			if m.tally["graced"] += x.graced; x.graced > 1 {
				r.Fatalf("grace put a point of %s off %d times", id, x.graced)
			}
		}
		if have, want := m.account(got.Account), m.person(p); !reflect.DeepEqual(have, want) {
			r.Fatalf("%s at %s is %+v\nand should be    %+v", id, m.model.now, have, want)
		}
	}
}

func (m *machine) account(a loyalty.Account) seen {
	s := seen{a.Balance(), a.Redeemed, a.Expired, map[time.Time]int{}, map[string]map[time.Time]int{}}
	for _, l := range a.Lots {
		s.Active[l.Expires.End(m.p.Zone).UTC()] += int(l.Points)
	}
	for _, h := range a.Holds {
		s.Held[h.Redemption.ID] = map[time.Time]int{}
		for _, l := range h.Lots {
			s.Held[h.Redemption.ID][l.Expires.End(m.p.Zone).UTC()] += int(l.Points)
		}
	}
	return s
}

func (m *machine) person(p *person) seen {
	s := seen{Active: map[time.Time]int{}, Held: map[string]map[time.Time]int{}}
	s.Balance = loyalty.Balance{
		Active: p.count("active"), Pending: p.count("pending"), Reserved: p.count("held"),
		Debt: loyalty.Points(p.debt),
	}
	s.Redeemed, s.Expired = p.count("spent"), p.count("expired")+p.count("written off")
	for _, x := range p.points {
		switch {
		case x.state == "active":
			s.Active[x.lapses.UTC()]++
		case x.state == "held" && s.Held[x.of] == nil:
			s.Held[x.of] = map[time.Time]int{}
			fallthrough
		case x.state == "held":
			s.Held[x.of][x.lapses.UTC()]++
		}
	}
	return s
}

// end compares what is not looked at after each step: how every redemption ended, the units that are taken, the books.
func (m *machine) end(r *rapid.T) {
	m.writeDown(r)
	m.Table = m.clean
	taken := map[string]int64{}
	for id, p := range m.model.members {
		for rd, c := range p.claims {
			got, err := m.Redemption(r.Context(), m.p.ID, rd)
			if x := got.Redemption; err != nil || x.Status != c.status || x.Points != loyalty.Points(c.points) ||
				x.Restored != loyalty.Points(c.back) {
				r.Errorf("%s is %+v, %v, and should be %+v", rd, x, err, c)
			}
			if c.counts() {
				taken[c.reward]++
			}
		}
		if err := m.Audit(r.Context(), m.p.ID, id); err != nil {
			r.Error(err)
		}
	}
	for _, reward := range []string{"mug", "print"} {
		left, err := m.Budget(r.Context(), m.p.ID, "rewards."+reward, 100)
		if err != nil || 100-int64(left) != taken[reward] {
			r.Errorf("%d units of %s are left of 100, %v, and %d are taken", left, reward, err, taken[reward])
		}
	}
}
