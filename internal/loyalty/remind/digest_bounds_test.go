package remind

import (
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
