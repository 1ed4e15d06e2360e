package explain

import (
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// summary returns a sentence that states the effect of an entry.
func (s speaker) summary(e loyalty.Entry) string {
	switch r := e.Redemption; {
	case r == nil:
	case r.To != "":
		return s.transferred(e)
	case r.By != "":
		return s.contributed(e)
	}
	switch e.Kind {
	case loyalty.KindEarn, loyalty.KindClawback, "promotion":
		return s.earned(e)
	case loyalty.KindActivate:
		return s.activated(e)
	case loyalty.KindReserve, loyalty.KindRelease, loyalty.KindRedeem, loyalty.KindRestore, loyalty.KindReject:
		return s.redeemed(e)
	case loyalty.KindExpire:
		return s.expired(e)
	case loyalty.KindAdjust, loyalty.KindReinstate:
		return s.corrected(e)
	case loyalty.KindMoveTier:
		return s.moved(e)
	case loyalty.KindEnroll:
		return s.joined(e)
	case loyalty.KindExtend:
		return s.extended(e)
	case loyalty.KindUpdateMember, loyalty.KindNotify:
		return s.firstReason(e)
	case loyalty.KindForfeit, loyalty.KindNote:
		if e.Status == loyalty.Erased {
			return s.firstReason(e)
		}
		return s.sentence(string(e.Kind), s.values(e))
	}
	return s.sentence("other"+sign(e.Points), s.values(e))
}

// values returns the values that most sentences about an entry use.
func (s speaker) values(e loyalty.Entry) values {
	return values{
		"points": s.points(max(e.Points, -e.Points)),
		"units":  s.units(),
		"by":     s.by(e.Cause.Kind, e.Cause.ID),
		"id":     {text: e.Cause.ID},
	}
}

// sign returns the suffix of a phrase's key: ".up" for points that were given, ".down" for points that were taken, and
// ".none" for zero.
func sign(n loyalty.Points) string {
	switch {
	case n > 0:
		return ".up"
	case n < 0:
		return ".down"
	}
	return ".none"
}

func (s speaker) earned(e loyalty.Entry) string {
	key := "earn" + sign(e.Points)
	if e.Kind == loyalty.KindClawback && e.Points == 0 {
		key = "earn.kept"
	} else if e.Points >= 0 && slices.ContainsFunc(e.Reasons, wasGiven) {
		key += ".again"
	}
	return s.sentence(key, s.values(e)) + s.lives(e, e.Points)
}

func wasGiven(b loyalty.Reason) bool { return b.Kind == loyalty.WasGiven }

func (s speaker) activated(e loyalty.Entry) string {
	var left, active loyalty.Points
	for _, p := range e.Postings {
		switch p.Bucket {
		case loyalty.BucketPending:
			left -= p.Points
		case loyalty.BucketActive:
			active += p.Points
		}
	}
	with := s.values(e)
	with["points"], with["active"] = s.points(left), s.points(active)
	switch active {
	case left:
		return s.sentence("activate", with) + s.lives(e, left)
	case 0:
		return s.sentence("activate.none", with) + s.lives(e, left)
	}
	return s.sentence("activate.part", with) + s.lives(e, left)
}

func (s speaker) expired(e loyalty.Entry) string {
	with := s.values(e)
	with["day"] = value{text: s.day(e.Effective.Add(-1))}
	for _, p := range e.Postings {
		if p.Bucket == loyalty.BucketExpired && p.Lot != 0 {
			with["day"] = value{text: s.date(p.Lot)}
		}
	}
	return s.sentence("expire", with)
}

// corrected returns the sentence for a manual correction.
func (s speaker) corrected(e loyalty.Entry) string {
	return s.sentence(string(e.Kind)+sign(e.Points), s.values(e)) + s.lives(e, e.Points)
}

func (s speaker) extended(e loyalty.Entry) string {
	with := s.values(e)
	for _, p := range e.Postings {
		if p.Bucket == loyalty.BucketActive && p.Points > 0 {
			with["points"], with["until"] = s.points(p.Points), value{text: s.date(p.Lot)}
			return s.sentence("extend", with)
		}
	}
	return s.sentence("other.none", with)
}

// firstReason returns the sentence of the first reason. It is the summary of an entry that changes a member's data,
// because the reasons of such an entry already state the change.
func (s speaker) firstReason(e loyalty.Entry) string {
	if len(e.Reasons) == 0 {
		return s.sentence("other.none", nil)
	}
	return s.reason(e.Reasons[0])
}

func (s speaker) moved(e loyalty.Entry) string {
	if e.Standing == nil {
		return s.sentence("other.none", nil)
	}
	key := "tier"
	for _, b := range e.Reasons {
		switch {
		case b.Kind == loyalty.HasStayed:
			key = "tier.kept"
		case b.Kind == loyalty.WasPlaced:
			key = "tier.placed"
		case b.Kind == loyalty.HasMoved && len(b.Args) > 2:
			key = "tier." + b.Args[2]
		}
	}
	if _, ok := s.phrases[key]; !ok {
		key = "tier"
	}
	said := s.sentence(key, values{"level": s.level(e.Standing.Level)})
	if until := e.Standing.Until; !until.IsZero() {
		said += " " + s.sentence("tier.until", values{"until": {text: s.day(until)}})
	}
	return said
}

func (s speaker) joined(e loyalty.Entry) string {
	said := s.sentence("enroll", nil)
	if name := s.p.Name.In(s.locale); name != "" {
		said = s.sentence("join.program", values{"program": {text: name}})
	}
	if e.Standing != nil && e.Standing.Level != "" {
		said += " " + s.sentence("tier", values{"level": s.level(e.Standing.Level)})
	}
	return said
}

func (s speaker) redeemed(e loyalty.Entry) string {
	with := s.values(e)
	r := e.Redemption
	if r == nil {
		return s.sentence("other"+sign(e.Points), with)
	}
	with["reward"], with["until"] = s.rule("rewards."+r.Reward), value{text: s.instant(r.Until)}
	if e.Kind == loyalty.KindReserve || e.Kind == loyalty.KindRedeem {
		with["points"] = s.points(r.Points)
	}
	if isShort(e) {
		with["needed"], with["had"] = s.points(e.Refusal.Required), s.points(e.Refusal.Available)
	}
	key := redemptionKey(e)
	if _, ok := s.phrases[key]; !ok {
		key, _, _ = strings.Cut(key, ".")
	}
	return s.sentence(key, with)
}

// redemptionKey returns the key of the sentence that describes a step of a redemption.
func redemptionKey(e loyalty.Entry) string {
	switch {
	case e.Kind == loyalty.KindRedeem && e.Redemption.Points == 0:
		return "redeem.free"
	case e.Kind == loyalty.KindRelease && e.Points == 0 && len(e.Redemption.Contributions) == 0:
		return "release.none"
	case e.Kind == loyalty.KindRelease:
		return "release." + string(e.Redemption.Status)
	case e.Kind == loyalty.KindRestore && e.Points == 0:
		return "restore.none"
	case e.Kind == loyalty.KindRestore && e.Redemption.Status != loyalty.Reversed:
		return "restore.part"
	case isShort(e):
		return "reject.short"
	}
	return string(e.Kind)
}

// isShort reports whether an entry records the rejection of a request because the member had too few points.
func isShort(e loyalty.Entry) bool {
	return e.Kind == loyalty.KindReject && e.Refusal != nil && e.Refusal.Code == loyalty.InsufficientPoints
}
