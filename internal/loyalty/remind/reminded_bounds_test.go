package remind

import (
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// orderEntry returns the entry of a revision of an order.
func orderEntry(sequence int64, revision int, status loyalty.OrderStatus, effective time.Time) loyalty.Entry {
	o := loyalty.Order{ID: "1042", Status: status, PlacedAt: utc("2027-03-01T10:00")}
	o.Lines = []loyalty.Line{{ID: "1", Quantity: 1, Amount: 5000}}
	return loyalty.Entry{
		Sequence: sequence, Kind: loyalty.KindEarn, Effective: effective,
		Cause:  loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1042", Revision: revision},
		Detail: loyalty.Detail{Subject: loyalty.Subject{Order: &loyalty.OrderState{Order: o}}},
	}
}

func redeemEntry(sequence int64, r loyalty.Redemption) loyalty.Entry {
	return loyalty.Entry{
		Sequence: sequence, Kind: loyalty.KindRedeem, Effective: tuesday,
		Cause:  loyalty.Cause{Kind: loyalty.CauseRedemption, ID: r.ID, Revision: 1},
		Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &r}},
	}
}

func TestEntriesAreDigestedOnceAndInOrder(t *testing.T) {
	entry := func(n int64) loyalty.Entry { return redeemEntry(n, loyalty.Redemption{ID: "red_1"}) }
	for _, c := range []struct {
		seen     int64
		entries  []loyalty.Entry
		want     int64
		redeemed bool
	}{
		{0, nil, 0, false},
		{0, []loyalty.Entry{entry(1), entry(2)}, 2, true},
		{1, []loyalty.Entry{entry(1), entry(2)}, 1, false},
		{1, []loyalty.Entry{entry(2), entry(4)}, 2, true},
		{0, []loyalty.Entry{entry(2)}, 0, false},
	} {
		before := Reminded{Seen: c.seen, Ignored: 1, Open: []Open{{At: tuesday.Add(-1)}}}
		s := before.Digest(
			&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), c.entries, tuesday,
		)
		if s.Seen != c.want || s.Redeemed.IsZero() == c.redeemed || s.Open[0].Acted != c.redeemed {
			t.Errorf("after entry %d: until entry %d, redeemed at %s", c.seen, s.Seen, s.Redeemed)
		}
	}
}

// Facts are stored for 45 days and codes until their end, and at most 20 orders and codes each.
func TestOldFactsAreForgotten(t *testing.T) {
	old := tuesday.Add(-rememberFacts)
	s := Reminded{
		Active: []Activation{{At: old.Add(-1), Points: 1}, {At: old, Points: 2}},
		Orders: []Purchase{{Order: "1", At: old.Add(-1)}, {Order: "2", At: old}},
		Codes: []UnusedCode{
			{Redemption: "ended", At: tuesday, Until: tuesday},
			{Redemption: "ends", At: tuesday, Until: tuesday.Add(1)},
			{Redemption: "endless", At: tuesday.Add(24*time.Hour - keepForLong)},
			{Redemption: "too old", At: tuesday.Add(24*time.Hour - keepForLong - 1)},
		},
	}.Digest(&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), nil, tuesday)
	if len(s.Active) != 1 || s.Active[0].Points != 2 || len(s.Orders) != 1 || s.Orders[0].Order != "2" {
		t.Errorf("%+v, %+v", s.Active, s.Orders)
	}
	if len(s.Codes) != 2 || s.Codes[0].Redemption != "ends" || s.Codes[1].Redemption != "endless" {
		t.Errorf("%+v", s.Codes)
	}
	s = Reminded{}
	for i := range maxOrders + 1 {
		s.Orders = append(s.Orders, Purchase{Order: strconv.Itoa(i), At: tuesday})
		s.Codes = append(s.Codes, UnusedCode{Redemption: strconv.Itoa(i), At: tuesday})
	}
	s = s.Digest(&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), nil, tuesday)
	if len(s.Orders) != maxOrders || s.Orders[0].Order != "1" || len(s.Codes) != maxCodes ||
		s.Codes[0].Redemption != "1" {
		t.Errorf("%d orders, %d codes", len(s.Orders), len(s.Codes))
	}
}

// The time of AfterIdle begins when the balance becomes large enough, and again with each redemption.
func TestTimeSinceTheBalanceIsLargeEnough(t *testing.T) {
	early, late := utc("2027-02-01T10:00"), utc("2027-02-02T10:00")
	changed := func(n int64, kind loyalty.Kind, at time.Time, active loyalty.Points) loyalty.Entry {
		return loyalty.Entry{
			Sequence: n, Kind: kind, Effective: at, Totals: loyalty.Totals{Balance: loyalty.Balance{Active: active}},
		}
	}
	for _, c := range []struct {
		name    string
		balance loyalty.Points
		entries []loyalty.Entry
		want    time.Time
	}{
		{"too little", 0, []loyalty.Entry{changed(1, loyalty.KindEarn, early, 99)}, time.Time{}},
		{"exactly enough", 0, []loyalty.Entry{changed(1, loyalty.KindEarn, early, 100)}, early},
		{
			"more later", 0,
			[]loyalty.Entry{changed(1, loyalty.KindEarn, early, 100), changed(2, loyalty.KindEarn, late, 200)},
			early,
		},
		{
			"a redemption", 0,
			[]loyalty.Entry{changed(1, loyalty.KindEarn, early, 300), changed(2, loyalty.KindRedeem, late, 100)},
			late,
		},
		{
			"too large a redemption", 0,
			[]loyalty.Entry{changed(1, loyalty.KindEarn, early, 300), changed(2, loyalty.KindRedeem, late, 99)},
			time.Time{},
		},
		{"a balance without entries", 100, nil, utc("2026-01-01T12:00")},
		{"a small balance without entries", 99, nil, time.Time{}},
	} {
		p := reminding(
			loyalty.Reminder{ID: "other", On: loyalty.AfterAbsence},
			loyalty.Reminder{ID: "idle", On: loyalty.AfterIdle, MinPoints: 100},
		)
		s := Reminded{}.Digest(
			&p.Compiled, &p.Reminders, p.Zone, memberWith(loyalty.Lot{Points: c.balance}), c.entries, tuesday,
		)
		if got := s.Rich["idle"]; !got.Equal(c.want) {
			t.Errorf("%s: since %s, want %s", c.name, got, c.want)
		}
		if _, known := s.Rich["other"]; known {
			t.Errorf("%s: another trigger has an instant too", c.name)
		}
		acc := memberWith(loyalty.Lot{Points: 500})
		acc.LastActivity = late
		if again := s.Digest(&p.Compiled, &p.Reminders, p.Zone, acc, nil, tuesday); !c.want.IsZero() &&
			!again.Rich["idle"].Equal(c.want) {
			t.Errorf("%s: later since %s, want %s", c.name, again.Rich["idle"], c.want)
		}
	}
}

func TestActivatedPointsAreThoseOfTheMainWallet(t *testing.T) {
	posting := func(wallet string, bucket loyalty.Bucket, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Wallet: wallet, Bucket: bucket, Points: n}
	}
	pending, active := loyalty.BucketPending, loyalty.BucketActive
	for _, c := range []struct {
		name     string
		kind     loyalty.Kind
		postings []loyalty.Posting
		want     loyalty.Points
	}{
		{"points", loyalty.KindActivate, []loyalty.Posting{posting("", pending, -50), posting("", active, 50)}, 50},
		{"one point", loyalty.KindActivate, []loyalty.Posting{posting("", pending, -1), posting("", active, 1)}, 1},
		{"two lots", loyalty.KindActivate, []loyalty.Posting{posting("", pending, -50), posting("", pending, -7)}, 57},
		{"another wallet", loyalty.KindActivate, []loyalty.Posting{posting("miles", pending, -50)}, 0},
		{"new pending points", loyalty.KindEarn, []loyalty.Posting{posting("", pending, -50)}, 0},
		{"nothing", loyalty.KindActivate, nil, 0},
	} {
		e := loyalty.Entry{Sequence: 1, Kind: c.kind, Postings: c.postings, Effective: tuesday}
		s := Reminded{}.Digest(
			&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), []loyalty.Entry{e}, tuesday,
		)
		want := []Activation{{tuesday, c.want}}
		if c.want == 0 {
			want = nil
		}
		if !slices.Equal(s.Active, want) {
			t.Errorf("%s: %+v", c.name, s.Active)
		}
	}
}

// An order counts from its placing if it was reported as paid, and otherwise from its payment.
func TestPurchasesAreThePaidOrders(t *testing.T) {
	placed, paidAt := utc("2027-03-01T10:00"), utc("2027-03-02T09:00")
	refunded := orderEntry(2, 2, loyalty.OrderPaid, paidAt)
	refunded.Order.Order.Refunds = []loyalty.Refund{{ID: "r", Status: loyalty.RefundSucceeded, Amount: 5000}}
	for _, c := range []struct {
		name     string
		entries  []loyalty.Entry
		want     []Purchase
		answered bool
	}{
		{
			"paid",
			[]loyalty.Entry{orderEntry(1, 1, loyalty.OrderPaid, placed)},
			[]Purchase{{"1042", placed, false}},
			true,
		},
		{
			"placed",
			[]loyalty.Entry{orderEntry(1, 1, loyalty.OrderPlaced, placed)},
			[]Purchase{{"1042", placed, true}},
			false,
		},
		{
			"paid later",
			[]loyalty.Entry{
				orderEntry(1, 1, loyalty.OrderPlaced, placed), orderEntry(2, 2, loyalty.OrderPaid, paidAt),
			},
			[]Purchase{{"1042", paidAt, false}},
			true,
		},
		{
			"reported again",
			[]loyalty.Entry{orderEntry(1, 1, loyalty.OrderPaid, placed), orderEntry(2, 2, loyalty.OrderPaid, paidAt)},
			[]Purchase{{"1042", placed, false}},
			true,
		},
		{
			"placed and reported again",
			[]loyalty.Entry{
				orderEntry(1, 1, loyalty.OrderPlaced, placed), orderEntry(2, 2, loyalty.OrderPlaced, paidAt),
			},
			[]Purchase{{"1042", placed, true}},
			false,
		},
		{
			"an entry about an order without its state",
			[]loyalty.Entry{
				{Sequence: 1, Kind: loyalty.KindEarn, Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1042"}},
			},
			nil, false,
		},
		{"canceled at once", []loyalty.Entry{orderEntry(1, 1, loyalty.OrderCanceled, placed)}, nil, false},
		{"a revision of an unknown order", []loyalty.Entry{orderEntry(1, 2, loyalty.OrderPaid, placed)}, nil, false},
		{
			"canceled",
			[]loyalty.Entry{
				orderEntry(1, 1, loyalty.OrderPaid, placed), orderEntry(2, 2, loyalty.OrderCanceled, paidAt),
			},
			nil, true,
		},
		{"refunded", []loyalty.Entry{orderEntry(1, 1, loyalty.OrderPaid, placed), refunded}, nil, true},
	} {
		before := Reminded{Ignored: 2, Open: []Open{{Reminder: "r", At: placed.Add(-time.Hour)}}}
		s := before.Digest(
			&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), c.entries, tuesday,
		)
		if !slices.Equal(s.Orders, c.want) {
			t.Errorf("%s: %+v", c.name, s.Orders)
		}
		if before.Open[0].Acted {
			t.Errorf("%s: the state before changed", c.name)
		}
		if s.Open[0].Acted != c.answered || (s.Ignored == 0) != c.answered {
			t.Errorf("%s: answered %t, %d ignored", c.name, s.Open[0].Acted, s.Ignored)
		}
	}
}

func TestClaimedCodesAreStoredUntilTheyAreReversed(t *testing.T) {
	with := func(status loyalty.RedemptionStatus, code string) loyalty.Redemption {
		return loyalty.Redemption{
			ID: "red_1", Reward: "coffee", Code: code, Status: status, CodeFrom: tuesday,
			CodeUntil: tuesday.AddDate(0, 1, 0),
		}
	}
	claim := redeemEntry(1, with(loyalty.Committed, "ABC"))
	code := []UnusedCode{{"red_1", "coffee", "ABC", tuesday, tuesday, tuesday.AddDate(0, 1, 0)}}
	reverse := redeemEntry(2, with(loyalty.Reversed, "ABC"))
	reverse.Kind = loyalty.KindRestore
	for _, c := range []struct {
		name    string
		entries []loyalty.Entry
		want    []UnusedCode
	}{
		{"a code", []loyalty.Entry{claim}, code},
		{"a code that is recorded twice", []loyalty.Entry{claim, redeemEntry(2, with(loyalty.Committed, "ABC"))}, code},
		{"no code", []loyalty.Entry{redeemEntry(1, with(loyalty.Committed, ""))}, nil},
		{"a reversed code", []loyalty.Entry{claim, reverse}, nil},
		{"a reversed redemption of an unknown code", []loyalty.Entry{{Sequence: 1}, reverse}, nil},
		{
			"another reversed redemption",
			[]loyalty.Entry{claim, redeemEntry(2, loyalty.Redemption{ID: "red_2", Status: loyalty.Reversed})},
			code,
		},
	} {
		if s := (Reminded{}).Digest(
			&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), c.entries, tuesday,
		); !slices.Equal(s.Codes, c.want) {
			t.Errorf("%s: %+v", c.name, s.Codes)
		}
	}
	reserved := redeemEntry(1, with(loyalty.Reserved, "ABC"))
	reserved.Kind = loyalty.KindReserve
	if s := (Reminded{}).Digest(
		&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), []loyalty.Entry{reserved},
		tuesday,
	); len(s.Codes) != 0 ||
		!s.Redeemed.IsZero() {
		t.Errorf("reserved: %+v", s)
	}
	others := redeemEntry(1, loyalty.Redemption{ID: "red_1", By: "mem_bob"})
	if s := (Reminded{}).Digest(
		&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), []loyalty.Entry{others},
		tuesday,
	); !s.Redeemed.IsZero() {
		t.Errorf("the redemption of another member counts: %+v", s)
	}
}

// A response counts after the message, and before the end of the seventh day after the day on which it was sent.
func TestTimeForAResponse(t *testing.T) {
	sent := utc("2027-03-01T10:00")
	ends := utc("2027-03-09T00:00")
	for _, c := range []struct {
		at           time.Time
		acted, ended bool
	}{
		{sent, false, false}, {sent.Add(1), true, true}, {ends.Add(-1), true, true}, {ends, false, true},
	} {
		s := Reminded{Open: []Open{{Reminder: "r", Purpose: loyalty.Marketing, At: sent}}}
		s.answered(&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), c.at)
		if s.Open[0].Acted != c.acted {
			t.Errorf("a response at %s: %t", c.at, s.Open[0].Acted)
		}
		if _, ended := s.Settle(
			&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), c.at,
		); (len(ended) == 1) != c.ended {
			t.Errorf("at %s: ended %+v", c.at, ended)
		}
	}
}

func TestMessagesWithoutAResponseAreIgnored(t *testing.T) {
	sent := utc("2027-03-01T10:00")
	for _, c := range []struct {
		name    string
		open    Open
		ignored int64
	}{
		{"marketing", Open{Reminder: "r", Purpose: loyalty.Marketing, At: sent}, 3},
		{"marketing in the holdout", Open{Reminder: "r", Purpose: loyalty.Marketing, At: sent, Held: true}, 3},
		{"transactional", Open{Reminder: "r", Purpose: loyalty.Transactional, At: sent}, 2},
		{"with a response", Open{Reminder: "r", Purpose: loyalty.Marketing, At: sent, Acted: true}, 2},
	} {
		s, ended := Reminded{Ignored: 2, Open: []Open{c.open}}.Settle(
			&reminding().Compiled, &reminding().Reminders, reminding().Zone, memberWith(), utc("2027-03-09T00:00"),
		)
		if s.Ignored != c.ignored || len(s.Open) != 0 ||
			!slices.Equal(ended, []Settled{{"r", c.open.Held, c.open.Acted}}) {
			t.Errorf("%s: %d ignored, %+v", c.name, s.Ignored, ended)
		}
	}
}

func TestRecordOfAMessage(t *testing.T) {
	n := News{
		Reminder: "r", Step: 2, On: loyalty.BeforeCode, Purpose: loyalty.Marketing, Channel: loyalty.SMS,
		Subjects: []Subject{{ID: "a"}, {ID: "b"}},
	}
	want := Reminded{
		SentReminders: []SentReminder{
			{
				Reminder: "r",
				Step:     2,
				On:       loyalty.BeforeCode,
				Subject:  Subject{ID: "a"},
				At:       tuesday,
				Channel:  loyalty.SMS,
				ID:       "msg",
			},
			{
				Reminder: "r",
				Step:     2,
				On:       loyalty.BeforeCode,
				Subject:  Subject{ID: "b"},
				At:       tuesday,
				Channel:  loyalty.SMS,
				ID:       "msg",
			},
		},
		Sent: []SentCount{{20270302, loyalty.SMS, 1}},
		Open: []Open{{Reminder: "r", Purpose: loyalty.Marketing, At: tuesday}},
		Last: tuesday,
	}
	p, acc := reminding(), memberWith()
	s := Reminded{}.RecordSent(&p.Compiled, p.Zone, acc, n, "msg", tuesday)
	if !reflect.DeepEqual(s, want) {
		t.Errorf("%+v, want %+v", s, want)
	}
	held := s.HoldOut(&p.Compiled, p.Zone, acc, n, tuesday.Add(1))
	s.SentReminders = append(make([]SentReminder, 0, 8), s.SentReminders...)
	first := s.RecordSent(&p.Compiled, p.Zone, acc, n, "first", tuesday)
	if s.RecordSent(&p.Compiled, p.Zone, acc, n, "second", tuesday); first.SentReminders[2].ID != "first" {
		t.Errorf("two states share their messages: %+v", first.SentReminders)
	}
	for i, r := range held.SentReminders {
		if (r.Channel == "") != (i >= 2) {
			t.Errorf("message %d: channel %q", i, r.Channel)
		}
	}
	if len(held.SentReminders) != 4 || held.Open[0].Held || !held.Open[1].Held || held.Sent[0].N != 2 {
		t.Errorf("withheld: %+v", held)
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("the state before changed: %+v", s)
	}
	n.Purpose = loyalty.Transactional
	if s := (Reminded{}).RecordSent(&p.Compiled, p.Zone, acc, n, "msg", tuesday); len(s.Sent) != 0 ||
		!s.Last.IsZero() ||
		len(s.Open) != 1 {
		t.Errorf("transactional: %+v", s)
	}
}

func TestMessagesAreCountedByDayAndChannel(t *testing.T) {
	sent := []SentCount{{20270302, loyalty.SMS, 1}, {20270301, loyalty.Email, 1}}
	for _, c := range []struct {
		day     loyalty.Date
		channel loyalty.Channel
		want    []SentCount
	}{
		{20270302, loyalty.SMS, []SentCount{{20270302, loyalty.SMS, 2}, {20270301, loyalty.Email, 1}}},
		{20270301, loyalty.Email, []SentCount{{20270302, loyalty.SMS, 1}, {20270301, loyalty.Email, 2}}},
		{20270302, loyalty.Email, append(slices.Clone(sent), SentCount{20270302, loyalty.Email, 1})},
		{20270301, loyalty.SMS, append(slices.Clone(sent), SentCount{20270301, loyalty.SMS, 1})},
	} {
		if got := counted(sent, c.day, c.channel); !slices.Equal(got, c.want) {
			t.Errorf("%s, %s: %+v", c.day, c.channel, got)
		}
	}
	if sent[0].N != 1 {
		t.Error("the counts before changed")
	}
}

func TestDeliveryReportOfAMessage(t *testing.T) {
	before := Reminded{
		SentReminders: []SentReminder{
			{Reminder: "r", ID: "one", At: tuesday, Heard: []string{"sent"}},
			{Reminder: "q", ID: "two", At: tuesday},
		},
		Open: []Open{
			{Reminder: "r", At: tuesday}, {Reminder: "r", At: tuesday.Add(1)}, {Reminder: "q", At: tuesday},
		},
	}
	for _, c := range []struct {
		name              string
		id, what          string
		cameBack, passing bool
		reminder          string
		open              int
		failed, temporary bool
	}{
		{"delivered", "one", "delivered", false, true, "r", 3, false, false},
		{"bounced", "one", "bounced", true, false, "r", 2, true, false},
		{"a full mailbox", "one", "failed", true, true, "r", 2, true, true},
		{"a repetition", "one", "sent", true, true, "", 3, false, false},
		{"an unknown message", "three", "bounced", true, false, "", 3, false, false},
	} {
		s, reminder, news := before.Hear(c.id, c.what, c.cameBack, c.passing)
		if last := s.Open[len(s.Open)-1]; last.Reminder != "q" {
			t.Errorf("%s: %+v", c.name, s.Open)
		}
		if reminder != c.reminder || news != (c.reminder != "") || len(s.Open) != c.open {
			t.Errorf("%s: %q, %t, %+v", c.name, reminder, news, s.Open)
		}
		if got := s.SentReminders[0]; got.Failed != c.failed || got.Passing != c.temporary {
			t.Errorf("%s: %+v", c.name, got)
		}
		if got := s.SentReminders[1]; got.Failed || len(got.Heard) > 0 {
			t.Errorf("%s: the other message changed: %+v", c.name, got)
		}
		if _, _, again := s.Hear(c.id, c.what, c.cameBack, c.passing); again {
			t.Errorf("%s: the repetition is new", c.name)
		}
	}
	if len(before.SentReminders[0].Heard) != 1 || len(before.Open) != 3 || before.Open[1].At != tuesday.Add(1) {
		t.Errorf("the state before changed: %+v", before)
	}
}

func TestFirstNoticeThatWasDelivered(t *testing.T) {
	day := loyalty.Date(20270331)
	notice := func(at time.Time) SentReminder {
		return SentReminder{
			On: loyalty.BeforeExpiry, Subject: Subject{ID: day.String()}, At: at, Channel: loyalty.Email,
		}
	}
	first := notice(tuesday)
	for _, c := range []struct {
		name string
		edit func(*SentReminder)
		want time.Time
	}{
		{"an earlier one", func(*SentReminder) {}, tuesday.Add(-1)},
		{"an earlier one that bounced", func(s *SentReminder) { s.Failed = true }, tuesday},
		{"an earlier one in the holdout", func(s *SentReminder) { s.Channel = "" }, tuesday},
		{"an earlier one about another lot", func(s *SentReminder) { s.Subject.ID = "x" }, tuesday},
		{"an earlier one about another event", func(s *SentReminder) { s.On = loyalty.BeforeCode }, tuesday},
	} {
		earlier := notice(tuesday.Add(-1))
		c.edit(&earlier)
		for _, all := range [][]SentReminder{{first, earlier}, {earlier, first}} {
			if got := (Reminded{SentReminders: all}).Noticed(day); !got.Equal(c.want) {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
	}
	if got := (Reminded{}).Noticed(day); !got.IsZero() {
		t.Errorf("no notice: %s", got)
	}
}

func TestMessageIsNotRepeatedAtItsStep(t *testing.T) {
	subject := Subject{ID: "a", Due: tuesday}
	for _, c := range []struct {
		name string
		sent SentReminder
		want bool
	}{
		{"the same step", SentReminder{On: loyalty.BeforeCode, Subject: subject}, true},
		{"a later step", SentReminder{On: loyalty.BeforeCode, Subject: Subject{ID: "a", Due: tuesday.Add(1)}}, true},
		{
			"an earlier step",
			SentReminder{On: loyalty.BeforeCode, Subject: Subject{ID: "a", Due: tuesday.Add(-1)}},
			false,
		},
		{"another subject", SentReminder{On: loyalty.BeforeCode, Subject: Subject{ID: "b", Due: tuesday}}, false},
		{"another event", SentReminder{On: loyalty.BeforeHold, Subject: subject}, false},
		{"it bounced", SentReminder{On: loyalty.BeforeCode, Subject: subject, Failed: true}, false},
		{
			"it bounced for a temporary reason",
			SentReminder{On: loyalty.BeforeCode, Subject: subject, Failed: true, Passing: true},
			true,
		},
	} {
		if got := (Reminded{
			SentReminders: []SentReminder{c.sent},
		}).hasSent(loyalty.BeforeCode, subject); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}
