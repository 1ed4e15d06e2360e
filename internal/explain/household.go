package explain

import "github.com/perennial-loyalty/perennial/internal/loyalty"

// contributed describes an entry for a member of a household, after another member has used this member's points.
func (s speaker) contributed(e loyalty.Entry) string {
	r, with := e.Redemption, s.values(e)
	with["reward"], with["until"] = s.rule("rewards."+r.Reward), value{text: s.instant(r.Until)}
	if e.Kind == loyalty.KindReserve || e.Kind == loyalty.KindRedeem {
		with["points"] = s.points(r.Points)
	}
	return s.sentence("part."+string(e.Kind), with)
}
