package erasure_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/erasure"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

const (
	ada = loyalty.MemberID("mem_ada")
	eve = loyalty.MemberID("mem_eve")
)

var by = ledger.By{Actor: "test", Input: "x"}

// A bench contains two members. Ada has data of every kind. Eve referred Ada and is in Ada's household.
type bench struct {
	*servicetest.Bench
	code string // Ada's referral code
}

func newBench(t *testing.T, b *servicetest.Bench) *bench {
	t.Helper()
	b.P.Households.Size, b.P.Payments.Award = 4, loyalty.AwardPayments
	b.P.Earn.Actions = []loyalty.Action{{ID: "friends", Event: posting.EventConverted, Points: 200, Friend: 100}}
	if err := engine.Compile(b.P); err != nil {
		t.Fatal(err)
	}
	x := &bench{Bench: b}
	b.Enroll(t, eve)
	eves := must(members.Referrals{Ledger: b.Ledger}.GiveCode(t.Context(), b.P, eve, "EVE-CODE"))
	must(members.Members{Ledger: b.Ledger}.Enroll(t.Context(), b.P, members.Enrollment{
		Member: ada,
		Profile: members.Profile{
			Member: ada, ExternalID: "cust-ada", Email: "ada@example.com", Phone: "+491701234567",
			Name: "Ada Lovelace", Timezone: "Europe/London", Birthday: "1990-12-10",
		},
		Segments:   []string{"vip"},
		Identities: []stored.Identity{external, email("bluebird", "ada@example.com")},
		Consents: []remind.Consent{{
			Channel: loyalty.Email, Purpose: loyalty.Marketing, Granted: true, At: b.Now(), Wording: "Yes.",
			Source: "web",
		}},
		Code: eves,
	}, by))
	x.code = must(members.Referrals{Ledger: b.Ledger}.GiveCode(t.Context(), b.P, ada, ""))
	hs := members.Households{Ledger: b.Ledger}
	must(hs.Found(t.Context(), b.P, "hh_1", ada, by))
	must(hs.Invite(t.Context(), b.P, "hh_1", eve, share.Adult))
	must(hs.AcceptInvitation(t.Context(), b.P, "hh_1", eve))
	x.pay(t, "1", "cust-ada")
	b.Put(t, b.Order("2", ada, 90_00))
	b.Wait(15 * 24 * time.Hour) // the points of both orders are active now
	b.Grant(t, ada, 1_000)
	b.Put(t, b.Order("3", ada, 50_00)) // pending
	return x
}

// wait waits for the end of the cooling-off period, and reserves a reward for Ada.
func (x *bench) wait(t *testing.T) {
	t.Helper()
	x.Wait(erasure.CoolingOff)
	in := service.RedemptionRequest{ID: "rd_1", Member: ada, Reward: "five-off"}
	must(service.Redemptions{Ledger: x.Ledger}.Redeem(t.Context(), x.P, in, ledger.By{Input: "rd_1"}))
}

var external = stored.Identity{Kind: "external", Value: "cust-ada"}

func email(program, address string) stored.Identity {
	return stored.Identity{Kind: "email", Value: program + ":" + address}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// pay reports the payment of an order by Ada's customer of a payment processor. The metadata name the member.
func (x *bench) pay(t *testing.T, order, member string) service.StoredDelivery {
	t.Helper()
	report := &service.Report{
		Payment: "stripe:pi_" + order, Order: order, Member: "external:" + member, Customer: "stripe:cus_ada",
		Facts: []loyalty.Fact{{
			Kind: loyalty.FactCapture, ID: "ch_" + order, State: loyalty.FactDone,
			Money: loyalty.Money{Amount: 10_00, Currency: "EUR"}, Clock: 1, At: x.Now(),
		}},
	}
	d := service.Delivery{Provider: "stripe", Event: "evt_" + order, Received: x.Now(), Mark: "x", Body: []byte("body")}
	return must(service.Payments{Ledger: x.Ledger}.Receive(t.Context(), x.P, d, report))
}

// dump returns all items of the table.
func (x *bench) dump() string {
	var out strings.Builder
	if err := x.Table.(*pebbletable.Table).Dump(&out); err != nil {
		panic(err)
	}
	return out.String()
}

func (x *bench) erasures() erasure.Erasures { return erasure.Erasures{Ledger: x.Ledger, Email: email} }

// wantErased checks that no data of Ada remains except the account and the entries, and that their chain is intact.
func (x *bench) wantErased(t *testing.T) {
	t.Helper()
	x.wantErasedOf(t, ada)
}

// wantErasedOf is like wantErased. The list of erasures contains exactly the given members.
func (x *bench) wantErasedOf(t *testing.T, erased ...loyalty.MemberID) {
	t.Helper()
	ms := members.Members{Ledger: x.Ledger}
	_, err := ms.Get(t.Context(), x.P, ada)
	servicetest.WantRejection(t, err, loyalty.NotFound)
	for _, id := range []stored.Identity{
		external, email("bluebird", "ada@example.com"), members.ReferralIdentity(x.code),
	} {
		_, err := ms.Find(t.Context(), "bluebird", id)
		servicetest.WantRejection(t, err, loyalty.NotFound)
	}
	for _, id := range []stored.Identity{
		{Kind: "phone", Value: "+491701234567"},
		{Kind: "word", Value: "ada"},
		{Kind: "word", Value: "lovelace"},
		{Kind: "segment", Value: "vip"},
		{Kind: "customer", Value: "stripe:cus_ada"},
	} {
		for it := range x.Table.Query(t.Context(), table.Query{PK: x.IdentityKey("bluebird", id).PK}) {
			t.Errorf("%s remains", it.Key)
		}
	}
	for it := range x.Table.Query(t.Context(), table.Query{PK: stored.MemberPartition("bluebird", ada)}) {
		if it.Key.SK != stored.AccountItem {
			t.Errorf("%s remains", it.Key)
		}
	}
	account := must(x.Table.Get(t.Context(), stored.AccountKey("bluebird", ada)))
	acc := must(stored.ReadAccount(account, ada))
	if acc.Status != loyalty.Erased || acc.Balance() != (loyalty.Balance{}) || len(acc.Holds) > 0 ||
		acc.Traits.Birthday != 0 || acc.Traits.Zone != "" || len(acc.Traits.Segments) > 0 {
		t.Errorf("the account is %+v", acc)
	}
	if err := (ledger.Statements{Ledger: x.Ledger}).Audit(t.Context(), "bluebird", ada); err != nil {
		t.Error(err)
	}
	friends, err := members.Referrals{Ledger: x.Ledger}.Friends(t.Context(), x.P, eve, "", 0)
	if err != nil || len(friends) > 0 {
		t.Errorf("the referrer's friends are %v, %v", friends, err)
	}
	h, err := members.Households{Ledger: x.Ledger}.Get(t.Context(), "bluebird", "hh_1")
	if err != nil || h.Mate(ada) >= 0 || h.Mate(eve) < 0 {
		t.Errorf("the household is %+v, %v", h, err)
	}
	for e := range x.erasures().List(t.Context(), "bluebird", "", 0) {
		if !slices.Contains(erased, e.Member) || e.Status != erasure.Completed || e.Completed.IsZero() {
			t.Errorf("the erasure is %+v", e)
		}
	}
	if next, err := x.erasures().Next(t.Context(), "bluebird"); err != nil || !next.IsZero() {
		t.Errorf("the next erasure is due at %s, %v", next, err)
	}
}

func TestMemberIsErasedAfterTheCoolingOffPeriod(t *testing.T) {
	servicetest.OnBoth(t, func(t *testing.T, b *servicetest.Bench) {
		x := newBench(t, b)
		es := x.erasures()
		e, err := es.Request(t.Context(), b.P, ada, by)
		if err != nil || e.Status != erasure.Pending || !e.Due.Equal(b.Now().Add(14*24*time.Hour)) {
			t.Fatalf("%+v, %v", e, err)
		}
		b.Wait(erasure.CoolingOff - time.Second)
		if again := must(es.Request(t.Context(), b.P, ada, by)); !again.Due.Equal(e.Due) {
			t.Errorf("a second request changes the instant to %s", again.Due)
		}
		if _, _, err := es.Apply(t.Context(), b.P, ada); err != nil {
			t.Fatal(err)
		}
		b.Grant(t, ada, 5) // the membership continues
		b.Wait(time.Second)
		due := []loyalty.MemberID{}
		for m, err := range es.Due(t.Context(), "bluebird", b.Now()) {
			due = append(due, must(m, err))
		}
		if len(due) != 1 || due[0] != ada {
			t.Errorf("due are %v", due)
		}
		for range 2 { // the second call does nothing
			if _, _, err := es.Apply(t.Context(), b.P, ada); err != nil {
				t.Fatal(err)
			}
		}
		x.wantErased(t)
	})
}

func TestErasureIsResumedAfterEachLostWrite(t *testing.T) {
	for _, done := range []bool{false, true} {
		for n := 1; ; n++ {
			x := newBench(t, servicetest.New(t, servicetest.Memory(t)))
			must(x.erasures().Request(t.Context(), x.P, ada, by))
			x.wait(t)
			losing := &servicetest.Losing{Table: x.Table, In: n, Done: done}
			x.Ledger.Table = losing
			_, _, err := x.erasures().Apply(t.Context(), x.P, ada)
			x.Ledger.Table = losing.Table
			if _, _, err := x.erasures().Apply(t.Context(), x.P, ada); err != nil {
				t.Fatalf("write %d: %v", n, err)
			}
			x.wantErased(t)
			if losing.In > 0 {
				if err != nil || n < 15 {
					t.Errorf("%d writes, %v", n, err)
				}
				break
			}
		}
	}
}

func TestCanceledErasureIsNotApplied(t *testing.T) {
	x := newBench(t, servicetest.New(t, servicetest.Memory(t)))
	es := x.erasures()
	_, err := es.Cancel(t.Context(), x.P, ada, by)
	servicetest.WantRejection(t, err, loyalty.NotFound)
	must(es.Request(t.Context(), x.P, ada, by))
	for range 2 {
		if e := must(es.Cancel(t.Context(), x.P, ada, by)); e.Status != erasure.Canceled {
			t.Errorf("%+v", e)
		}
	}
	x.Wait(2 * erasure.CoolingOff)
	if _, _, err := es.Apply(t.Context(), x.P, ada); err != nil {
		t.Fatal(err)
	}
	if _, err := (members.Members{Ledger: x.Ledger}).Get(t.Context(), x.P, ada); err != nil {
		t.Error(err)
	}
	if e := must(es.Request(t.Context(), x.P, ada, by)); e.Status != erasure.Pending || e.Due.Before(x.Now()) {
		t.Errorf("a new request: %+v", e)
	}
}

// TestCommandsOfAnErasedMember sends commands for an erased member by ID, also such that were executed before.
func TestCommandsOfAnErasedMember(t *testing.T) {
	x := newBench(t, servicetest.New(t, servicetest.Memory(t)))
	order := x.Order("2", ada, 90_00)
	order.PlacedAt = order.PlacedAt.Add(-15 * 24 * time.Hour)
	must(x.erasures().Request(t.Context(), x.P, ada, by))
	x.wait(t)
	if _, _, err := x.erasures().Apply(t.Context(), x.P, ada); err != nil {
		t.Fatal(err)
	}
	before := x.dump()
	for name, command := range map[string]func() error{
		"a new order": func() error {
			_, err := service.Orders{Ledger: x.Ledger}.Put(t.Context(), x.P, x.Order("9", ada, 10_00), by)
			return err
		},
		"the same order again": func() error {
			_, err := service.Orders{Ledger: x.Ledger}.Put(t.Context(), x.P, order, by)
			return err
		},
		"the same redemption again": func() error {
			in := service.RedemptionRequest{ID: "rd_1", Member: ada, Reward: "five-off"}
			_, err := service.Redemptions{Ledger: x.Ledger}.Redeem(t.Context(), x.P, in, ledger.By{Input: "rd_1"})
			return err
		},
		"the same enrollment again": func() error {
			_, err := members.Members{Ledger: x.Ledger}.Enroll(t.Context(), x.P, members.Enrollment{
				Member: ada, Profile: members.Profile{Member: ada},
			}, by)
			return err
		},
		"a transfer to the member": func() error {
			in := service.TransferRequest{ID: "tr_1", From: eve, To: ada, Points: 1}
			_, err := service.Transfers{Ledger: x.Ledger}.Create(t.Context(), x.P, in, by)
			return err
		},
		"statement": func() error {
			_, _, err := ledger.Statements{Ledger: x.Ledger}.Page(t.Context(), x.P, ada, 0, 10)
			return err
		},
		"entry": func() error {
			_, err := ledger.Statements{Ledger: x.Ledger}.Current(t.Context(), x.P, ada, "ent_order~2~1")
			return err
		},
		"erasure": func() error {
			_, err := x.erasures().Request(t.Context(), x.P, ada, by)
			return err
		},
		"get the erasure": func() error {
			_, err := x.erasures().Get(t.Context(), "bluebird", ada)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			servicetest.WantRejection(t, command(), loyalty.NotFound)
			if x.dump() != before {
				t.Error("the table has changed")
			}
		})
	}
	if n, err := x.Advance(t.Context(), x.P, ada); err != nil || n > 0 {
		t.Errorf("the schedule writes %d entries, %v", n, err)
	}
}

// TestPaymentsAfterAnErasure reports an old payment again and a new one. The first is ignored. The order of the second
// belongs to no member, and waits for 30 days for a person who enrolls under the same name.
func TestPaymentsAfterAnErasure(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		claim int
	}{{30*24*time.Hour - time.Second, 1}, {30*24*time.Hour + time.Second, 0}} {
		x := newBench(t, servicetest.New(t, servicetest.Memory(t)))
		must(x.erasures().Request(t.Context(), x.P, ada, by))
		x.wait(t)
		if _, _, err := x.erasures().Apply(t.Context(), x.P, ada); err != nil {
			t.Fatal(err)
		}
		account := must(x.Table.Get(t.Context(), stored.AccountKey("bluebird", ada)))
		d := service.Delivery{
			Provider: "stripe", Event: "evt_1", Received: x.Now(), Mark: "x", Body: []byte("body"), Again: true,
		}
		for _, state := range []loyalty.FactState{loyalty.FactDone, loyalty.FactFailed} {
			report := &service.Report{
				Payment: "stripe:pi_1", Order: "1", Member: "external:cust-ada", Customer: "stripe:cus_ada",
				Facts: []loyalty.Fact{{
					Kind: loyalty.FactCapture, ID: "ch_1", State: state,
					Money: loyalty.Money{Amount: 10_00, Currency: "EUR"}, Clock: 2, At: x.Now(),
				}},
			}
			k := must(service.Payments{Ledger: x.Ledger}.Receive(t.Context(), x.P, d, report))
			if k.Outcome != service.Ignored || k.Body != nil {
				t.Errorf("the old payment is %s with the body %q", k.Outcome, k.Body)
			}
		}
		x.wantErased(t)
		x.pay(t, "7", "cust-ada")
		o := must(service.Orders{Ledger: x.Ledger}.Get(t.Context(), "bluebird", "7"))
		if o.State.Order.Member != "" {
			t.Errorf("the new order belongs to %s", o.State.Order.Member)
		}
		if now := must(x.Table.Get(t.Context(), account.Key)); now.Version != account.Version {
			t.Error("the account has changed")
		}
		x.Wait(c.after)
		const again = loyalty.MemberID("mem_again")
		must(members.Members{Ledger: x.Ledger}.Enroll(t.Context(), x.P, members.Enrollment{
			Member: again, Profile: members.Profile{Member: again, ExternalID: "cust-ada"},
			Identities: []stored.Identity{external},
		}, by))
		n, err := service.Payments{Ledger: x.Ledger}.Claim(t.Context(), x.P, again, []stored.Identity{external})
		if err != nil || n != c.claim {
			t.Errorf("%s later: %d orders were claimed, want %d; %v", c.after, n, c.claim, err)
		}
	}
}

// TestFriendOfAnErasedReferrerPlacesOrders erases the referrer. The friend's order must still earn.
func TestFriendOfAnErasedReferrerPlacesOrders(t *testing.T) {
	x := newBench(t, servicetest.New(t, servicetest.Memory(t)))
	must(members.Members{Ledger: x.Ledger}.Enroll(t.Context(), x.P, members.Enrollment{
		Member: "mem_bob", Profile: members.Profile{Member: "mem_bob"}, Code: x.code,
	}, by))
	must(x.erasures().Request(t.Context(), x.P, ada, by))
	x.wait(t)
	if _, _, err := x.erasures().Apply(t.Context(), x.P, ada); err != nil {
		t.Fatal(err)
	}
	x.P.Payments = loyalty.PaymentTerms{} // orders are awarded when they are reported
	x.Put(t, x.Order("b1", "mem_bob", 80_00))
	if got := x.Balance(t, "mem_bob"); got.Pending < 80 {
		t.Errorf("the friend has %+v", got)
	}
	x.wantErased(t)
}

// TestErasureIsReappliedToAnOlderTable applies a list of erasures to a table that was copied before the erasures. The
// list contains a page of the API, a line of the log, and lines that concern other members.
func TestErasureIsReappliedToAnOlderTable(t *testing.T) {
	const list = `{"data": [
		{"member": "mem_eve", "status": "pending", "requested_at": "2026-01-10T09:00:00Z",
			"due_at": "2026-01-10T09:00:00Z", "completed_at": null},
		{"member": "mem_unknown", "status": "completed", "requested_at": "2026-01-10T09:00:00Z",
			"due_at": "2026-01-10T09:00:00Z", "completed_at": "2026-01-10T09:00:00Z"}
	], "next_cursor": null}
	{"level": "INFO", "msg": "shards due", "shards": 3}
	{"level": "INFO", "msg": "member erased", "program": "redbird", "member": "mem_eve",
		"requested_at": "2026-01-10T09:00:00Z", "due_at": "2026-01-10T09:00:00Z",
		"completed_at": "2026-01-10T09:00:00Z"}
	{"level": "INFO", "msg": "member erased", "program": "bluebird", "member": "mem_ada",
		"requested_at": "2026-01-10T09:00:00Z", "due_at": "2026-01-10T09:00:00Z",
		"completed_at": "2026-01-10T09:00:00Z"}
	`
	x := newBench(t, servicetest.New(t, servicetest.Memory(t)))
	for _, want := range []int{2, 0} { // the second time, everything is applied
		applied := 0
		for e, err := range erasure.ReadList(strings.NewReader(list), "bluebird") {
			if must(x.erasures().Reapply(t.Context(), x.P, must(e, err))) {
				applied++
			}
		}
		if applied != want {
			t.Errorf("%d erasures were applied, want %d", applied, want)
		}
	}
	_, err := members.Members{Ledger: x.Ledger}.Get(t.Context(), x.P, ada)
	servicetest.WantRejection(t, err, loyalty.NotFound)
	if _, err := (members.Members{Ledger: x.Ledger}).Get(t.Context(), x.P, eve); err != nil {
		t.Error(err)
	}
	for _, m := range []loyalty.MemberID{ada, "mem_unknown"} {
		if _, done, err := x.erasures().Apply(t.Context(), x.P, m); err != nil || !done {
			t.Errorf("%s: %t, %v", m, done, err)
		}
	}
	x.wantErasedOf(t, ada, "mem_unknown")
}

func TestDamagedListOfErasuresIsReported(t *testing.T) {
	for e, err := range erasure.ReadList(strings.NewReader(`{"data": [`), "bluebird") {
		if err == nil {
			t.Errorf("read %+v", e)
		}
	}
}
