package local

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
)

// seedMembers is the number of members that Seed creates.
const seedMembers = 200

// seedMonths is the number of months for which the members have been active.
const seedMonths = 12

// SeedExternalID returns the merchant's ID of the i-th seeded member, counted from 1. The first members place the most
// orders.
func SeedExternalID(i int) string { return fmt.Sprintf("demo-%03d", i) }

// Seed enrolls 200 members and simulates their activity during the year before now: they place orders, pay, cancel,
// redeem rewards and file complaints. For each member, it uses the ledger with a separate clock, which advances through
// that year. The table therefore has the same contents as after twelve months of operation, including every activation,
// expiry and tier review. With the same program and the same present time, Seed always writes the same bytes.
//
// The members have no email addresses, so that no message can be sent to a real person.
func Seed(ctx context.Context, a *app.App, p *loyalty.Program, now time.Time) error {
	const abreast = 32 // number of members at the same time; many concurrent writers are faster with a table on disk
	todo := make(chan int)
	failures := make([]error, seedMembers)
	var workers sync.WaitGroup
	for range abreast {
		workers.Go(func() {
			for i := range todo {
				failures[i-1] = newPerson(a, p, i, now).live(ctx)
			}
		})
	}
	for i := 1; i <= seedMembers && ctx.Err() == nil; i++ {
		todo <- i
	}
	close(todo)
	workers.Wait()
	err := ctx.Err() // returned once, because otherwise every member would report it
	if err == nil {
		err = errors.Join(failures...)
	}
	if err != nil {
		return fmt.Errorf("local: seed: %w", err)
	}
	return nil
}

// A person is one seeded member, with a random number generator.
type person struct {
	app.Stores // these stores use the person's clock

	rand    *rand.Rand
	index   int // counted from 1; members with a low index place the most orders
	program *loyalty.Program
	now     time.Time // the current time of the person
	end     time.Time
	id      loyalty.MemberID
	home    home
	plans   plans
}

func newPerson(a *app.App, p *loyalty.Program, index int, end time.Time) *person {
	per := &person{
		rand:  rand.New(rand.NewPCG(0x706572656e6e6961, uint64(index))),
		index: index, program: p, end: end.UTC().Truncate(time.Second),
	}
	now := func() time.Time { return per.now }
	per.Stores = app.NewStores(&ledger.Ledger{
		Table: a.Table, Now: now, Program: a.Programs.Version, Keyring: a.Ledger.Keyring,
	})
	per.home = homes[per.rand.IntN(len(homes))]
	per.id = loyalty.MemberID(per.name("mem_"))
	return per
}

// by is the actor of all seeded commands. The commands have natural IDs and need no fingerprint.
var by = ledger.By{Actor: "demo"}

// live enrolls the person and performs the plans in order, until the end of the simulated year.
func (per *person) live(ctx context.Context) error {
	year := per.end.Sub(per.end.AddDate(0, -seedMonths, 0))
	late := time.Duration(per.rand.Int64N(int64(year) * int64(per.index) / (seedMembers + 20)))
	joined := per.end.AddDate(0, -seedMonths, 0).Add(late.Truncate(time.Second))
	per.now = joined
	if err := per.enroll(ctx); err != nil {
		return fmt.Errorf("enroll %s: %w", SeedExternalID(per.index), err)
	}
	per.planOrders(joined)
	for plan, ok := per.plans.next(); ok; plan, ok = per.plans.next() {
		if plan.at.After(per.end) {
			continue
		}
		per.now = plan.at
		if err := plan.do(ctx); err != nil {
			return fmt.Errorf("%s at %s: %w", SeedExternalID(per.index), plan.at.Format(time.RFC3339), err)
		}
	}
	per.now = per.end
	_, err := per.Ledger.Advance(ctx, per.program, per.id)
	return err
}

func (per *person) enroll(ctx context.Context) error {
	pick := func(names []string) string { return names[per.rand.IntN(len(names))] }
	external := SeedExternalID(per.index)
	_, err := per.Members.Enroll(ctx, per.program, members.Enrollment{
		Member: per.id,
		Profile: members.Profile{
			ExternalID: external, Name: pick(per.home.first) + " " + pick(per.home.last),
			Locale: per.home.locale, Timezone: per.home.zone,
			Birthday: fmt.Sprintf("%d-%02d-%02d", 1950+per.rand.IntN(55), 1+per.rand.IntN(12), 1+per.rand.IntN(28)),
		},
		Identities: []stored.Identity{{Kind: "external", Value: external}},
	}, by)
	return err
}

// name returns a random ID in the format of the API.
func (per *person) name(prefix string) string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	var b [20]byte
	for i := range b {
		b[i] = alphabet[per.rand.IntN(len(alphabet))]
	}
	return prefix + string(b[:])
}

// oneIn reports true with the probability 1/n.
func (per *person) oneIn(n int) bool { return per.rand.IntN(n) == 0 }
