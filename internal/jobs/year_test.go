package jobs

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A doing is an action of a member at an instant of the year.
type doing struct {
	at time.Time
	do func(t *testing.T)
}

// A year is a program, members and their actions, all determined by the seed.
type year struct {
	*bench
	post     provider
	zones    map[loyalty.MemberID]*time.Location
	agreed   map[loyalty.MemberID]map[string]bool // the consents of members, by channel and purpose; they never change
	codes    map[loyalty.MemberID]string          // the referral codes of members
	doings   []doing
	problems []string
	lock     sync.Mutex

	marketing map[string]int // by member, day or week, and channel
	noticed   map[string]bool
	ids       map[string]bool
}

var yearBegins = time.Date(2026, 12, 1, 0, 35, 0, 0, time.UTC)

var yearZones = []string{
	"", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "Pacific/Auckland", "America/Sao_Paulo",
}

// newYear plans the year of the given number of members: orders and redemptions, at night in each member's time
// zone.
func newYear(t *testing.T, members int, seed uint64) *year {
	t.Helper()
	y := &year{
		bench: newBench(t, 0), zones: map[loyalty.MemberID]*time.Location{},
		agreed: map[loyalty.MemberID]map[string]bool{},
		codes:  map[loyalty.MemberID]string{}, marketing: map[string]int{}, noticed: map[string]bool{},
		ids: map[string]bool{},
	}
	p, problems := program.Compile([]byte(yearly))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	y.now = yearBegins
	in := catalog.Published{Program: "bluebird", Source: []byte(yearly), Snapshot: snapshot.Encode(p), By: "test"}
	if err := y.Catalog.Publish(t.Context(), in, 1); err != nil {
		t.Fatal(err)
	}
	y.Programs.Forget("bluebird")
	var err error
	if y.program, err = y.Programs.Live(t.Context(), "bluebird"); err != nil {
		t.Fatal(err)
	}
	for i := range members {
		y.plan(t, rand.New(rand.NewPCG(seed, uint64(i))), i)
	}
	slices.SortStableFunc(y.doings, func(a, b doing) int { return a.at.Compare(b.at) })
	return y
}

func (y *year) plan(t *testing.T, r *rand.Rand, i int) {
	m := memberID(i)
	name := yearZones[r.IntN(len(yearZones))]
	zone, err := time.LoadLocation(cmp.Or(name, "Europe/Berlin"))
	if err != nil {
		t.Fatal(err)
	}
	y.zones[m] = zone
	night := func(day int) time.Time {
		d := yearBegins.In(zone).AddDate(0, 0, day)
		return time.Date(d.Year(), d.Month(), d.Day(), 2, r.IntN(120), r.IntN(60), 0, zone).UTC()
	}
	y.agreed[m] = map[string]bool{}
	var consents []remind.Consent
	for _, c := range remind.Channels() {
		for _, p := range remind.Purposes() {
			if r.IntN(5) > 0 {
				consents = append(
					consents,
					remind.Consent{
						Channel: c, Purpose: p, Granted: true, At: yearBegins, Wording: "v1", Source: "test",
					},
				)
			}
		}
	}
	joins := 1 + r.IntN(40)
	y.add(night(joins), func(t *testing.T) {
		y.enroll(t, m, memberID(i/5*5), name, fmt.Sprintf("1990-%02d-%02d", 1+i%12, 1+i%28), consents)
	})
	first := joins + 1
	if i%5 == 1 {
		first += 12 // reminders about rewards that wait for the first order
	}
	for day := first; day < 380; day += 1 + r.IntN(50) {
		amount := int64(500 + r.IntN(12000))
		y.add(night(day), func(t *testing.T) { y.order(t, m, amount) })
		if r.IntN(3) == 0 {
			commit := r.IntN(3) > 0
			y.add(night(day+r.IntN(10)), func(t *testing.T) { y.redeem(t, m, commit) })
		}
	}
	if r.IntN(4) == 0 {
		y.add(night(joins+20+r.IntN(200)), func(t *testing.T) { y.takeBack(t, m) })
	}
}

func (y *year) add(at time.Time, do func(*testing.T)) { y.doings = append(y.doings, doing{at, do}) }

// enroll enrolls a member, with the referral code of another one if that member already exists.
func (y *year) enroll(t *testing.T, m, through loyalty.MemberID, zone, birthday string, consents []remind.Consent) {
	in := members.Enrollment{
		Member: m, Consents: consents, Code: y.codes[through],
		Profile: members.Profile{
			Email: string(m) + "@example.com", Phone: "+49170" + strings.TrimPrefix(string(m), "mem_"), Name: "Ada",
			Timezone: zone, Birthday: birthday,
		},
	}
	if _, err := y.Members.Enroll(t.Context(), y.program, in, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if m == through {
		code, err := y.Referrals.GiveCode(t.Context(), y.program, m, "")
		if err != nil {
			t.Fatal(err)
		}
		y.codes[m] = code
	}
	for _, c := range consents {
		y.agreed[m][string(c.Channel)+"/"+string(c.Purpose)] = true
	}
}

func (y *year) order(t *testing.T, m loyalty.MemberID, amount int64) {
	o := loyalty.Order{
		ID: fmt.Sprintf("%s-%d", m, y.now.UnixMilli()), Member: m, PlacedAt: y.now, Currency: "EUR",
		Status: loyalty.OrderPaid,
		Lines:  []loyalty.Line{{ID: "1", Quantity: 1, Amount: amount}},
	}
	if _, err := y.Orders.Put(t.Context(), y.program, o, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
}

// redeem redeems a mug, which most members cannot afford.
func (y *year) redeem(t *testing.T, m loyalty.MemberID, commit bool) {
	in := service.RedemptionRequest{
		ID: fmt.Sprintf("rd_%s_%d", m, y.now.UnixMilli()), Member: m, Reward: "mug", Commit: commit,
	}
	if _, err := y.Redemptions.Redeem(t.Context(), y.program, in, ledger.By{Actor: "test", Input: "x"}); err != nil &&
		!isRefusal(err) {
		t.Fatal(err)
	}
}

func isRefusal(err error) bool {
	_, ok := err.(*loyalty.Error)
	return ok
}

func (y *year) takeBack(t *testing.T, m loyalty.MemberID) {
	c := remind.Consent{Channel: loyalty.Email, Purpose: loyalty.Marketing, At: y.now, Source: "unsubscribe"}
	if err := y.Consents.Consent(t.Context(), y.program, m, []remind.Consent{c}, "test"); err != nil {
		t.Fatal(err)
	}
	delete(y.agreed[m], "email/marketing")
}

// live simulates the year, with the given number of hours between the runs of the schedule. runs returns how often
// it runs at an hour; nil means once.
func (y *year) live(t *testing.T, days, hours int, runs func(hour int) int) {
	next := 0
	for hour := 0; hour < 24*days; hour += hours {
		at := yearBegins.Add(time.Duration(hour) * time.Hour)
		for ; next < len(y.doings) && y.doings[next].at.Before(at); next++ {
			y.now = y.doings[next].at
			y.doings[next].do(t)
		}
		y.now = at
		n := 1
		if runs != nil {
			n = runs(hour)
		}
		for range n {
			if failed := y.remindAll(t, &y.post); failed > 0 {
				t.Fatalf("%s: %d messages failed", at, failed)
			}
		}
	}
}

// law checks the rules for one message, independently of the code that sent it.
func (y *year) law(t *testing.T, m notify.Message) {
	y.lock.Lock()
	defer y.lock.Unlock()
	wrong := func(format string, args ...any) {
		y.problems = append(
			y.problems,
			fmt.Sprintf("%s %s %s: ", m.At.Format(time.RFC3339), m.Member, m.Reminder)+fmt.Sprintf(format, args...),
		)
	}
	local := m.At.In(y.zones[m.Member])
	if local.Hour() >= 20 || local.Hour() < 9 {
		wrong("at %s in the member's time zone", local.Format("15:04"))
	}
	if !y.agreed[m.Member][string(m.Channel)+"/"+string(m.Purpose)] {
		wrong("no consent to %s by %s", m.Purpose, m.Channel)
	}
	if y.ids[m.ID] {
		wrong("twice: %s", m.ID)
	}
	y.ids[m.ID] = true
	if m.Purpose == loyalty.Marketing {
		isoYear, week := local.ISOWeek()
		for key, most := range map[string]int{
			fmt.Sprint(m.Member, local.Format(time.DateOnly)): 1,
			fmt.Sprint(
				m.Member, isoYear, "w", week, m.Channel,
			): map[loyalty.Channel]int{loyalty.Email: 2, loyalty.SMS: 1}[m.Channel],
			fmt.Sprint(
				m.Member, m.Reminder, local.Format("2006-01"), "m",
			): map[string]int{"nearly": 1, "how-was-it": 1}[m.Reminder],
		} {
			if y.marketing[key]++; most > 0 && y.marketing[key] > most {
				wrong("the %d. of %s", y.marketing[key], key)
			}
		}
	}
	y.truth(t, m, wrong)
}

// truth checks with the ledger that the facts of a message are correct at the instant at which it is sent.
func (y *year) truth(t *testing.T, m notify.Message, wrong func(string, ...any)) {
	who, err := y.Members.Get(t.Context(), y.program, m.Member)
	if err != nil {
		wrong("%v", err)
		return
	}
	acc := who.Account
	active := acc.Balance().Active
	switch m.On {
	case loyalty.BeforeExpiry:
		for _, lot := range m.Data.Lots {
			i := slices.IndexFunc(acc.Lots, func(l loyalty.Lot) bool { return l.Expires.String() == lot.Day })
			if i < 0 || acc.Lots[i].Points != lot.Points {
				wrong("lot %v does not exist in %v", lot, acc.Lots)
			}
			key := fmt.Sprint(m.Member, lot.Day)
			y.noticed[key] = true
		}
	case loyalty.NearReward:
		if r, ok := redeem.FindReward(y.program.Rewards, m.Data.Reward); !ok ||
			r.Cost-active != loyalty.Points(m.Data.Missing) || m.Data.Missing > 40 {
			wrong("%d + %d is not the cost of %s", active, m.Data.Missing, m.Data.Reward)
		}
	case loyalty.AfterIdle, loyalty.AfterAbsence, loyalty.OnBirthday, loyalty.Scheduled:
		if m.Data.Points != active {
			wrong("states %d, but there are %d", m.Data.Points, active)
		}
	case loyalty.AfterActive:
		if m.Data.Points > active {
			wrong("states %d, but there are %d", m.Data.Points, active)
		}
	case loyalty.AfterReferral:
		if r := acc.Traits.Referral; r.Order != "" || r.By == "" || m.Data.Points != 100 {
			wrong("%d points wait for an order: %+v", m.Data.Points, r)
		}
	case loyalty.BeforeTier:
		if acc.Tier.Level != m.Data.Level {
			wrong("the level is %s", acc.Tier.Level)
		}
	case loyalty.AfterClaim, loyalty.BeforeCode:
		if c, err := y.Codes.Get(t.Context(), "bluebird", m.Data.Code); err != nil || !c.Used.IsZero() ||
			!c.Until.IsZero() && !c.Until.After(m.At) {
			wrong("the code cannot be used: %v", err)
		}
	}
}

// checkNoticeOfEveryExpiry checks that each expired lot had a notice, for members who could be reached.
func (y *year) checkNoticeOfEveryExpiry(t *testing.T, members int) (lapses int) {
	for i := range members {
		m := memberID(i)
		reachable := y.agreed[m]["email/transactional"] || y.agreed[m]["sms/transactional"]
		for e, err := range y.Statements.List(t.Context(), "bluebird", m, 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind != loyalty.KindExpire {
				continue
			}
			lapses++
			_, day, _ := strings.Cut(e.Cause.ID, ":")
			if reachable != y.noticed[fmt.Sprint(m, day)] {
				t.Errorf(
					"%s lost %d points with %s; could be notified: %v, was: %v", m, -e.Points, day, reachable,
					!reachable,
				)
			}
		}
	}
	return lapses
}

func yearMembers(few int) int {
	if os.Getenv("PERENNIAL_LONG") != "" {
		return 10_000
	}
	return few
}

func TestYearOfRemindersFollowsRules(t *testing.T) {
	members := yearMembers(25)
	y := newYear(t, members, seedtest.Or(t, 6))
	y.post.light = true
	y.post.fails = func(m notify.Message) (error, bool) { y.law(t, m); return nil, false }
	y.live(t, 400, 3, nil) // includes every member's first anniversary
	lapses := y.checkNoticeOfEveryExpiry(t, members)
	kinds := map[loyalty.Trigger]int{}
	for _, m := range y.post.took {
		kinds[m.On]++
	}
	t.Logf("%d members, %d messages, %d expires: %v", members, len(y.post.took), lapses, kinds)
	for _, on := range remind.Triggers() {
		if kinds[on] == 0 {
			t.Errorf("no message for %s was sent", on)
		}
	}
	if lapses == 0 {
		t.Error("no lot expired")
	}
	for i, problem := range y.problems {
		if i < 20 {
			t.Error(problem)
		}
	}
}

// what returns the messages of a year without the time of day: the member's local day and the contents. Messages of
// the last days may still be pending.
func (y *year) what() (list []string) {
	for _, m := range y.post.took {
		if m.At.After(y.now.AddDate(0, 0, -3)) {
			continue
		}
		day := m.At.In(y.zones[m.Member]).Format(time.DateOnly)
		m.Data.Code = "" // random
		list = append(list, fmt.Sprintf("%s %s %s %s %+v", m.Member, day, m.Reminder, m.Channel, m.Data))
	}
	slices.Sort(list)
	return list
}

// TestUnreliableSchedulesAndSendersSendSameMessages checks that the same members receive the same messages on the
// same days, whenever the schedule runs: none is lost or duplicated.
func TestUnreliableSchedulesAndSendersSendSameMessages(t *testing.T) {
	const members = 7
	seed := seedtest.Or(t, 6)
	base := newYear(t, members, seed)
	base.live(t, 120, 1, nil)
	want := base.what()
	if len(want) < 60 {
		t.Fatalf("only %d messages", len(want))
	}
	random := func() *rand.Rand { return rand.New(rand.NewPCG(seed, 99)) }
	variants := map[string]func(y *year) func(hour int) int{
		"every run two or three times": func(*year) func(int) int {
			r := random()
			return func(int) int { return 2 + r.IntN(2) }
		},
		"late and missing runs": func(*year) func(int) int {
			r, missing := random(), 0
			return func(int) int {
				if missing > 0 {
					missing--
					return 0
				}
				if r.IntN(10) == 0 {
					missing = r.IntN(6)
				}
				return 1
			}
		},
		"accounts settled every day, not only on visits": func(y *year) func(int) int {
			return func(hour int) int {
				if hour%24 == 0 {
					y.run(t)
				}
				return 1
			}
		},
		"a sender that fails half of the time": func(y *year) func(int) int {
			r, lock := random(), sync.Mutex{}
			y.post.fails = func(notify.Message) (error, bool) {
				lock.Lock()
				defer lock.Unlock()
				if r.IntN(2) == 0 {
					return fmt.Errorf("%w: throttled", notify.ErrNotSent), false
				}
				return nil, false
			}
			return nil
		},
	}
	for name, variant := range variants {
		t.Run(name, func(t *testing.T) {
			y := newYear(t, members, seed)
			y.live(t, 120, 1, variant(y))
			if diff := gocmp.Diff(want, y.what()); diff != "" {
				t.Errorf("the messages differ:\n%s", diff)
			}
		})
	}
}
