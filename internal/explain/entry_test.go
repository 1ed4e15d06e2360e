package explain

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

var (
	order    = loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1042", Revision: 1}
	review   = loyalty.Cause{Kind: loyalty.CauseEvent, ID: "review:778", Revision: 1}
	workshop = loyalty.Cause{Kind: loyalty.CauseEvent, ID: "workshop:9", Revision: 1}
	birthday = loyalty.Cause{Kind: loyalty.CauseEvent, ID: "member:mem_1:birthday:2026", Revision: 1}
	byHand   = loyalty.Cause{Kind: loyalty.CauseAdjustment, ID: "adj_1", Revision: 1}
	time1    = time.Date(2026, 12, 14, 23, 0, 0, 0, time.UTC) // the 15th in Berlin
	silver   = &loyalty.Standing{Level: "silver", Since: time1, Until: time1.AddDate(1, 0, 0)}
)

// sliding marks the day of a lot that an activity moves on.
const sliding calendar.Date = 100_000_000

func pending(n loyalty.Points, lot calendar.Date) loyalty.Posting {
	return loyalty.Posting{Bucket: loyalty.BucketPending, Lot: lot, ActiveAt: time1, Points: n}
}

func active(n loyalty.Points, lot calendar.Date) loyalty.Posting {
	return loyalty.Posting{Bucket: loyalty.BucketActive, Lot: lot, Points: n}
}

func debt(n loyalty.Points) loyalty.Posting {
	return loyalty.Posting{Bucket: loyalty.BucketDebt, Points: n}
}

func redemption(status loyalty.RedemptionStatus) *loyalty.Redemption {
	return &loyalty.Redemption{
		ID: "rd_1", Reward: "free-mug", Points: 1200, Status: status, Until: time1.Add(30 * time.Minute),
	}
}

func entry(kind loyalty.Kind, cause loyalty.Cause, n loyalty.Points, postings ...loyalty.Posting) loyalty.Entry {
	return loyalty.Entry{Kind: kind, Cause: cause, Points: n, Postings: postings, Effective: time1}
}

func with(e loyalty.Entry, change func(*loyalty.Entry)) loyalty.Entry {
	change(&e)
	return e
}

var given = []loyalty.Reason{why("revision", "-25", loyalty.WasGiven)}

type summarised struct {
	name   string
	entry  loyalty.Entry
	en, de string
}

func check(t *testing.T, all []summarised) {
	t.Helper()
	p := bluebird(t)
	for _, x := range all {
		t.Run(x.name, func(t *testing.T) {
			for locale, want := range map[string]string{"en": x.en, "de": x.de} {
				if got := Entry(p, x.entry, locale); got.Summary != want || got.Language != locale {
					t.Errorf("in %s\nit is %s\nwant  %s", got.Language, got.Summary, want)
				}
			}
		})
	}
}

func TestSummariesOfWhatWasEarned(t *testing.T) {
	check(t, []summarised{
		{
			"an order's points that wait and expire", entry(loyalty.KindEarn, order, 37, pending(37, 20271231)),
			"You earned 37 beans with order 1042. " +
				"They can be spent from 15 December 2026 and expire at the end of 31 December 2027.",
			"Für Bestellung 1042 haben Sie 37 Bohnen gesammelt. " +
				"Einlösbar ab dem 15. Dezember 2026, gültig bis einschließlich 31. Dezember 2027.",
		},
		{
			"one is one", entry(loyalty.KindEarn, order, 1, pending(1, 20271231)),
			"You earned 1 bean with order 1042. " +
				"It can be spent from 15 December 2026 and expires at the end of 31 December 2027.",
			"Für Bestellung 1042 haben Sie 1 Bohne gesammelt. " +
				"Einlösbar ab dem 15. Dezember 2026, gültig bis einschließlich 31. Dezember 2027.",
		},
		{
			"points at once and for ever", entry(loyalty.KindEarn, review, 20, active(20, 0)),
			"You earned 20 beans for your review. They never expire.",
			"Für Ihre Bewertung haben Sie 20 Bohnen gesammelt. Unbegrenzt gültig.",
		},
		{
			"points that are pending without a date",
			entry(loyalty.KindEarn, order, 37, loyalty.Posting{Bucket: loyalty.BucketPending, Points: 37}),
			"You earned 37 beans with order 1042. They cannot be spent yet.",
			"Für Bestellung 1042 haben Sie 37 Bohnen gesammelt. Noch nicht einlösbar.",
		},
		{
			"a friend whom the member brought",
			entry(
				loyalty.KindEarn,
				loyalty.Cause{Kind: loyalty.CauseEvent, ID: "referral:mem_1.mem_2:1042", Revision: 1}, 200,
				active(200, 20271231),
			),
			"You earned 200 beans for referring a friend. They expire at the end of 31 December 2027.",
			"Für eine Empfehlung haben Sie 200 Bohnen gesammelt. Gültig bis einschließlich 31. Dezember 2027.",
		},
		{
			"coming by a friend's code",
			entry(
				loyalty.KindEarn, loyalty.Cause{Kind: loyalty.CauseEvent, ID: "referral:mem_2:10.42", Revision: 1},
				100, active(100, 20271231),
			),
			"You earned 100 beans for joining with a friend’s code. They expire at the end of 31 December 2027.",
			"Für Ihren Beitritt mit einem Empfehlungscode haben Sie 100 Bohnen gesammelt. " +
				"Gültig bis einschließlich 31. Dezember 2027.",
		},
		{
			"points that last while the member is active",
			entry("promotion", birthday, 100, active(100, sliding+20271231)),
			"You earned 100 beans for your birthday. " +
				"They expire at the end of 31 December 2027, or later if you stay active.",
			"Zu Ihrem Geburtstag haben Sie 100 Bohnen gesammelt. " +
				"Gültig bis einschließlich 31. Dezember 2027 und länger, wenn Sie aktiv bleiben.",
		},
		{
			"parts with lives of their own",
			entry(loyalty.KindEarn, order, 57, pending(20, 0), pending(17, 0), active(20, 20270131)),
			"You earned 57 beans with order 1042. 37 beans can be spent from 15 December 2026 and never expire. " +
				"20 beans expire at the end of 31 January 2027.",
			"Für Bestellung 1042 haben Sie 57 Bohnen gesammelt. 37 Bohnen: einlösbar ab dem 15. Dezember 2026, " +
				"unbegrenzt gültig. 20 Bohnen: gültig bis einschließlich 31. Januar 2027.",
		},
		{
			"not what the order moved on of other lots",
			entry(loyalty.KindEarn, order, 37, active(37, sliding+20271130), active(-60, sliding+20270131),
				active(60, sliding+20271231), active(-37, sliding+20271130), active(37, sliding+20271231)),
			"You earned 37 beans with order 1042. They expire at the end of 31 December 2027, " +
				"or later if you stay active.",
			"Für Bestellung 1042 haben Sie 37 Bohnen gesammelt. " +
				"Gültig bis einschließlich 31. Dezember 2027 und länger, wenn Sie aktiv bleiben.",
		},
		{
			"points that now know how long they wait",
			entry(
				loyalty.KindEarn, order, 0, loyalty.Posting{Bucket: loyalty.BucketPending, Points: -37},
				pending(37, 20271231),
			),
			"You earned no beans with order 1042. 37 beans can be spent from 15 December 2026 and expire at the end " +
				"of 31 December 2027.",
			"Für Bestellung 1042 gibt es keine Bohnen. " +
				"37 Bohnen: einlösbar ab dem 15. Dezember 2026, gültig bis einschließlich 31. Dezember 2027.",
		},
		{
			"a part that paid debt", entry(loyalty.KindEarn, order, 37, debt(10), active(27, 0)),
			"You earned 37 beans with order 1042. 27 beans never expire. 10 beans made up for what your account owed.",
			"Für Bestellung 1042 haben Sie 37 Bohnen gesammelt. 27 Bohnen: unbegrenzt gültig. " +
				"10 Bohnen wurden mit dem verrechnet, was auf Ihrem Konto offen war.",
		},
		{
			"an order that gives more than before",
			with(entry(loyalty.KindEarn, order, 12), func(e *loyalty.Entry) { e.Reasons = given }),
			"You earned 12 beans more with order 1042.",
			"Für Bestellung 1042 haben Sie noch einmal 12 Bohnen gesammelt.",
		},
		{
			"an order that gives nothing", entry(loyalty.KindEarn, order, 0),
			"You earned no beans with order 1042.", "Für Bestellung 1042 gibt es keine Bohnen.",
		},
		{
			"an order that gives nothing more",
			with(entry(loyalty.KindEarn, order, 0), func(e *loyalty.Entry) { e.Reasons = given }),
			"You earned no more beans with order 1042.", "Für Bestellung 1042 gibt es keine weiteren Bohnen.",
		},
		{
			"an event of the program's own", entry("promotion", workshop, 5),
			"You earned 5 beans for the event workshop.", "Für das Ereignis „workshop“ haben Sie 5 Bohnen gesammelt.",
		},
		{
			"a cause of another release", entry("promotion", loyalty.Cause{Kind: "comet", ID: "x"}, 5),
			"You earned 5 beans in the program.", "Im Programm haben Sie 5 Bohnen gesammelt.",
		},
	})
}

func TestSummariesOfWhatWasTakenOrCorrected(t *testing.T) {
	check(t, []summarised{
		{
			"a refund", entry(loyalty.KindClawback, order, -12, pending(-12, 0)),
			"12 beans earned with order 1042 were taken back.",
			"Für Bestellung 1042 haben wir 12 Bohnen zurückgebucht.",
		},
		{
			"a refund of what is spent", entry(loyalty.KindClawback, review, -12, active(-11, 0), debt(-1)),
			"12 beans earned for your review were taken back. " +
				"1 bean was no longer there, so the next beans that you earn make up for it.",
			"Für Ihre Bewertung haben wir 12 Bohnen zurückgebucht. " +
				"1 Bohne war nicht mehr vorhanden: Das gleichen Ihre nächsten Bohnen aus.",
		},
		{
			"a refund that takes nothing", entry(loyalty.KindClawback, order, 0),
			"No beans earned with order 1042 were taken back.",
			"Für Bestellung 1042 haben wir keine Bohnen zurückgebucht.",
		},
		{
			"a lot that expired",
			entry(
				loyalty.KindExpire, loyalty.Cause{}, -30,
				loyalty.Posting{Bucket: loyalty.BucketExpired, Lot: 20270331, Points: 30},
			),
			"30 beans expired at the end of 31 March 2027.", "30 Bohnen sind mit Ablauf des 31. März 2027 verfallen.",
		},
		{
			"a expire that names no lot", entry(loyalty.KindExpire, loyalty.Cause{}, -1),
			"1 bean expired at the end of 14 December 2026.", "1 Bohne ist mit Ablauf des 14. Dezember 2026 verfallen.",
		},
		{
			"a gift", entry(loyalty.KindAdjust, byHand, 50, active(50, 20271231)),
			"You were given 50 beans. They expire at the end of 31 December 2027.",
			"Sie haben 50 Bohnen gutgeschrieben bekommen. Gültig bis einschließlich 31. Dezember 2027.",
		},
		{
			"a deduction", entry(loyalty.KindAdjust, byHand, -1, active(-1, 0)), "1 bean was deducted.",
			"1 Bohne wurde abgezogen.",
		},
		{
			"points brought back", entry(loyalty.KindReinstate, byHand, 30),
			"30 beans that had expired are yours again.", "30 Bohnen, schon verfallen, gehören wieder Ihnen.",
		},
		{
			"points that live longer",
			entry(loyalty.KindExtend, byHand, 0, active(-20, 20270131), active(-10, 20270228), active(30, 20271231)),
			"30 beans now last until the end of 31 December 2027.",
			"30 Bohnen sind jetzt bis einschließlich 31. Dezember 2027 gültig.",
		},
		{
			"points that are extended without a date", entry(loyalty.KindExtend, byHand, 0),
			"Your account was updated.", "Ihr Konto wurde aktualisiert.",
		},
		{
			"points that waited in vain", entry(loyalty.KindForfeit, loyalty.Cause{}, -37, pending(-37, 0)),
			"37 beans were forfeited because the required confirmation did not arrive in time.",
			"37 Bohnen sind entfallen: Die nötige Bestätigung kam nicht rechtzeitig.",
		},
		{
			"what is known of the member",
			with(entry(loyalty.KindUpdateMember, loyalty.Cause{}, 0), func(e *loyalty.Entry) {
				e.Reasons = []loyalty.Reason{why("member", "0", loyalty.HasChanged, "birthday")}
			}),
			"Your birthday was updated.", "Ihr Geburtstag wurde aktualisiert.",
		},
		{
			"a change without details", entry(loyalty.KindUpdateMember, loyalty.Cause{}, 0),
			"Your account was updated.", "Ihr Konto wurde aktualisiert.",
		},
		{
			"a guest's order", entry(loyalty.KindNote, order, 0), "Order 1042 was recorded without a member.",
			"Bestellung 1042 wurde ohne Mitglied erfasst.",
		},
		{
			"a gain of another release", entry("comet", order, 5), "5 beans were added to your account.",
			"5 Bohnen wurden Ihrem Konto gutgeschrieben.",
		},
		{
			"a loss of another release", entry("comet", order, -1), "1 bean was taken off your account.",
			"1 Bohne wurde von Ihrem Konto abgebucht.",
		},
		{"neither", entry("comet", order, 0), "Your account was updated.", "Ihr Konto wurde aktualisiert."},
	})
}

func TestSummariesOfPointsThatBecameActive(t *testing.T) {
	check(t, []summarised{
		{
			"all of them", entry(loyalty.KindActivate, loyalty.Cause{}, 0, pending(-37, 0), active(37, 0)),
			"37 beans can now be spent. They never expire.",
			"37 Bohnen können jetzt eingelöst werden. Unbegrenzt gültig.",
		},
		{
			"some, where others pay debt",
			entry(loyalty.KindActivate, loyalty.Cause{}, 0, pending(-37, 0), debt(36), active(1, 0)),
			"37 beans are no longer pending, and 1 bean can now be spent. 1 bean never expires. " +
				"36 beans made up for what your account owed.",
			"37 Bohnen sind nicht mehr vorgemerkt, und 1 Bohne kann jetzt eingelöst werden. " +
				"1 Bohne: unbegrenzt gültig. 36 Bohnen wurden mit dem verrechnet, was auf Ihrem Konto offen war.",
		},
		{
			"none, where all pay debt", entry(loyalty.KindActivate, loyalty.Cause{}, 0, pending(-37, 0), debt(37)),
			"37 beans are no longer pending. 37 beans made up for what your account owed.",
			"37 Bohnen sind nicht mehr vorgemerkt. 37 Bohnen wurden mit dem verrechnet, was auf Ihrem Konto offen war.",
		},
	})
}

func TestSummariesOfRedemptions(t *testing.T) {
	spent := func(kind loyalty.Kind, n loyalty.Points, status loyalty.RedemptionStatus) loyalty.Entry {
		return with(entry(kind, loyalty.Cause{Kind: loyalty.CauseRedemption, ID: "rd_1"}, n), func(e *loyalty.Entry) {
			e.Redemption = redemption(status)
		})
	}
	check(t, []summarised{
		{
			"points that paid for an order",
			with(
				spent(loyalty.KindRedeem, -1200, loyalty.Committed),
				func(e *loyalty.Entry) { e.Redemption.Reward = redeem.PayReward },
			),
			"You spent 1,200 beans on the payment of your order.",
			"Sie haben 1.200 Bohnen für die Bezahlung Ihrer Bestellung eingelöst.",
		},
		{
			"points are held", spent(loyalty.KindReserve, -1200, loyalty.Reserved),
			"1,200 beans are reserved for the reward Free mug until 15 December 2026, 00:30.",
			"1.200 Bohnen sind für die Prämie „Gratis-Tasse“ reserviert, bis zum 15. Dezember 2026, 00:30 Uhr.",
		},
		{
			"and spent, which moves nothing more", spent(loyalty.KindRedeem, 0, loyalty.Committed),
			"You spent 1,200 beans on the reward Free mug.",
			"Sie haben 1.200 Bohnen für die Prämie „Gratis-Tasse“ eingelöst.",
		},
		{
			"or canceled", spent(loyalty.KindRelease, 1200, loyalty.Canceled),
			"The reservation for the reward Free mug was canceled, and you have 1,200 beans back.",
			"Die Reservierung für die Prämie „Gratis-Tasse“ wurde storniert, " +
				"und Sie haben 1.200 Bohnen zurückerhalten.",
		},
		{
			"or forgotten", spent(loyalty.KindRelease, 1200, loyalty.Expired),
			"The reservation for the reward Free mug expired, and you have 1,200 beans back.",
			"Die Reservierung für die Prämie „Gratis-Tasse“ ist abgelaufen, und Sie haben 1.200 Bohnen zurückerhalten.",
		},
		{
			"or ended in another way", spent(loyalty.KindRelease, 1200, "reversed"),
			"The reservation for the reward Free mug has ended, and you have 1,200 beans back.",
			"Die Reservierung für die Prämie „Gratis-Tasse“ ist beendet, und Sie haben 1.200 Bohnen zurückerhalten.",
		},
		{
			"too late for the points", spent(loyalty.KindRelease, 0, loyalty.Expired),
			"The reservation for the reward Free mug has ended, but its beans had expired meanwhile.",
			"Die Reservierung für die Prämie „Gratis-Tasse“ ist beendet, doch die Bohnen waren inzwischen verfallen.",
		},
		{
			"given back", spent(loyalty.KindRestore, 1200, loyalty.Reversed),
			"Your redemption of the reward Free mug was reversed, and you have 1,200 beans back.",
			"Ihre Einlösung für die Prämie „Gratis-Tasse“ wurde rückgängig gemacht, " +
				"und Sie haben 1.200 Bohnen zurückerhalten.",
		},
		{
			"given back in part", spent(loyalty.KindRestore, 400, loyalty.Committed),
			"You have 400 beans back of what you spent on the reward Free mug.",
			"Von Ihrer Einlösung für die Prämie „Gratis-Tasse“ haben Sie 400 Bohnen zurückerhalten.",
		},
		{
			"given back, but there are no points to come back", spent(loyalty.KindRestore, 0, loyalty.Reversed),
			"Your redemption of the reward Free mug was reversed.",
			"Ihre Einlösung für die Prämie „Gratis-Tasse“ wurde rückgängig gemacht.",
		},
		{
			"refused for want of points",
			with(spent(loyalty.KindReject, 0, loyalty.Rejected), func(e *loyalty.Entry) {
				e.Refusal = &loyalty.Error{Code: loyalty.InsufficientPoints, Required: 1200, Available: 1160}
			}),
			"The reward Free mug could not be redeemed: it costs 1,200 beans, and you could spend 1,160 beans.",
			"Die Prämie „Gratis-Tasse“ konnte nicht eingelöst werden: " +
				"Der Preis ist 1.200 Bohnen, Ihr Guthaben betrug 1.160 Bohnen.",
		},
		{
			"refused for another reason", spent(loyalty.KindReject, 0, loyalty.Rejected),
			"The reward Free mug could not be redeemed.", "Die Prämie „Gratis-Tasse“ konnte nicht eingelöst werden.",
		},
		{
			"without a word of what", entry(loyalty.KindRedeem, loyalty.Cause{}, -5),
			"5 beans were taken off your account.", "5 Bohnen wurden von Ihrem Konto abgebucht.",
		},
	})
}

func TestSummariesOfMembershipAndLevels(t *testing.T) {
	level := func(standing *loyalty.Standing, because ...loyalty.Reason) loyalty.Entry {
		return loyalty.Entry{
			Kind: loyalty.KindMoveTier, Detail: loyalty.Detail{LevelEffects: loyalty.LevelEffects{Standing: standing}},
			Reasons: because,
		}
	}
	check(t, []summarised{
		{
			"joining",
			loyalty.Entry{
				Kind: loyalty.KindEnroll,
				Detail: loyalty.Detail{
					LevelEffects: loyalty.LevelEffects{Standing: &loyalty.Standing{Level: "bronze"}},
				},
			},
			"You joined Bluebird Rewards. Your level is Bronze.",
			"Sie sind jetzt Mitglied bei Bluebird Prämien. Ihre Stufe ist Bronze.",
		},
		{
			"joining a program without levels",
			loyalty.Entry{Kind: loyalty.KindEnroll},
			"You joined Bluebird Rewards.", "Sie sind jetzt Mitglied bei Bluebird Prämien.",
		},
		{
			"a level that was reached",
			level(silver, why("tiers.silver", "0", loyalty.HasMoved, "bronze", "silver", "reached", "512", "orders")),
			"You reached the level Silver. It is yours at least until 15 December 2027.",
			"Sie haben die Stufe Silber erreicht. Sie gehört Ihnen mindestens bis zum 15. Dezember 2027.",
		},
		{
			"a level that was lost",
			level(
				&loyalty.Standing{Level: "bronze"},
				why("tiers.bronze", "0", loyalty.HasMoved, "silver", "bronze", "lost", "12", "orders"),
			),
			"You moved to the level Bronze.", "Ihre Stufe ist jetzt Bronze.",
		},
		{
			"a level that was kept", level(silver, why("tiers.silver", "0", loyalty.HasStayed, "512", "orders")),
			"You keep the level Silver. It is yours at least until 15 December 2027.",
			"Sie behalten die Stufe Silber. Sie gehört Ihnen mindestens bis zum 15. Dezember 2027.",
		},
		{
			"a level that the program has no more, of the first release",
			level(&loyalty.Standing{Level: "tin"}, why("tiers.tin", "0", loyalty.Says, "kept: 512")),
			"Your level is tin.", "Ihre Stufe ist tin.",
		},
		{
			"a level of another tier group",
			loyalty.Entry{
				Kind: loyalty.KindMoveTier,
				Detail: loyalty.Detail{
					LevelEffects: loyalty.LevelEffects{TierGroup: "club", Standing: &loyalty.Standing{Level: "friend"}},
				},
				Reasons: []loyalty.Reason{
					why("tier_groups.club.friend", "0", loyalty.HasMoved, "guest", "friend", "reached", "3", "visits"),
				},
			},
			"You reached the level friend (club).", "Sie haben die Stufe friend (club) erreicht.",
		},
		{"no level at all", level(nil), "Your account was updated.", "Ihr Konto wurde aktualisiert."},
	})
}
