package members_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func (b *bench) referral(t *testing.T, m loyalty.MemberID) loyalty.Referral {
	t.Helper()
	got, err := servicetest.Until(
		func() (members.Member, error) { return members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, m) },
	)
	if err != nil {
		t.Fatal(err)
	}
	return got.Account.Traits.Referral
}

// A member repeatedly and concurrently names the codes of two referrers. One of the referrals counts, once.
func TestMemberHasOneReferrer(t *testing.T) {
	onFaulty(t, func(t *testing.T, b *bench) {
		codes := b.EnrollReferrers(t, 3)
		claim := func(i int) error {
			in := members.ReferralRequest{ID: fmt.Sprint("rf_", i), Member: servicetest.Member(2), Code: codes[i%2]}
			_, err := servicetest.Until(
				func() (members.Member, error) {
					return members.Referrals{Ledger: b.Ledger}.Refer(t.Context(), b.P, in, ledger.By{Input: in.ID})
				},
			)
			return err
		}
		won := -1
		for i, err := range servicetest.InParallel(20, claim) {
			if err == nil && won < 0 {
				won = i
			} else if !errors.Is(err, loyalty.ReferralClaimed) {
				t.Errorf("claim %d: %v", i, err)
			}
		}
		if won < 0 || b.referral(t, servicetest.Member(2)).By != servicetest.Member(won%2) {
			t.Fatalf("claim %d won, and the member came through %+v", won, b.referral(t, servicetest.Member(2)))
		}
		if err := claim(won); err != nil {
			t.Errorf("the one that won, repeated: %v", err)
		}
		for i := range 2 {
			friends, err := servicetest.Until(
				func() ([]members.Friend, error) {
					return members.Referrals{Ledger: b.Ledger}.Friends(t.Context(), b.P, servicetest.Member(i), "", 0)
				},
			)
			if want := map[bool]int{true: 1}[i == won%2]; len(friends) != want || err != nil {
				t.Errorf("%s lists %d friends, want %d: %v", servicetest.Member(i), len(friends), want, err)
			}
		}
		b.AuditAll(t, 3)
	})
}

// Twenty requests for the same referral code run concurrently. One member receives the code.
func TestReferralCodeBelongsToOneMember(t *testing.T) {
	onFaulty(t, func(t *testing.T, b *bench) {
		b.EnrollReferrers(t, 0)
		for i := range 5 {
			servicetest.Until(func() (members.Member, error) {
				return members.Members{Ledger: b.Ledger}.Enroll(
					t.Context(), b.P, members.Enrollment{Member: servicetest.Member(i)},
					ledger.By{Input: fmt.Sprint(i)},
				)
			})
		}
		got := map[bool]int{}
		for i, err := range servicetest.InParallel(20, func(i int) error {
			_, err := servicetest.Until(
				func() (string, error) {
					return members.Referrals{Ledger: b.Ledger}.GiveCode(
						t.Context(), b.P, servicetest.Member(i%5), "BEANS",
					)
				},
			)
			return err
		}) {
			if err != nil && !errors.Is(err, loyalty.AlreadyExists) {
				t.Errorf("%d: %v", i, err)
			}
			got[err == nil]++
		}
		if got[true] != 4 { // the requests of one member
			t.Errorf("%d of 20 have the code, want the 4 of one member", got[true])
		}
	})
}

// Friends place, cancel and place orders again, concurrently and over a table that fails. In the end, one order of each
// friend has converted the referral and earned once, as has the referrer, and no other member has earned anything
// (invariant I25).
func TestReferralsAreRewardedOnce(t *testing.T) {
	const referrers, friends, orders = 2, 6, 4
	onFaulty(t, func(t *testing.T, b *bench) {
		codes := b.EnrollReferrers(t, referrers)
		b.Wait(time.Minute)
		friend := func(i int) loyalty.MemberID { return servicetest.Member(referrers + i) }
		for i, err := range servicetest.InParallel(friends, func(i int) error {
			in := members.Enrollment{Member: friend(i), Code: codes[i%referrers]}
			_, err := servicetest.Until(func() (members.Member, error) {
				return members.Members{Ledger: b.Ledger}.Enroll(
					t.Context(), b.P, in, ledger.By{Input: fmt.Sprint("friend", i)},
				)
			})
			return err
		}) {
			if err != nil {
				t.Fatalf("friend %d: %v", i, err)
			}
		}
		for round := range 3 {
			for i, err := range servicetest.InParallel(friends*orders, func(n int) error {
				r := rand.New(rand.NewPCG(uint64(round), uint64(n)))
				o := b.Order(fmt.Sprint("o", n), friend(n%friends), 2_000)
				o.PlacedAt = servicetest.Start
				if r.IntN(2) == 0 {
					o.Status = loyalty.OrderCanceled
				}
				_, err := servicetest.Until(
					func() (service.OrderResult, error) {
						return service.Orders{Ledger: b.Ledger}.Put(
							t.Context(), b.P, o, ledger.By{Actor: "test"},
						)
					},
				)
				return err
			}) {
				if err != nil {
					t.Fatalf("order %d: %v", i, err)
				}
			}
			b.rewarded(t, referrers, friends, orders)
			b.Wait(10 * 24 * time.Hour)
		}
		b.AuditAll(t, referrers+friends)
	})
}

// rewarded compares the points of all members with the current orders and referrals.
func (b *bench) rewarded(t *testing.T, referrers, friends, orders int) {
	t.Helper()
	want := map[loyalty.MemberID]loyalty.Points{}
	for i := range friends {
		m := servicetest.Member(referrers + i)
		paid := map[string]bool{}
		for k := range orders {
			got, err := servicetest.Until(func() (service.OrderResult, error) {
				return service.Orders{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, fmt.Sprint("o", i+k*friends))
			})
			if err != nil {
				t.Fatal(err)
			}
			if want[m] += got.State.Worth; got.State.Order.Status == loyalty.OrderPaid {
				paid[got.State.Order.ID] = true
			}
		}
		r := b.referral(t, m)
		if r.Order != "" {
			want[m] += 100
			want[r.By] += 200
		}
		if r.Order != "" && !paid[r.Order] {
			t.Errorf("%s was brought by order %s, which does not stand", m, r.Order)
		}
	}
	for i := range referrers + friends {
		if has := b.owns(t, servicetest.Member(i)); has != want[servicetest.Member(i)] {
			t.Errorf("%s has %d in all, want %d", servicetest.Member(i), has, want[servicetest.Member(i)])
		}
	}
}

// is changes the profile of a member.
func (b *bench) is(t *testing.T, p members.Profile) {
	t.Helper()
	_, err := servicetest.Until(func() (struct{}, error) {
		was, err := members.Members{Ledger: b.Ledger}.Profile(t.Context(), b.P.ID, p.Member)
		if err != nil {
			return struct{}{}, err
		}
		p.Version = was.Version
		return struct{}{}, members.Members{Ledger: b.Ledger}.Change(
			t.Context(), b.P, members.Change{Profile: p}, ledger.By{Actor: "test"},
		)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// If the profiles of a member and the referrer become those of the same person before the first order, no order
// converts the referral. After the profiles differ again, the first order converts it. A referral that was converted
// while they differed stays converted.
func TestReferralBetweenSamePersonIsNotConverted(t *testing.T) {
	onFaulty(t, func(t *testing.T, b *bench) {
		code := b.EnrollReferrers(t, 1)[0]
		b.is(t, members.Profile{Member: servicetest.Member(0), Email: "anna.b@gmail.com", Phone: "+491701234567"})
		for i, c := range []struct{ Joins, Then members.Profile }{
			{members.Profile{Email: "other@other.example"}, members.Profile{Email: "annab@gmail.com"}},
			{members.Profile{Phone: "+491707654321"}, members.Profile{Phone: "+491701234567"}},
			{members.Profile{}, members.Profile{Email: "Anna.B+1@googlemail.com"}},
		} {
			m := servicetest.Member(i + 1)
			c.Joins.Member, c.Then.Member = m, m
			in := members.Enrollment{Member: m, Profile: c.Joins, Code: code}
			if _, err := servicetest.Until(
				func() (members.Member, error) {
					return members.Members{Ledger: b.Ledger}.Enroll(t.Context(), b.P, in, ledger.By{Input: string(m)})
				},
			); err != nil {
				t.Fatal(err)
			}
			points := loyalty.Points(0)
			for _, step := range []struct {
				Is                 members.Profile
				Order, Brought     string
				Friends, Referrers loyalty.Points
			}{
				{c.Then, "alike", "", 0, 0},
				{c.Joins, "apart", "alike", 100, 200},
				{c.Then, "later", "alike", 100, 200},
			} {
				b.is(t, step.Is)
				points += b.place(t, b.Order(step.Order+string(m), m, 2_000))
				if r := b.referral(t, m); r.By != servicetest.Member(0) ||
					strings.TrimSuffix(r.Order, string(m)) != step.Brought {
					t.Errorf("%+v ordered %s, and the referral is %+v", step.Is, step.Order, r)
				}
				if has, want := b.owns(t, m), points+step.Friends; has != want {
					t.Errorf("%+v ordered %s and has %d, want %d", step.Is, step.Order, has, want)
				}
				if has, want := b.owns(t, servicetest.Member(0)), loyalty.Points(i)*200+step.Referrers; has != want {
					t.Errorf("%+v ordered %s, and the referrer has %d, want %d", step.Is, step.Order, has, want)
				}
			}
		}
		b.AuditAll(t, 4)
	})
}

// A member cannot use their own referral code, however the email address is written.
func TestAMailboxIsTheSameHoweverItIsWritten(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.EnrollReferrers(t, 0)
	for i, c := range []struct {
		X, Y string
		Same bool
	}{
		{"anna.b@gmail.com", "AnnaB+1@googlemail.com", true},
		{"anna@bücher.example", "anna@xn--bcher-kva.example", true},
		{"anna@XN--BCHER-KVA.example", "anna@BÜCHER.example", true},
		{"anna@straße.example", "anna@xn--strae-oqa.example", true},
		{"anna@bücher.example", "anna@bucher.example", false},
		{"anna@bücher.example", "anna@xn--bcher-kva.example.org", false},
		{"anna@example.com", "anna@ex\u0430mple.com", true}, // a Cyrillic character
		{"anna@example.com", "anna@xn--exmple-4nf.com", true},
		{"anna@my_host.example", "anna@my_host.example", true},
		{"anna@xn--zzzzzz999.example", "anna@xn--zzzzzz998.example", false}, // invalid Punycode
		{"anna1@example.com", "annal@example.com", false},
		{"anna1@bücher.example", "annal@xn--bcher-kva.example", false},
	} {
		referrer, friend := loyalty.MemberID(fmt.Sprint("mem_r", i)), loyalty.MemberID(fmt.Sprint("mem_f", i))
		enroll := func(in members.Enrollment) error {
			_, err := members.Members{Ledger: b.Ledger}.Enroll(
				t.Context(), b.P, in, ledger.By{Input: string(in.Member)},
			)
			return err
		}
		if err := enroll(members.Enrollment{Member: referrer, Profile: members.Profile{Email: c.X}}); err != nil {
			t.Fatal(err)
		}
		code, err := members.Referrals{Ledger: b.Ledger}.GiveCode(t.Context(), b.P, referrer, "")
		if err != nil {
			t.Fatal(err)
		}
		err = enroll(members.Enrollment{Member: friend, Profile: members.Profile{Email: c.Y}, Code: code})
		if errors.Is(err, loyalty.SelfReferral) != c.Same || err != nil && !c.Same {
			t.Errorf("%s joins by the code of %s: %v", c.Y, c.X, err)
		}
	}
}

// place sends an order until the result is known, and returns the points of the order.
func (b *bench) place(t *testing.T, o loyalty.Order) loyalty.Points {
	t.Helper()
	got, err := servicetest.Until(
		func() (service.OrderResult, error) {
			return service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{Actor: "test"})
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	return got.State.Worth
}

// owns returns the active and pending points of a member.
func (b *bench) owns(t *testing.T, m loyalty.MemberID) loyalty.Points {
	t.Helper()
	got, err := servicetest.Until(
		func() (members.Member, error) { return members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, m) },
	)
	if err != nil {
		t.Fatal(err)
	}
	bal := got.Account.Balance()
	return bal.Active + bal.Pending - bal.Debt
}

// A friend's account remembers the first orders that could convert the referral. If all of them are canceled, the
// member's entries determine the next one.
func TestTheNextOrderConvertsThoughManyAreCanceled(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		code, friend := b.EnrollReferrers(t, 1)[0], servicetest.Member(1)
		in := members.Enrollment{Member: friend, Code: code}
		if _, err := (members.Members{Ledger: b.Ledger}).Enroll(
			t.Context(), b.P, in, ledger.By{Input: "friend"},
		); err != nil {
			t.Fatal(err)
		}
		var orders []loyalty.Order
		sum := loyalty.Points(0)
		for i := range 12 {
			b.Wait(time.Hour)
			orders = append(orders, b.Order(fmt.Sprintf("o%02d", i), friend, 2_000))
			sum += b.place(t, orders[i])
		}
		converts := func(order string, friends, referrers loyalty.Points) {
			t.Helper()
			if r := b.referral(t, friend); r.Order != order {
				t.Errorf("order %q converts the referral, want %q", r.Order, order)
			}
			if has := b.owns(t, friend); has != friends {
				t.Errorf("the friend has %d, want %d", has, friends)
			}
			if has := b.owns(t, servicetest.Member(0)); has != referrers {
				t.Errorf("the referrer has %d, want %d", has, referrers)
			}
		}
		converts("o00", sum+100, 200)
		each := sum / 12
		for i := range 12 {
			b.Wait(time.Hour)
			canceled := orders[i]
			canceled.Status = loyalty.OrderCanceled
			b.place(t, canceled)
			if next := i + 1; next < 12 {
				converts(orders[next].ID, each*loyalty.Points(12-next)+100, 200)
			}
		}
		converts("", 0, 0)
		b.place(t, orders[7])
		converts("o07", each+100, 200)
		b.place(t, orders[3])
		converts("o03", 2*each+100, 200)
		b.AuditAll(t, 2)
	})
}

// The cost of referrals: an order that converts a referral also costs the referrer's account and two profiles. An order
// that does not convert it, because the friend and the referrer are the same person, costs only the profiles. Other
// orders cost nothing more.
func TestCostOfReferral(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	codes := b.EnrollReferrers(t, 1)
	b.Enroll(t, servicetest.Member(9))
	within := func(what string, read, write float64) {
		t.Helper()
		u := meter.Take()
		t.Logf("%s costs %g read and %g write units", what, u.Read, u.Write)
		if u.Read > read || u.Write > write {
			t.Errorf("%s may cost %g read and %g write units", what, read, write)
		}
	}
	meter.Take()
	if _, err := (members.Members{Ledger: b.Ledger}).Enroll(
		t.Context(), b.P, members.Enrollment{Member: servicetest.Member(1), Code: codes[0]}, ledger.By{Input: "1"},
	); err != nil {
		t.Fatal(err)
	}
	within("to join by a code", 4, 9)
	b.Put(t, b.Order("o1", servicetest.Member(1), 2_000))
	within("the order that converts", 8, 15)
	b.Put(t, b.Order("o2", servicetest.Member(1), 2_000))
	within("the next order", 2, 5)
	b.is(t, members.Profile{Member: servicetest.Member(0), Phone: "+491701234567"})
	if _, err := (members.Members{Ledger: b.Ledger}).Enroll(
		t.Context(), b.P, members.Enrollment{Member: servicetest.Member(2), Code: codes[0]}, ledger.By{Input: "2"},
	); err != nil {
		t.Fatal(err)
	}
	b.is(t, members.Profile{Member: servicetest.Member(2), Phone: "+491701234567"})
	meter.Take()
	b.Put(t, b.Order("o4", servicetest.Member(2), 2_000))
	within("the order of who turns out to be the referrer", 4, 6)
	b.Put(t, b.Order("o3", servicetest.Member(9), 2_000))
	within("the first order of who came alone", 2, 6)
}
