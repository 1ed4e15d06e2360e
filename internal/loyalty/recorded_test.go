package loyalty

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/goldentest"
)

// TestRecordedHistories runs random members of random programs and compares each entry, each rejection and what members are
// shown with a golden file. Instants and amounts are often exactly at a bound. The seeds are fixed: other tests state what
// is right, and this one finds changes that none of them expects. A line ends with a hash of everything that it leaves out.
// After each command the entries must be sound, and applied to the account before it they must give the account after it.
func TestRecordedHistories(t *testing.T) {
	for seed := range uint64(30) {
		name := fmt.Sprintf("%02d", seed)
		t.Run(name, func(t *testing.T) {
			h := newRecorded(t, seed)
			for range 45 {
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
	r      *rand.Rand
	at     time.Time
	orders []Order
	events map[string]*EventState
	spent  []Entry // the latest entries of redemptions
	moved  []Entry // and of conversions
	left   Budgets // of the rules with a budget
	told   Reminded
	out    strings.Builder
}

func newRecorded(t *testing.T, seed uint64) *recorded {
	r := rand.New(rand.NewPCG(seed, 31))
	p := drawnProgram(t, r)
	return &recorded{shop: newShop(t, p), r: r, at: noon, events: map[string]*EventState{}, left: Budgets{"campaigns.fund": 90}}
}

// pick returns one of the values.
func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// line writes a line with a hash of values.
func (h *recorded) line(what, text string, values ...any) {
	rest, err := json.Marshal(values)
	if err != nil {
		h.t.Fatal(err)
	}
	shown := strings.TrimSpace(what+" "+text) + " "
	fmt.Fprintln(&h.out, goldentest.Hashed(shown+string(rest), len(shown)))
}

// do runs a command at the present instant, and writes what it did.
func (h *recorded) do(what string, command func() (Outcome, error)) bool {
	out, err := command()
	var rejected *Error
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

// keep takes over an outcome after the entries were checked.
func (h *recorded) keep(out Outcome) {
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
	if err := CheckWrite(before, h.acc, entries); err != nil {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		var err error
		if acc, err = acc.Apply(e); err != nil {
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
		if !slices.IsSortedFunc(purse.Lots, func(x, y Lot) int { return x.Expires.Compare(y.Expires) }) ||
			slices.ContainsFunc(purse.Lots, func(l Lot) bool { return l.Points <= 0 }) || purse.Debt < 0 {
			h.t.Fatal(fmt.Sprintf("the wallet is %+v", purse))
		}
	}
}

func (h *recorded) write(e Entry) {
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
		h.events[e.Event.Event.Cause()] = e.Event
	case e.Redemption != nil:
		h.spent = append(slices.DeleteFunc(h.spent, func(x Entry) bool { return x.Redemption.ID == e.Redemption.ID }), e)
	case e.Conversion != nil:
		h.moved = append(slices.DeleteFunc(h.moved, func(x Entry) bool { return x.Conversion.ID == e.Conversion.ID }), e)
	}
}

// step lets some time pass, runs a command, and writes what the member is shown.
func (h *recorded) step() {
	h.wait()
	out, err := h.p.Advance(h.acc, h.at)
	if err != nil {
		h.t.Fatal(err)
	}
	h.keep(out)
	commands := []func(){
		h.buy, h.buy, h.buy, h.revise, h.revise, h.revise, h.redeem, h.resolve, h.adjust, h.place, h.tellTraits, h.send, h.convert, h.goodwill,
	}
	commands[h.r.IntN(len(commands))]()
	h.show()
	h.remind()
}

// wait moves the clock on, often to the instant at which something is due.
func (h *recorded) wait() {
	due := h.p.Due(h.acc)
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
		h.at = h.at.Add(pick(h.r, time.Hour, 12*time.Hour, 24*time.Hour, 24*time.Hour, 8*24*time.Hour, 31*24*time.Hour, 70*24*time.Hour))
		h.line("at", h.at.UTC().Format(time.RFC3339Nano))
	}
}

func (h *recorded) buy() {
	o := Order{
		ID: fmt.Sprint(len(h.orders) + 1), Member: h.acc.Member, PlacedAt: h.at, Status: pick(h.r, OrderPaid, OrderPaid, OrderPaid, OrderPlaced),
		Currency: pick[Currency](h.r, "EUR", "EUR", "EUR", "JPY", "CHF"), Channel: pick(h.r, "web", "shop"),
	}
	if h.r.IntN(3) == 0 {
		o.PlacedAt = o.PlacedAt.Add(-pick(h.r, time.Millisecond, time.Hour, 20*24*time.Hour, 89*24*time.Hour))
	}
	if since := h.acc.Tier.Since; h.r.IntN(6) == 0 && h.at.Sub(since) < MaxOrderAge {
		o.PlacedAt = since.Add(pick(h.r, 0, -time.Millisecond))
	}
	for i := range 1 + h.r.IntN(3) {
		o.Lines = append(o.Lines, Line{
			ID: fmt.Sprint(i), Category: pick(h.r, "", "beans", "cards"), SKU: pick(h.r, "a", "b"), Brand: pick(h.r, "", "east", "west"),
			Quantity: pick[int64](h.r, 1, 1, 2, 5), Amount: pick[int64](h.r, 0, 1, 50, 999, 1000, 1001, 2500, 5000, 10000, 19999, 30000),
		})
	}
	o.Discount, o.Shipping, o.Tax = o.items()/pick[int64](h.r, 4, 10, 1_000_000), pick[int64](h.r, 0, 0, 500), pick[int64](h.r, 0, 0, 190)
	for _, kind := range []TenderKind{TenderGiftCard, TenderPoints, TenderCard} {
		if h.r.IntN(4) == 0 {
			o.Tenders = append(o.Tenders, Tender{Kind: kind, Amount: o.total() / pick[int64](h.r, 3, 4, 5), Name: pick(h.r, "", "house")})
		}
	}
	h.orders = append(h.orders, o)
	quote, err := h.p.Quote(h.acc, o, h.left, h.at)
	h.line("quote", fmt.Sprint(quote.Points), quote, fmt.Sprint(err))
	h.order("order", len(h.orders)-1)
}

// order delivers an order in its present state.
func (h *recorded) order(what string, i int) bool {
	o := h.orders[i]
	return h.do(what+" "+o.ID, func() (Outcome, error) { return h.shop.place(h.states[o.ID], o, h.left, h.at) })
}

func (h *recorded) revise() {
	if len(h.orders) == 0 {
		return
	}
	i := max(0, len(h.orders)-1-h.r.IntN(4))
	was := h.orders[i]
	o := &h.orders[i]
	o.Refunds, o.Disputes = slices.Clone(o.Refunds), slices.Clone(o.Disputes)
	switch h.r.IntN(9) {
	case 0:
		o.Status = OrderCancelled
	case 1:
		o.Status = OrderPaid
	case 2, 3:
		n := o.total() / pick[int64](h.r, 1, 2, 3, 100)
		o.Refunds = append(o.Refunds, Refund{ID: fmt.Sprint("r", len(o.Refunds)), At: h.at, Status: RefundSucceeded, Amount: n})
	case 4:
		l := pick(h.r, o.Lines...)
		r := Refund{ID: fmt.Sprint("r", len(o.Refunds)), At: h.at, Status: RefundSucceeded, Amount: l.Amount / pick[int64](h.r, 1, 2)}
		r.Lines = []RefundLine{{l.ID, 1, r.Amount}}
		o.Refunds = append(o.Refunds, r)
	case 5:
		r := Refund{ID: fmt.Sprint("r", len(o.Refunds)), At: h.at, Status: RefundSucceeded, Amount: o.Shipping + o.Tax, Shipping: o.Shipping, Tax: o.Tax}
		o.Refunds = append(o.Refunds, r)
	case 6:
		for j := range o.Refunds {
			o.Refunds[j].Status = pick(h.r, RefundFailed, RefundSucceeded)
		}
	case 7:
		status := pick(h.r, DisputeOpen, DisputeWon, DisputeLost)
		o.Disputes = []Dispute{{"d", h.at, status, o.total() / pick[int64](h.r, 1, 2)}}
	case 8:
		o.Delivered = h.at
	}
	if !h.order("revision", i) {
		h.orders[i] = was
	}
}

func (h *recorded) redeem() {
	in := Redemption{
		ID: fmt.Sprint("rd_", len(h.entries)), Reward: pick(h.r, "mug", "mug", "miles", "perk", PayReward, "gone"), Cart: pick(h.r, "", "", "cart"),
		Total: Money{pick[int64](h.r, 100, 2500), "EUR"},
	}
	if in.Reward == PayReward {
		in.Points = pick[Points](h.r, 0, 50, 99, 100, 150)
	}
	if in.Reward == "mug" {
		in.Code = "CODE-" + in.ID
	}
	commit := h.r.IntN(2) == 0
	h.do(fmt.Sprint("redeem ", in.Reward, " ", commit), func() (Outcome, error) { return h.p.Redeem(h.acc, in, commit, nil, h.at) })
}

// resolve ends or reverses a redemption.
func (h *recorded) resolve() {
	if len(h.spent) == 0 {
		return
	}
	e := h.spent[max(0, len(h.spent)-1-h.r.IntN(3))]
	x := *e.Redemption
	switch h.r.IntN(5) {
	case 0:
		h.do("cancel", func() (Outcome, error) { return h.p.Cancel(h.acc, x, h.at) })
	case 1, 2:
		n := pick(h.r, 0, 0, x.Points/2, x.Points)
		h.do(fmt.Sprint("commit ", n), func() (Outcome, error) { return h.p.Commit(h.acc, x, n, h.at) })
	default:
		share := pick(h.r, big.NewRat(1, 3), big.NewRat(1, 2), big.NewRat(1, 1))
		h.do("reverse "+share.String(), func() (Outcome, error) { return h.p.Reverse(h.acc, e, share, h.at) })
	}
}

func (h *recorded) adjust() {
	wallet := pick(h.r, "", "", "miles")
	n := pick(h.r, 1, 40, 300, -1, -30, -h.acc.BalanceOf(wallet).Active)
	h.do(fmt.Sprint("adjust ", wallet, n), func() (Outcome, error) {
		return h.p.Adjust(h.acc, fmt.Sprint("adj_", len(h.entries)), wallet, n, "sorry", h.at)
	})
}

// place sets a level manually.
func (h *recorded) place() {
	in := Placement{Level: pick(h.r, "bronze", "silver", "gold"), Permanent: h.r.IntN(6) == 0, Locked: h.r.IntN(3) == 0, Reason: "match"}
	if h.r.IntN(2) == 0 {
		in.Until = h.at.Add(pick(h.r, time.Millisecond, 20*24*time.Hour, 100*24*time.Hour))
	}
	if len(h.p.Ladders) > 0 && h.r.IntN(2) == 0 {
		in.Ladder = "partner"
	}
	h.do("set "+in.Level, func() (Outcome, error) { return h.p.SetTier(h.acc, fmt.Sprint("set_", len(h.entries)), in, h.at) })
}

func (h *recorded) tellTraits() {
	if h.r.IntN(3) == 0 {
		h.do("opt in", func() (Outcome, error) { return h.p.OptIn(h.acc, "club", h.at) })
		return
	}
	traits := Traits{
		Zone: pick(h.r, "", "America/New_York"), Birthday: pick(h.r, 0, 229, 1202), YearFrom: pick(h.r, 0, 615),
		Segments: pick(h.r, nil, []string{"card"}, []string{"vip", "card"}),
	}
	h.do("traits", func() (Outcome, error) { return h.p.SetTraits(h.acc, traits, h.at) })
}

// send reports an event, or a later state of one.
func (h *recorded) send() {
	ev := Event{Type: pick(h.r, "visit.completed", "review.approved", "review.declined"), ID: fmt.Sprint(h.r.IntN(6)), Member: h.acc.Member, At: h.at}
	prior := h.events[ev.Cause()]
	if prior != nil {
		ev.At = prior.Event.At
	}
	h.do(ev.Type, func() (Outcome, error) { return h.p.PlaceEvent(h.acc, prior, h.p, ev, h.at) })
}

func (h *recorded) convert() {
	if len(h.moved) > 0 && h.r.IntN(2) == 0 {
		e, n := pick(h.r, h.moved...), pick[Points](h.r, 0, 3, 7)
		h.do(fmt.Sprint("convert back ", n), func() (Outcome, error) { return h.p.ConvertBack(h.acc, e, n, h.at) })
		return
	}
	from, to := "", "miles"
	if h.r.IntN(3) == 0 {
		from, to = to, from
	}
	n := pick(h.r, 10, 25, h.acc.BalanceOf(from).Active)
	h.do(fmt.Sprint("convert ", from, n), func() (Outcome, error) {
		return h.p.Convert(h.acc, fmt.Sprint("cv_", len(h.entries)), from, to, n, h.at)
	})
}

// goodwill extends, reinstates or activates points, or records a notice.
func (h *recorded) goodwill() {
	day := DateOf(h.at.AddDate(0, pick(h.r, 0, 2, 25), 0), h.p.Zone)
	switch h.r.IntN(4) {
	case 0:
		h.do("extend", func() (Outcome, error) {
			return h.p.Extend(h.acc, fmt.Sprint("ext_", len(h.entries)), day, "sorry", h.at)
		})
	case 1:
		for _, e := range slices.Backward(h.entries) {
			if e.Kind == KindExpire {
				h.do("reinstate", func() (Outcome, error) { return h.p.Reinstate(h.acc, e, day, "sorry", h.at) })
				return
			}
		}
	case 2:
		for _, o := range slices.Backward(h.orders) {
			if s := h.states[o.ID]; s != nil {
				h.do("activate", func() (Outcome, error) { return h.p.ActivateOrder(h.acc, *s, h.p, h.at) })
				return
			}
		}
	case 3:
		what, subject := OfFall, TierNotice(h.acc.Tier)
		if len(h.acc.Lots) > 0 && h.r.IntN(2) == 0 {
			what, subject = OfLapse, h.acc.Lots[0].Expires.String()
		}
		h.do("notify", func() (Outcome, error) { return h.p.Notify(h.acc, what, subject, h.at) })
	}
}

// show writes what a member is shown: levels, what is missing, rewards and what comes next.
func (h *recorded) show() {
	views := []any{h.p.Due(h.acc), h.p.NextRun(h.acc), h.p.AccountNotices(h.acc), h.p.Perks(h.acc, nil, h.at), h.p.Shares(h.acc)}
	add := func(all ...any) { views = append(views, all...) }
	for _, id := range []string{"", "partner"} {
		p, acc := h.p, h.acc
		if id != "" {
			var ok bool
			if p, acc, ok = h.p.OnLadder(acc, id); !ok {
				continue
			}
		}
		next, gap, ok := p.Progress(acc, h.at)
		stay, stays := p.Stay(acc, h.at)
		add(next, gap, ok, stay, stays, p.Gaps(acc, len(p.Tiers.Levels)-1, h.at), p.levelAt(acc, h.at.AddDate(0, 0, -20)))
	}
	ahead, at, ok := h.p.Ahead(h.acc)
	add(ahead, at, ok)
	for _, r := range h.p.Rewards {
		add(h.p.Available(h.acc, r, Redemption{Total: Money{2500, "EUR"}}, nil, h.at).Lacks)
	}
	for _, n := range []Points{0, 99, 150} {
		pay, ok := h.p.Payable(n, Money{2500, "EUR"})
		add(pay, ok)
	}
	h.line("shown", fmt.Sprintf("%d %s", h.acc.Balance().Active, h.acc.Tier.Level), views...)
}
