package remind

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Unavailability returns the unmet requirements of a reward if no stock, capacity or codes remain, or if members on the
// waitlist have priority. It considers only the given remaining amounts.
func Unavailability(r *loyalty.Reward, left earn.Budgets, now time.Time) []loyalty.UnmetRequirement {
	lacks := redeem.DatedReward(r, left, now)
	if n, known := left[r.Key()]; len(r.StockBatches) > 0 && (known && n <= 0 || redeem.StockUntil(r, now) == 0) {
		lacks = append(lacks, redeem.OutOfStock(r, now).Unmet...)
	}
	if n, known := left[r.CodesKey()]; known && n <= 0 {
		lacks = append(lacks, redeem.OutOfStock(r, now).Unmet...)
	}
	if n, known := left[r.TurnKey()]; known && n <= 0 {
		lacks = append(
			lacks,
			loyalty.UnmetRequirement{
				Requirement: loyalty.RequirementWaitlist, Available: loyalty.FormatPoints(left[r.Key()]),
			},
		)
	}
	return lacks
}

// The times freshFor and freshToday state how long a reminder can still be sent after it is due. After that, it is
// outdated.
const (
	freshFor    = 7 * 24 * time.Hour
	freshToday  = 3 * 24 * time.Hour // for a reminder that was scheduled for an instant
	keepNoticed = 62 * 24 * time.Hour
	keepForLong = 400 * 24 * time.Hour
)

// look evaluates the reminder r: it offers a message if one is due, and records when the reminder will be due next.
func (v *visit) look() {
	if !earn.OneOf(v.r.Tiers, v.acc.Tier.Level) || !earn.AnyOf(v.r.Segments, v.acc.Traits.Segments) || !v.asked() {
		return
	}
	v.evaluate()
}

// evaluate offers the messages of the reminder's trigger that are due.
func (v *visit) evaluate() {
	switch v.r.On {
	case loyalty.BeforeExpiry:
		v.expiries()
	case loyalty.AfterActive:
		v.activations()
	case loyalty.AfterIdle:
		v.idle()
	case loyalty.AfterAbsence:
		v.absence()
	case loyalty.NearReward:
		v.nearReward()
	case loyalty.NearTier:
		v.nearTier()
	case loyalty.BeforeTier:
		v.tierAtRisk()
	case loyalty.AfterClaim, loyalty.BeforeCode:
		v.codes()
	case loyalty.BeforeHold:
		v.holds()
	case loyalty.OnBirthday, loyalty.OnAnniversary:
		v.yearly()
	case loyalty.AfterJoining:
		v.steps(v.acc.Joined, freshFor, News{}, "joined", "")
	case loyalty.AfterOrder:
		v.orders()
	case loyalty.AfterReferral:
		v.stuck()
	case loyalty.Scheduled:
		v.schedule()
	}
}

// orders offers a message after each paid order.
func (v *visit) orders() {
	for _, b := range v.s.Orders {
		if !b.Unpaid {
			v.steps(b.At, freshFor, News{Order: b.Order}, b.Order, "")
		}
	}
}

// asked reports whether the reminder's condition holds for the member. If the evaluation of the condition fails, it
// does not hold.
func (v *visit) asked() bool {
	return v.r.When == nil ||
		earn.Holds(v.r.When, &loyalty.Facts{Buyer: posting.Actor(v.Tiers, v.acc, v.now), At: v.now.In(v.Zone)})
}

// offer adds a message that is due to the offers, unless the member already got a message about each of its subjects.
func (v *visit) offer(n News) {
	if !slices.ContainsFunc(n.Subjects, func(s Subject) bool { return !v.s.hasSent(v.r.On, s) }) {
		return // this includes a message without subjects
	}
	n.Reminder, n.On, n.Purpose = v.r.ID, v.r.On, cmp.Or(v.r.Purpose, posting.PurposeOf(v.r.On))
	n.At, n.Zone = v.now, v.zone
	v.offers = append(v.offers, offer{n, v.r})
}

// ahead is for reminders that are sent before an event, which happens at the given instant. It returns the latest step
// that is due, and when the step was due. The step is -1 if none is due. It also records when the next step is due.
func (v *visit) ahead(of time.Time, zone *time.Location) (step int, due time.Time) {
	step = -1
	for i, lead := range v.r.Leads {
		at := lead.Before(of, zone)
		if v.r.On != loyalty.BeforeHold { // a reservation may end before the next morning
			// The next morning may be too late for the promised notice.
			at = v.morning(calendar.DateOf(at, zone).Start(zone))
		}
		if at.After(v.now) {
			v.sooner(at)
			continue
		}
		if at.After(due) {
			step, due = i, at
		}
	}
	return step, due
}

// expiries offers messages about lots that expire soon. Each step of the reminder announces a lot once. The step is due
// a lead time before the lot expires. If other lots expire at most a quarter of the lead time after the first one, the
// same message announces them, with the day of each.
func (v *visit) expiries() {
	ends := func(l loyalty.Lot) time.Time { return l.Expires.End(v.Zone) }
	for i := 0; i < len(v.acc.Lots); i++ {
		first := v.acc.Lots[i]
		if !ends(first).After(v.now) { // this includes a lot that never expires
			continue
		}
		step, due := v.ahead(ends(first), v.Zone)
		if step < 0 {
			continue
		}
		lead := v.r.Leads[step]
		bundle := ends(first).Add(ends(first).Sub(lead.Before(ends(first), v.Zone)) / 4)
		n := News{Step: step, Due: due, Day: first.Expires.Day(), Until: ends(first)}
		for _, l := range v.acc.Lots[i:] {
			if l.Expires == 0 || ends(l).After(bundle) {
				break
			}
			s := Subject{
				ID: l.Expires.String(), Due: v.morning(lead.Before(ends(l), v.Zone)), Until: ends(l).Add(keepNoticed),
			}
			if v.s.hasSent(v.r.On, s) {
				break
			}
			n.Lots, n.Points, n.Subjects = append(n.Lots, l), n.Points+l.Points, append(n.Subjects, s)
		}
		if n.Points >= v.r.MinPoints {
			v.offer(n) // if the first lot was already announced, there are no subjects, and nothing is offered
			i += max(0, len(n.Subjects)-1)
		}
	}
}

// activations offers one message about all pending points that became active in recent days. It never states more
// points than the balance.
func (v *visit) activations() {
	n := News{}
	for _, a := range v.s.Active {
		at := v.morning(lead(v.r).After(a.At, v.Zone))
		v.sooner(at)
		s := Subject{ID: a.At.UTC().Format(posting.CauseTimeLayout), Until: a.At.Add(keepForLong)}
		if at.After(v.now) || v.now.Sub(at) > freshFor || v.s.hasSent(v.r.On, s) {
			continue
		}
		n.Points, n.Subjects = n.Points+a.Points, append(n.Subjects, s)
		n.Due = calendar.Later(n.Due, at)
	}
	if n.Points = min(n.Points, loyalty.TotalPoints(v.acc.Lots)); n.Points >= v.r.Least() {
		v.offer(n)
	}
}

// lead returns the first of the reminder's leads, or a zero period if it has none.
func lead(r *loyalty.Reminder) calendar.Period {
	if len(r.Leads) == 0 {
		return calendar.Period{}
	}
	return r.Leads[0]
}

// steps offers a message about an event that happened at the given instant, for the latest step that is due. A step is
// outdated and not offered if it has been due for longer than the given duration. If the duration is 0, no step becomes
// outdated.
func (v *visit) steps(since time.Time, fresh time.Duration, n News, subject, cycle string) {
	leads := v.r.Leads
	if len(leads) == 0 {
		leads = []calendar.Period{{}}
	}
	due := time.Time{}
	for i, lead := range leads {
		at := v.morning(lead.After(since, v.Zone))
		if at.After(v.now) {
			v.sooner(at)
			continue
		}
		if at.After(due) {
			n.Step, due = i, at
		}
	}
	if due.IsZero() || fresh > 0 && v.now.Sub(due) > fresh {
		return
	}
	s := Subject{ID: subject, Due: due, Cycle: cycle}
	if cycle == "" {
		s.Until = due.Add(keepForLong)
	}
	n.Due, n.Subjects = due, []Subject{s}
	v.offer(n)
}

// cycle returns the key of the present occasion of a subject. While the key stays the same, no message is repeated.
func cycle(acc loyalty.Account, s Reminded, on loyalty.Trigger, reminder string) string {
	switch on {
	case loyalty.AfterIdle:
		return s.Rich[reminder].UTC().Format(posting.CauseTimeLayout)
	case loyalty.AfterAbsence:
		return calendar.Later(acc.LastActivity, acc.Joined).UTC().Format(posting.CauseTimeLayout)
	case loyalty.NearReward:
		return s.Redeemed.UTC().Format(posting.CauseTimeLayout)
	case loyalty.NearTier:
		return acc.Tier.Since.UTC().Format(posting.CauseTimeLayout)
	}
	return ""
}

func (v *visit) cycle() string { return cycle(v.acc, v.s, v.r.On, v.r.ID) }

func (v *visit) idle() {
	since, rich := v.s.Rich[v.r.ID]
	if n := loyalty.TotalPoints(v.acc.Lots); rich && n >= v.r.Least() {
		v.steps(since, 0, News{Points: n}, v.cycle(), v.cycle())
	}
}

func (v *visit) absence() {
	if n := loyalty.TotalPoints(v.acc.Lots); n >= v.r.MinPoints {
		v.steps(
			calendar.Later(v.acc.LastActivity, v.acc.Joined), 0,
			News{Points: n, Ordered: posting.OrderCount(v.acc) > 0},
			v.cycle(), v.cycle(),
		)
	}
}

// nearReward offers a message about the points that are missing for the cheapest reward that the member may redeem but
// cannot afford yet.
func (v *visit) nearReward() {
	have, best, cost := loyalty.TotalPoints(v.acc.Lots), loyalty.Reward{}, loyalty.Points(0)
	if redeem.InDebt(v.Conversions, v.Rewards, v.acc) || have < v.r.MinPoints {
		return
	}
	for _, r := range v.Rewards {
		price := r.CostAt(v.acc.Tier.Level)
		if price <= have || cost > 0 && price >= cost || !r.Visible.Has(v.now) || v.barred(r) {
			continue
		}
		best, cost = r, price
	}
	if missing := int64(cost - have); cost > 0 && missing <= v.r.Within {
		v.offer(News{
			Due: v.now, Points: have, Reward: best.ID, Missing: missing,
			Subjects: []Subject{{ID: best.ID + "/" + v.cycle(), Cycle: v.cycle()}},
		})
	}
}

// barred reports whether the member cannot redeem a reward for a reason other than the balance.
func (v *visit) barred(r loyalty.Reward) bool {
	return len(v.UnmetRequirements(v.acc, &r, loyalty.Redemption{}, v.now)) > 0 ||
		len(Unavailability(&r, v.who.Left, v.now)) > 0
}

func (v *visit) nearTier() {
	next, gap, _ := v.Levels.Progress(v.acc, v.now) // nothing is missing if there is no next level
	missing := gap.Missing()
	if missing > 0 && missing <= v.r.Within && loyalty.TotalPoints(v.acc.Lots) >= v.r.MinPoints {
		v.offer(News{
			Due: v.now, Points: loyalty.TotalPoints(v.acc.Lots), Level: next.ID, Missing: missing, By: gap.By,
			Others:   tier.OtherGaps(v.Levels.Gaps(v.acc, v.Tiers.LevelIndex(v.acc.Tier)+1, v.now), gap),
			Subjects: []Subject{{ID: next.ID + "/" + v.cycle(), Cycle: v.cycle()}},
		})
	}
}

// tierAtRisk offers a message to a member who would lose the level at its review if the amounts that count do not
// change.
func (v *visit) tierAtRisk() {
	at := posting.ReviewAt(v.Tiers, v.Zone, v.acc.Tier)
	if !at.After(v.now) { // also true of a level that cannot be lost, for which at is zero
		return
	}
	step, due := v.ahead(at, v.Zone)
	v.sooner(v.morning(at)) // the review may be postponed then, which requires another message
	rung := v.Tiers.LevelIndex(v.acc.Tier)
	retained, _ := v.Levels.Requalified(v.acc, at)
	if step < 0 || rung <= max(0, v.Levels.Floor(v.acc)) || retained >= rung {
		return
	}
	level := v.Tiers.Levels[rung]
	n := News{
		Step: step, Due: due, Points: loyalty.TotalPoints(v.acc.Lots), Level: level.ID, Until: at,
		Day:      calendar.DateOf(at.Add(-1), v.Zone),
		Subjects: []Subject{{ID: TierSubject(level.ID, at), Due: due, Until: at.Add(keepNoticed)}},
	}
	stay, _ := v.Levels.RetentionOf(v.acc, v.now) // the result is zero if the member can no longer keep the level
	n.Missing, n.By, n.Before, n.Others = stay.Gap.Missing(), stay.Gap.By, stay.By, tier.OtherGaps(stay.Paths, stay.Gap)
	v.offer(n)
}

// TierSubject returns the subject of a message about the review of a level at an instant.
func TierSubject(level string, at time.Time) string {
	return level + "/" + at.UTC().Format(posting.CauseTimeLayout)
}

// codes offers messages about codes that were issued but not used, or that are about to expire unused.
func (v *visit) codes() {
	for _, c := range v.who.Codes {
		if !c.Until.IsZero() && !c.Until.After(v.now) {
			continue
		}
		n := News{Reward: c.Reward, Code: c.Code, Until: c.Until}
		if !c.Until.IsZero() {
			n.Day = calendar.DateOf(c.Until.Add(-1), v.Zone)
		}
		if c.From.After(v.now) {
			v.sooner(c.From)
			continue
		}
		if v.r.On == loyalty.AfterClaim {
			if !slices.Contains(v.who.Begun, c.Redemption) {
				v.steps(c.At, 0, n, c.Redemption, "")
			}
			continue
		}
		if c.Until.IsZero() {
			continue
		}
		if step, due := v.ahead(c.Until, v.Zone); step >= 0 {
			n.Step, n.Due = step, due
			n.Subjects = []Subject{{ID: c.Redemption, Due: due, Until: c.Until.Add(keepNoticed)}}
			v.offer(n)
		}
	}
}

// holds offers messages about reservations that are about to expire.
func (v *visit) holds() {
	for _, h := range v.acc.Holds {
		if h.Redemption.To != "" || h.Redemption.By != "" || h.Redemption.Wallet != "" {
			continue // skip offers to members, contributions to a household, and other wallets
		}
		until := h.Redemption.Until
		if step, due := v.ahead(until, v.Zone); step >= 0 && until.After(v.now) {
			v.offer(News{
				Step: step, Due: due, Points: h.Points(), Reward: h.Redemption.Reward,
				Until: until, Day: calendar.DateOf(until, v.Zone),
				Subjects: []Subject{{ID: h.Redemption.ID, Due: due, Until: until.Add(keepNoticed)}},
			})
		}
	}
}

// yearly offers a message about a birthday or an anniversary, only on the day on which it is due.
func (v *visit) yearly() {
	today := calendar.DateOf(v.now, v.zone)
	for year := today.Year() - 1; year <= today.Year()+1; year++ {
		at := v.morning(lead(v.r).After(onYear(v.acc, v.r.On, year, v.zone), v.zone))
		v.sooner(at)
		if calendar.DateOf(at, v.zone) != today || at.After(v.now) || loyalty.TotalPoints(v.acc.Lots) < v.r.MinPoints {
			continue
		}
		v.offer(News{
			Due: at, Points: loyalty.TotalPoints(v.acc.Lots), Years: year - v.acc.Joined.In(v.zone).Year(),
			Subjects: []Subject{{ID: strconv.Itoa(year), Until: at.Add(keepNoticed)}},
		})
	}
}

// onYear returns the beginning of the member's birthday, or of an anniversary of joining, in a year. It returns zero,
// an instant in the distant past, if there is none.
func onYear(acc loyalty.Account, on loyalty.Trigger, year int, zone *time.Location) time.Time {
	joined := calendar.DateOf(acc.Joined, zone)
	day := calendar.Day(acc.Traits.Birthday)
	if on == loyalty.OnAnniversary {
		day = calendar.Day(int(joined) % 10000)
		if year <= joined.Year() {
			return time.Time{}
		}
	}
	if day == 0 {
		return time.Time{}
	}
	return day.In(year).Start(zone)
}

// stuck offers a message to a referred member about the bonus that an order would earn. It is sent even if the member
// has ordered, because the earlier orders may not have met the condition.
func (v *visit) stuck() {
	r, most := v.acc.Traits.Referral, loyalty.Points(0)
	for _, a := range v.Earn.Actions {
		if posting.Refers(a) && a.Wallet == "" {
			most += a.Friend
		}
	}
	if posting.ReferralStatusAt(r, v.now) == posting.ReferralRegistered && most >= v.r.Least() {
		v.steps(r.At, freshFor, News{Points: most}, string(r.By), "")
	}
}

// schedule offers the messages that the merchant scheduled for instants or days.
func (v *visit) schedule() {
	if loyalty.TotalPoints(v.acc.Lots) < v.r.MinPoints {
		return
	}
	say := func(at time.Time, fresh bool) {
		v.sooner(at)
		if fresh && !at.After(v.now) && v.acc.Joined.Before(at) {
			v.offer(News{
				Due: at, Points: loyalty.TotalPoints(v.acc.Lots),
				Subjects: []Subject{
					{ID: v.r.ID + "/" + at.UTC().Format(posting.CauseTimeLayout), Until: at.Add(keepNoticed)},
				},
			})
		}
	}
	for _, at := range v.r.At {
		say(at, v.now.Sub(at) <= freshToday)
	}
	today := calendar.DateOf(v.now, v.zone)
	for _, day := range v.r.Days {
		for _, year := range []int{today.Year(), today.Year() + 1} {
			at := v.morning(day.In(year).Start(v.zone))
			say(at, calendar.DateOf(at, v.zone) == today)
		}
	}
}
