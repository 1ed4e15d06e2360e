package explain

import "github.com/perennial-loyalty/perennial/internal/loyalty"

// transferred describes a transfer of points between two members for one of them. It does not identify the other
// member, because only the merchant may do so.
func (s speaker) transferred(e loyalty.Entry) string {
	r, with := e.Redemption, s.values(e)
	with["until"], with["note"] = value{text: s.instant(r.Until)}, value{text: r.Note}
	switch e.Kind {
	case loyalty.KindRelease:
		if e.Points == 0 {
			return s.sentence("transfer.none", with)
		}
		return s.sentence("transfer."+string(r.Status), with)
	case loyalty.KindReject:
		if e.Refusal == nil || e.Refusal.Code != loyalty.InsufficientPoints {
			return s.sentence("transfer.rejected", with)
		}
		with["needed"], with["had"] = s.points(e.Refusal.Required), s.points(e.Refusal.Available)
		return s.sentence("transfer.short", with)
	}
	with["points"] = s.points(r.Points)
	switch {
	case r.By != "":
		said := s.sentence("transfer.received", with) + s.lives(e, r.Points)
		if r.Note != "" {
			said += " " + s.sentence("transfer.note", with)
		}
		return said
	case e.Kind == loyalty.KindOffer:
		return s.sentence("transfer.offered", with)
	case e.Cause.Revision > 1:
		return s.sentence("transfer.accepted", with)
	}
	return s.sentence("transfer.sent", with)
}
