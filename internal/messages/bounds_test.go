package messages

import (
	"errors"
	"fmt"
	"maps"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var noon = loyaltytest.Noon

// A bench is a ledgertest.Bench with a program and a member.
type bench struct {
	*ledgertest.Bench
	p *loyalty.Program
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{ledgertest.New(t), &loyalty.Program{ID: "p", Version: 1, Zone: time.UTC}}
	b.p.Earn.Rates = map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 100}}
	b.p.Earn.Counts = loyalty.Counts{Items: true}
	b.p.Earn.Pending = calendar.Wait{For: calendar.Period{Days: 14}}
	b.p.Rewards = []loyalty.Reward{{
		ID: "card", Type: "gift_card", Cost: 100, Value: loyalty.Money{Amount: 10_00, Currency: "EUR"},
		Codes: loyalty.Codes{From: loyalty.GeneratedCode},
	}}
	if err := engine.Compile(b.p); err != nil {
		t.Fatal(err)
	}
	in := members.Enrollment{Member: "mem_ada", Consents: []remind.Consent{{
		Channel: loyalty.Email, Purpose: loyalty.Marketing, Granted: true, At: noon,
	}}}
	if _, err := (members.Members{Ledger: b.Ledger}).Enroll(t.Context(), b.p, in, ledger.By{Input: "a"}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) visit(t *testing.T) *Visit {
	t.Helper()
	v, err := Reminders{b.Ledger}.Visit(t.Context(), b.p, "mem_ada", nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// figures returns the figures of the reminder "idle" in the present month.
func (b *bench) figures(t *testing.T) map[string]int64 {
	t.Helper()
	all, err := Messages{b.Ledger}.Figures(t.Context(), "p", b.Clock, b.Clock)
	if err != nil {
		t.Fatal(err)
	}
	return all["idle"]
}

// news returns a message about subjects that can occur again later.
func news(purpose loyalty.Purpose, subjects ...string) remind.News {
	n := remind.News{Reminder: "idle", On: loyalty.AfterIdle, Purpose: purpose, Channel: loyalty.Email}
	for _, id := range subjects {
		n.Subjects = append(n.Subjects, remind.Subject{ID: id, Due: noon, Until: noon.AddDate(1, 0, 0)})
	}
	return n
}

func TestLeaseOfAClaim(t *testing.T) {
	for _, c := range []struct {
		name   string
		flight *Flight
		want   bool
	}{
		{"no claim", nil, false},
		{"before the end", &Flight{At: noon.Add(-lease + 1)}, false},
		{"at the end", &Flight{At: noon.Add(-lease)}, true},
		{"after the end", &Flight{At: noon.Add(-lease - 1)}, true},
	} {
		if got := c.flight.Abandoned(noon); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// A claimed message is recorded or released. The next visit finds the claim until then.
func TestMessageThatIsClaimed(t *testing.T) {
	for _, purpose := range []loyalty.Purpose{loyalty.Marketing, loyalty.Transactional} {
		for _, end := range []string{"record", "record as claimed", "release"} {
			name := fmt.Sprint(purpose, ", ", end)
			b := newBench(t)
			ms, n := Messages{b.Ledger}, news(purpose, "x", "y")
			v := b.visit(t)
			id := MessageID("p", "mem_ada", n)
			if err := ms.Claim(t.Context(), b.p, v, n, "r1"); err != nil {
				t.Fatal(err)
			}
			if v.Flight.ID != id || !v.Flight.At.Equal(noon) || len(v.Flight.sent) != 2 ||
				!v.Next.Equal(noon.Add(lease)) {
				t.Errorf("%s: the claim is %+v", name, v.Flight)
			}
			again := b.visit(t)
			if f := again.Flight; f == nil || f.ID != id || !f.At.Equal(noon) || len(f.sent) != 2 ||
				f.Once != (purpose == loyalty.Marketing) || !again.PlannedBy("r1") || again.PlannedBy("r2") ||
				!again.Next.Equal(noon.Add(lease)) {
				t.Errorf("%s: the next visit finds %+v", name, again)
			}
			b.Clock = noon.Add(time.Minute)
			var err error
			next, sent := b.Clock, map[string]int64{FigureSent: 1}
			switch end {
			case "record":
				err = ms.Record(t.Context(), b.p, v, n, "r2")
			case "record as claimed":
				err = ms.Record(t.Context(), b.p, v, remind.News{}, "r2")
			default:
				next, sent = noon.Add(time.Hour), nil
				err = ms.Release(t.Context(), b.p, v, next, "r2")
			}
			if err != nil || v.Flight != nil || !v.PlannedBy("r2") || !v.Next.Equal(next) {
				t.Errorf("%s: %+v, %v", name, v, err)
			}
			after := b.visit(t)
			want := 2 * len(sent)
			if len(after.State.SentReminders) != want || after.Flight != nil || !after.Next.Equal(next) ||
				!maps.Equal(b.figures(t), sent) {
				t.Errorf("%s: the state is %+v, and the figures are %v", name, after.State, b.figures(t))
			}
			for _, s := range after.State.SentReminders {
				if s.ID != id || !s.At.Equal(noon) || s.Reminder != "idle" || s.Channel != loyalty.Email {
					t.Errorf("%s: %+v", name, s)
				}
			}
			if marketing := purpose == loyalty.Marketing; len(after.State.Sent) > 0 != (marketing && want > 0) {
				t.Errorf("%s: the marketing messages are %+v", name, after.State.Sent)
			}
		}
	}
}

// Another process may write the state while a message is in flight. The end of the claim does not undo the change. If
// the other process ended the claim, nothing is recorded.
func TestClaimWhoseStateChanges(t *testing.T) {
	for _, c := range []struct {
		name  string
		other func(b *bench) error
		want  error
	}{
		{"nothing", func(*bench) error { return nil }, nil},
		{
			"a consent", func(b *bench) error {
				x := remind.Consent{Channel: loyalty.SMS, Purpose: loyalty.Marketing, Granted: true}
				return members.Consents{Ledger: b.Ledger}.Consent(
					t.Context(), b.p, "mem_ada", []remind.Consent{x}, "key",
				)
			}, nil,
		},
		{
			"the claim ends", func(b *bench) error {
				return Messages{b.Ledger}.Release(t.Context(), b.p, b.visit(t), noon, "r3")
			}, ErrClaimed,
		},
		{
			"another claim begins", func(b *bench) error {
				v, ms := b.visit(t), Messages{b.Ledger}
				if err := ms.Release(t.Context(), b.p, v, noon, "r3"); err != nil {
					return err
				}
				return ms.Claim(t.Context(), b.p, v, news(loyalty.Marketing, "z"), "r3")
			}, ErrClaimed,
		},
	} {
		b := newBench(t)
		ms, n := Messages{b.Ledger}, news(loyalty.Marketing, "x")
		v := b.visit(t)
		stale := *v
		if err := ms.Claim(t.Context(), b.p, v, n, "r1"); err != nil {
			t.Fatal(err)
		}
		if err := ms.Claim(t.Context(), b.p, &stale, n, "r1"); !errors.Is(err, ErrClaimed) {
			t.Errorf("%s: a second claim: %v", c.name, err)
		}
		if err := c.other(b); err != nil {
			t.Fatal(err)
		}
		if err := ms.Record(t.Context(), b.p, v, n, "r2"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if sent := b.figures(t)[FigureSent]; (sent == 1) != (c.want == nil) {
			t.Errorf("%s: %d messages are sent", c.name, sent)
		}
	}
	b := newBench(t)
	ms, v := Messages{b.Ledger}, b.visit(t)
	if err := ms.Claim(t.Context(), b.p, v, news(loyalty.Marketing, "x"), "r1"); err != nil {
		t.Fatal(err)
	}
	b.Fail = []error{table.ErrBusy}
	if err := ms.Release(t.Context(), b.p, v, noon, "r1"); !errors.Is(err, ledger.ErrTryAgain) || v.Flight == nil {
		t.Errorf("the table is busy: %+v, %v", v, err)
	}
}

// A message that is withheld by the holdout counts for the caps, and was not sent.
func TestMessageThatTheHoldoutWithholds(t *testing.T) {
	b := newBench(t)
	ms, v := Messages{b.Ledger}, b.visit(t)
	ms.HoldOut(b.p, v, news(loyalty.Marketing, "x"))
	if err := ms.Plan(t.Context(), b.p, v, noon.Add(time.Hour), "r1"); err != nil {
		t.Fatal(err)
	}
	got := b.visit(t)
	if s := got.State.SentReminders; len(s) != 1 || s[0].Channel != "" || !got.Next.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v", got)
	}
	if f := b.figures(t); len(f) > 0 {
		t.Errorf("the figures are %v", f)
	}
}

// A delivery report counts once. If the message bounced permanently, the reminders are due at once.
func TestReportOfADelivery(t *testing.T) {
	for _, c := range []struct {
		name     string
		what     string
		passing  bool
		id       string
		times    int
		fail     []error
		reminder string
		figures  map[string]int64
		failed   bool
		due      bool
	}{
		{
			"delivered", FigureDelivered, false, "", 1, nil, "idle",
			map[string]int64{FigureSent: 1, FigureDelivered: 1},
			false, false,
		},
		{
			"delivered twice", FigureDelivered, false, "", 2, nil, "",
			map[string]int64{FigureSent: 1, FigureDelivered: 1},
			false, false,
		},
		{
			"failed", FigureFailed, false, "", 1, nil, "idle",
			map[string]int64{FigureSent: 1, FigureFailed: 1},
			true,
			true,
		},
		{
			"failed for now", FigureFailed, true, "", 1, nil, "idle",
			map[string]int64{FigureSent: 1, FigureFailed: 1},
			true, false,
		},
		{"another message", FigureFailed, false, "msg_x", 1, nil, "", map[string]int64{FigureSent: 1}, false, false},
		{"no report", "", false, "", 1, nil, "", map[string]int64{FigureSent: 1}, false, false},
		{
			"after a conflict", FigureOpened, false, "", 1,
			[]error{&table.ConflictError{}},
			"idle",
			map[string]int64{FigureSent: 1, FigureOpened: 1},
			false, false,
		},
	} {
		b := newBench(t)
		ms, n := Messages{b.Ledger}, news(loyalty.Marketing, "x")
		v := b.visit(t)
		if err := ms.Claim(t.Context(), b.p, v, n, "r1"); err != nil {
			t.Fatal(err)
		}
		if err := ms.Record(t.Context(), b.p, v, n, "r1"); err != nil {
			t.Fatal(err)
		}
		other := news(loyalty.Transactional, "y")
		if err := ms.Claim(t.Context(), b.p, v, other, "r1"); err != nil {
			t.Fatal(err)
		}
		b.Clock = noon.Add(time.Minute)
		id := c.id
		if id == "" {
			id = MessageID("p", "mem_ada", n)
		}
		b.Fail = c.fail
		var reminder string
		for range c.times {
			var err error
			if reminder, err = ms.Delivery(t.Context(), "p", "mem_ada", id, c.what, c.passing); err != nil {
				t.Fatal(err)
			}
		}
		got := b.visit(t)
		next := noon.Add(lease)
		if c.due {
			next = b.Clock
		}
		if reminder != c.reminder || !maps.Equal(b.figures(t), c.figures) || !got.Next.Equal(next) ||
			got.State.SentReminders[0].Failed != c.failed {
			t.Errorf("%s: reminder %q, figures %v, %+v", c.name, reminder, b.figures(t), got)
		}
		if got.Flight == nil || got.Flight.ID != MessageID("p", "mem_ada", other) || !got.PlannedBy("r1") {
			t.Errorf("%s: the claim of another message is %+v", c.name, got.Flight)
		}
	}
	b := newBench(t)
	if reminder, err := (Messages{b.Ledger}).Delivery(
		t.Context(), "p", "mem_eve", "msg_x", FigureOpened, false,
	); reminder != "" || err != nil {
		t.Errorf("an unknown member: %q, %v", reminder, err)
	}
}

func TestFiguresOfConcludedMessages(t *testing.T) {
	for _, c := range []struct {
		s    remind.Settled
		want []figure
	}{
		{remind.Settled{Reminder: "r"}, []figure{{"r", FigureEnded}}},
		{remind.Settled{Reminder: "r", Acted: true}, []figure{{"r", FigureEnded}, {"r", FigureActed}}},
		{remind.Settled{Reminder: "r", Held: true}, []figure{{"r", FigureHeld}}},
		{
			remind.Settled{Reminder: "r", Held: true, Acted: true},
			[]figure{{"r", FigureHeld}, {"r", FigureHeldActed}},
		},
	} {
		if got := settled(c.s); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%+v: %v, want %v", c.s, got, c.want)
		}
	}
}

// Figures are counted by the month in UTC, and summed over months.
func TestFiguresByMonth(t *testing.T) {
	b := newBench(t)
	for _, at := range []time.Time{
		time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2027, 1, 1, 0, 30, 0, 0, time.FixedZone("", 3600)), // still in December in UTC
	} {
		for _, m := range []loyalty.MemberID{"mem_ada", "mem_bob"} {
			fs := []figure{{"idle", FigureSent}, {"idle", FigureOpened}, {"idle", FigureSent}, {"other", FigureSent}}
			if err := b.Table.Transact(t.Context(), figureOps("p", m, at, fs)...); err != nil {
				t.Fatal(err)
			}
		}
	}
	november, december := noon.AddDate(0, -1, 0), noon
	for _, c := range []struct {
		name     string
		from, to time.Time
		sent     int64
		opened   int64
	}{
		{"November", november, november, 4, 2},
		{"December", december, december, 8, 4},
		{"both", november, december, 12, 6},
		{"up to the first instant of December", november, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), 12, 6},
		{"January", noon.AddDate(0, 1, 0), noon.AddDate(0, 1, 0), 0, 0},
		{"none", december, november, 0, 0},
	} {
		got, err := Messages{b.Ledger}.Figures(t.Context(), "p", c.from, c.to)
		if err != nil || got["idle"][FigureSent] != c.sent || got["idle"][FigureOpened] != c.opened ||
			got["other"][FigureSent] != c.sent/2 {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	damaged := table.Item{
		Key: table.Key{PK: figurePartition("p", "2026-12"), SK: figuresOfReminder + "x"},
		Doc: []byte("{}"),
	}
	if err := b.Table.Transact(t.Context(), table.Put(damaged)); err != nil {
		t.Fatal(err)
	}
	if _, err := (Messages{b.Ledger}).Figures(t.Context(), "p", noon, noon); err == nil {
		t.Error("a figure is damaged")
	}
}

// A notice is recorded once. A notice of a member who does not exist is rejected.
func TestNoticeThatIsRecorded(t *testing.T) {
	b := newBench(t)
	n := Notices{b.Ledger}
	notify := func(m loyalty.MemberID, subject string) error {
		return n.Notify(t.Context(), b.p, m, loyalty.OfExpiry, subject, ledger.By{Actor: "test"})
	}
	for _, subject := range []string{"2027-01-31", "2027-01-31", "2027-02-28"} {
		if err := notify("mem_ada", subject); err != nil {
			t.Fatal(err)
		}
	}
	if err := notify("mem_eve", "2027-01-31"); !errors.Is(err, loyalty.NotFound) {
		t.Errorf("an unknown member: %v", err)
	}
	acc, err := b.LastWritten(t.Context(), "p", "mem_ada")
	if err != nil || acc.Sequence != 3 {
		t.Errorf("%+v, %v", acc, err)
	}
	if err := n.Unnotify(t.Context(), b.p, "mem_ada", "msg_x", ledger.By{Actor: "test"}); err != nil {
		t.Errorf("a message without a notice: %v", err)
	}
}

// A foreseen visit advances the account without a write. A visit writes the entries that are due.
func TestVisitInTheFuture(t *testing.T) {
	b := newBench(t)
	o := loyalty.Order{
		ID: "1", Member: "mem_ada", PlacedAt: noon, Currency: "EUR", Status: loyalty.OrderPaid,
		Lines: []loyalty.Line{{ID: "1", SKU: "MUG", Quantity: 1, Amount: 40_00}},
	}
	if _, err := (service.Orders{Ledger: b.Ledger}).Put(t.Context(), b.p, o, ledger.By{Actor: "shop"}); err != nil {
		t.Fatal(err)
	}
	later := noon.AddDate(0, 0, 14)
	for _, c := range []struct {
		at     time.Time
		active loyalty.Points
		seen   int64
	}{
		{noon, 0, 2},
		{later.Add(-time.Millisecond), 0, 2},
		{later, 40, 3},
	} {
		v, err := Reminders{b.Ledger}.Foresee(t.Context(), b.p, "mem_ada", nil, c.at)
		if err != nil || v.Account.Balance().Active != c.active || v.State.Seen != c.seen {
			t.Errorf("foreseen at %s: %+v, %v", c.at, v.State, err)
		}
		v, err = Reminders{b.Ledger}.Foresee(t.Context(), b.p, "mem_ada", nil, noon)
		if err == nil {
			err = v.Pass(b.p, c.at)
		}
		if err != nil || v.Account.Balance().Active != c.active || v.State.Seen != c.seen {
			t.Errorf("passed until %s: %+v, %v", c.at, v.State, err)
		}
		b.Clock = c.at
		v, err = Reminders{b.Ledger}.Foresee(t.Context(), b.p, "mem_ada", nil, c.at)
		if err != nil || v.Account.Balance().Active != c.active || v.State.Seen != c.seen {
			t.Errorf("foreseen now, at %s: %+v, %v", c.at, v.State, err)
		}
		if acc, err := b.LastWritten(t.Context(), "p", "mem_ada"); err != nil || acc.Sequence != 2 {
			t.Errorf("a foreseen visit writes entry %d, %v", acc.Sequence, err)
		}
		b.Clock = noon
	}
	b.Clock = later
	if v := b.visit(t); v.Account.Balance().Active != 40 || v.State.Seen != 3 {
		t.Errorf("%+v", v)
	}
	if acc, err := b.LastWritten(t.Context(), "p", "mem_ada"); err != nil || acc.Sequence != 3 {
		t.Errorf("the visit writes entry %d, %v", acc.Sequence, err)
	}
	if _, err := (Reminders{b.Ledger}).Visit(t.Context(), b.p, "mem_eve", nil); !errors.Is(err, loyalty.NotFound) {
		t.Errorf("an unknown member: %v", err)
	}
}
