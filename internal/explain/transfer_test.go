package explain

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestSummariesOfTransfers(t *testing.T) {
	given := func(
		kind loyalty.Kind, revision int, n loyalty.Points, edit func(*loyalty.Entry), postings ...loyalty.Posting,
	) loyalty.Entry {
		e := entry(kind, loyalty.Cause{Kind: loyalty.CauseTransfer, ID: "tr_1", Revision: revision}, n, postings...)
		e.Redemption = &loyalty.Redemption{ID: "tr_1", To: "mem_bob", Points: 100, Fee: 10, Until: redemption("").Until}
		if edit != nil {
			edit(&e)
		}
		return e
	}
	status := func(s loyalty.RedemptionStatus) func(*loyalty.Entry) {
		return func(e *loyalty.Entry) { e.Redemption.Status = s }
	}
	received := func(note string) func(*loyalty.Entry) {
		return func(e *loyalty.Entry) { e.Redemption.By, e.Redemption.Note = "mem_ada", note }
	}
	check(t, []summarised{
		{
			"points are offered", given(loyalty.KindOffer, 1, -110, nil),
			"You offered 100 beans to another member, who can accept them until 15 December 2026, 00:30.",
			"Sie haben einem anderen Mitglied 100 Bohnen angeboten: " +
				"Es kann das Angebot bis zum 15. Dezember 2026, 00:30 Uhr annehmen.",
		},
		{
			"or given at once", given(loyalty.KindTransfer, 1, -110, nil),
			"You gave 100 beans to another member.", "Sie haben einem anderen Mitglied 100 Bohnen geschenkt.",
		},
		{
			"and accepted", given(loyalty.KindTransfer, 2, 0, nil),
			"Another member accepted 100 beans from you.", "Ein anderes Mitglied hat 100 Bohnen von Ihnen angenommen.",
		},
		{
			"they arrive", given(loyalty.KindTransfer, 1, 100, received(""), active(100, 20270331)),
			"Another member gave you 100 beans. They expire at the end of 31 March 2027.",
			"Ein anderes Mitglied hat Ihnen 100 Bohnen geschenkt. Gültig bis einschließlich 31. März 2027.",
		},
		{
			"with a word", given(loyalty.KindTransfer, 1, 100, received("Happy {birthday}"), active(60, 0), debt(40)),
			"Another member gave you 100 beans. 60 beans never expire. 40 beans made up for what your account owed. " +
				"With them came: “Happy {birthday}”",
			"Ein anderes Mitglied hat Ihnen 100 Bohnen geschenkt. 60 Bohnen: unbegrenzt gültig. " +
				"40 Bohnen wurden mit dem verrechnet, was auf Ihrem Konto offen war. Dazu: „Happy {birthday}“",
		},
		{
			"declined", given(loyalty.KindRelease, 2, 110, status(loyalty.Declined)),
			"Your offer to another member was declined, and you have 110 beans back.",
			"Ihr Angebot an ein anderes Mitglied wurde abgelehnt, und Sie haben 110 Bohnen zurückerhalten.",
		},
		{
			"canceled", given(loyalty.KindRelease, 2, 110, status(loyalty.Canceled)),
			"Your offer to another member was canceled, and you have 110 beans back.",
			"Ihr Angebot an ein anderes Mitglied wurde zurückgezogen, und Sie haben 110 Bohnen zurückerhalten.",
		},
		{
			"forgotten", given(loyalty.KindRelease, 2, 110, status(loyalty.Expired)),
			"Your offer to another member expired, and you have 110 beans back.",
			"Ihr Angebot an ein anderes Mitglied ist abgelaufen, und Sie haben 110 Bohnen zurückerhalten.",
		},
		{
			"too late for the points", given(loyalty.KindRelease, 2, 0, status(loyalty.Expired)),
			"Your offer to another member has ended, but its beans had expired meanwhile.",
			"Ihr Angebot an ein anderes Mitglied ist beendet, doch die Bohnen waren inzwischen verfallen.",
		},
		{
			"refused for want of points",
			given(loyalty.KindReject, 1, 0, func(e *loyalty.Entry) {
				e.Refusal = &loyalty.Error{Code: loyalty.InsufficientPoints, Required: 110, Available: 60}
			}),
			"You could not give the beans to another member: that takes 110 beans, and you could spend 60 beans.",
			"Sie konnten einem anderen Mitglied keine Bohnen schenken: " +
				"Nötig waren 110 Bohnen, Ihr Guthaben betrug 60 Bohnen.",
		},
		{
			"refused for another reason", given(loyalty.KindReject, 1, 0, nil),
			"You could not give the beans to another member.",
			"Sie konnten einem anderen Mitglied keine Bohnen schenken.",
		},
	})
}
