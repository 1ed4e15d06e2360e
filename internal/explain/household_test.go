package explain

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestSummariesOfWhatAHouseholdDrew(t *testing.T) {
	part := func(kind loyalty.Kind, n loyalty.Points) loyalty.Entry {
		return with(entry(
			kind, loyalty.Cause{Kind: loyalty.CauseContribution, ID: "rd_1:mem_bob"}, n,
		), func(e *loyalty.Entry) {
			e.Redemption = redemption(loyalty.Reserved)
			e.Redemption.Points, e.Redemption.By = 300, "mem_ada"
		})
	}
	check(t, []summarised{
		{
			"points are held", part(loyalty.KindReserve, -300),
			"Your household has reserved 300 beans of yours for the reward Free mug until 15 December 2026, 00:30.",
			"Ihr Haushalt hat 300 Bohnen von Ihnen für die Prämie „Gratis-Tasse“ reserviert, " +
				"bis zum 15. Dezember 2026, 00:30 Uhr.",
		},
		{
			"and spent", part(loyalty.KindRedeem, 0),
			"Your household spent 300 beans of yours on the reward Free mug.",
			"Ihr Haushalt hat 300 Bohnen von Ihnen für die Prämie „Gratis-Tasse“ eingelöst.",
		},
		{
			"or returned", part(loyalty.KindRelease, 300),
			"Your household's reservation for the reward Free mug has ended, and you have 300 beans back.",
			"Die Reservierung Ihres Haushalts für die Prämie „Gratis-Tasse“ ist beendet, " +
				"und Sie haben 300 Bohnen zurückerhalten.",
		},
		{
			"or given back", part(loyalty.KindRestore, 300),
			"Your household's redemption of the reward Free mug was reversed, and you have 300 beans back.",
			"Die Einlösung Ihres Haushalts für die Prämie „Gratis-Tasse“ wurde rückgängig gemacht, " +
				"und Sie haben 300 Bohnen zurückerhalten.",
		},
		{
			"whose redemption it is and had none has none back",
			with(entry(
				loyalty.KindRelease, loyalty.Cause{Kind: loyalty.CauseRedemption, ID: "rd_1"}, 0,
			), func(e *loyalty.Entry) {
				e.Redemption = redemption(loyalty.Canceled)
				e.Redemption.Contributions = []loyalty.Contribution{{Member: "mem_bob", Points: 1200}}
			}),
			"The reservation for the reward Free mug was canceled, and you have 0 beans back.",
			"Die Reservierung für die Prämie „Gratis-Tasse“ wurde storniert, und Sie haben 0 Bohnen zurückerhalten.",
		},
	})
}
