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
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// SeedMembers is how many members Seed makes.
const SeedMembers = 200

// seedMonths is how far back their first orders lie.
const seedMonths = 12

// SeedExternalID is the merchant's own id of the i-th seeded member, from 1. The first order the most.
func SeedExternalID(i int) string { return fmt.Sprintf("demo-%03d", i) }

// Seed enrols 200 members and lets them buy, pay, cancel, redeem and complain through the year before now. All of
// it is done by the very ledger, each member's on a clock of its own that moves through that year, so what is in
// the table afterwards is what twelve months of operation would have left, with every activation, expiry and tier
// review in its place. The same program and the same instant give the same bytes in the table.
//
// The members have no e-mail addresses: nobody must ever be written to by mistake.
func Seed(ctx context.Context, a *app.App, p *loyalty.Program, now time.Time) error {
	const abreast = 32 // members are independent, and a table on disk commits many writers at once
	todo := make(chan int)
	failures := make([]error, SeedMembers)
	var workers sync.WaitGroup
	for range abreast {
		workers.Go(func() {
			for i := range todo {
				failures[i-1] = newPerson(a, p, i, now).live(ctx)
			}
		})
	}
	for i := 1; i <= SeedMembers && ctx.Err() == nil; i++ {
		todo <- i
	}
	close(todo)
	workers.Wait()
	err := ctx.Err() // that of two hundred people whose plans were cut short says no more
	if err == nil {
		err = errors.Join(failures...)
	}
	if err != nil {
		return fmt.Errorf("local: seed: %w", err)
	}
	return nil
}

// A person is one seeded member, and the source of all their chances.
type person struct {
	rand    *rand.Rand
	index   int // from 1; also the rank in how much they buy
	program *loyalty.Program
	ledger  *ledger.Ledger
	now     time.Time // the person's present, as the ledger sees it
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
	per.ledger = &ledger.Ledger{Table: a.Table, Now: func() time.Time { return per.now }, Program: a.Programs.Version}
	per.home = homes[per.rand.IntN(len(homes))]
	per.id = loyalty.MemberID(per.name("mem_"))
	return per
}

// by is who asks. What a person does has a natural identity, so nothing is fingerprinted.
var by = ledger.By{Actor: "demo"}

// live enrols the person and goes through the plans in the order of their instants, up to the end.
func (per *person) live(ctx context.Context) error {
	year := per.end.Sub(per.end.AddDate(0, -seedMonths, 0))
	late := time.Duration(per.rand.Int64N(int64(year) * int64(per.index) / (SeedMembers + 20)))
	joined := per.end.AddDate(0, -seedMonths, 0).Add(late.Truncate(time.Second))
	per.now = joined
	if err := per.enrol(ctx); err != nil {
		return fmt.Errorf("enrol %s: %w", SeedExternalID(per.index), err)
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
	_, err := per.ledger.Advance(ctx, per.program, per.id)
	return err
}

func (per *person) enrol(ctx context.Context) error {
	pick := func(names []string) string { return names[per.rand.IntN(len(names))] }
	external := SeedExternalID(per.index)
	_, err := per.ledger.Enrol(ctx, per.program, ledger.Enrolment{
		Member: per.id,
		Profile: ledger.Profile{
			ExternalID: external, Name: pick(per.home.first) + " " + pick(per.home.last),
			Locale: per.home.locale, Timezone: per.home.zone,
			Birthday: fmt.Sprintf("%d-%02d-%02d", 1950+per.rand.IntN(55), 1+per.rand.IntN(12), 1+per.rand.IntN(28)),
		},
		Identities: []ledger.Identity{{Kind: "external", Value: external}},
	}, by)
	return err
}

// name is an id that chance gives, in the form that the API's have.
func (per *person) name(prefix string) string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	var b [20]byte
	for i := range b {
		b[i] = alphabet[per.rand.IntN(len(alphabet))]
	}
	return prefix + string(b[:])
}

// oneIn is true once in n times.
func (per *person) oneIn(n int) bool { return per.rand.IntN(n) == 0 }
