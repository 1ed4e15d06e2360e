package stored

import (
	"cmp"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

type entryDoc struct {
	Sequence   int64              `json:"seq,omitzero"`
	Member     string             `json:"m"`
	Kind       string             `json:"k"`
	Points     int64              `json:"n"`
	Postings   []postingDoc       `json:"p,omitempty"`
	Reasons    []reasonDoc        `json:"why,omitempty"`
	Program    int                `json:"v"`
	Effective  int64              `json:"at"`
	Recorded   int64              `json:"rec"`
	Actor      string             `json:"by"`
	Input      string             `json:"in,omitzero"`
	Order      *orderDoc          `json:"o,omitempty"`
	Redemption *redemptionDoc     `json:"rd,omitempty"`
	Rejection  *rejectionDoc      `json:"no,omitempty"`
	Tier       *tierDoc           `json:"tier,omitempty"`
	Redecided  *redecidedDoc      `json:"again,omitempty"`
	Redated    []reachedDoc       `json:"dated,omitempty"`
	Metric     *metricDoc         `json:"met,omitempty"`
	Brands     object[int64]      `json:"mb,omitempty"` // encoded like AccountDoc.Brands
	TierGroup  string             `json:"tg,omitzero"`  // the tier group in which the change happened
	Counts     []countDoc         `json:"cnt,omitempty"`
	Usage      object[seriesDoc]  `json:"caps,omitempty"`
	Numbers    int                `json:"nums,omitzero"`
	Target     int                `json:"tgt,omitzero"`
	First      []string           `json:"first,omitempty"`  // encoded like AccountDoc.First
	Undecided  []againDoc         `json:"undec,omitempty"`  // encoded like AccountDoc.Undecided
	From       *againDoc          `json:"undecf,omitempty"` // an empty order: clears the account's value
	Converting *convertingDoc     `json:"conv,omitempty"`
	Event      *eventDoc          `json:"ev,omitempty"`
	Reached    *reachedDoc        `json:"ms,omitempty"`
	Traits     *traitsDoc         `json:"who,omitempty"`
	Status     string             `json:"st,omitzero"`
	Move       *moveDoc           `json:"mv,omitempty"`
	Notice     *noticeDoc         `json:"notice,omitempty"`
	Extended   []extendedDoc      `json:"ext,omitempty"`
	Slides     int32              `json:"slide,omitzero"`
	Activity   *activityChangeDoc `json:"act,omitzero"`
	Stale      int32              `json:"stale,omitzero"`
	Graced     []int32            `json:"grace,omitempty"`
	Carried    string             `json:"frac,omitzero"`
	Conversion *convertedDoc      `json:"cv,omitempty"`
	Reversals  []unconvertedDoc   `json:"unc,omitempty"`
	WriteOffs  []writeOffDoc      `json:"wo,omitempty"`
	Wallets    []walletDoc        `json:"ws,omitempty"`
	Active     int64              `json:"ba,omitzero"` // the balance after the entry
	Pending    int64              `json:"bp,omitzero"`
	Reserved   int64              `json:"br,omitzero"`
	Debt       int64              `json:"bd,omitzero"`
	Previous   string             `json:"prev,omitzero"`
	Hash       string             `json:"hash,omitzero"`
}

type postingDoc struct {
	Wallet string `json:"w,omitzero"`
	Bucket string `json:"b"`
	Lot    int32  `json:"l,omitzero"`
	At     int64  `json:"at,omitzero"`
	GiveUp int64  `json:"up,omitzero"`
	Kind   string `json:"k,omitzero"`
	ID     string `json:"id,omitzero"`
	Points int64  `json:"n"`
	From   int32  `json:"f,omitzero"`
}

type reasonDoc struct {
	Wallet string   `json:"w,omitzero"`
	Rule   string   `json:"r"`
	Effect string   `json:"e,omitzero"` // a text, used by the first release instead of Kind and Args
	Kind   string   `json:"k,omitzero"`
	Args   []string `json:"a,omitempty"`
	Points string   `json:"n"`
}

func StoredEntry(e loyalty.Entry) entryDoc {
	d := entryDoc{
		Sequence: e.Sequence, Member: string(e.Member), Kind: string(e.Kind), Points: int64(e.Points),
		Program: e.Program, Effective: Millis(e.Effective), Recorded: Millis(e.Recorded), Actor: e.Actor,
		Input:      e.Input,
		Redemption: storedRedemption(e.Redemption), Tier: storedTier(e.Standing),
		Redated:    each(e.Redated, storedReached),
		Usage:      storedUsage(e.Usage),
		Conversion: storedConverted(e.Conversion), Reversals: each(e.Reversals, storedUnconverted),
		WriteOffs: each(e.WriteOffs, storedWriteOff),
		Wallets:   each(e.Wallets, storedWallet), Numbers: e.Numbers, Target: e.Target,
		First:      each(e.First, placedText),
		Undecided:  each(e.Undecided, storedAgain),
		Converting: storedConverting(e.Converting), From: storedFrom(e.UndecidedFrom),
		Event: StoredEvent(e.Event), Traits: storedTraits(e.Traits), Status: string(e.Status),
		Slides: int32(e.Slides), Stale: int32(e.Stale),
		Graced: datesTo[int32](e.Graced), Carried: e.Carried,
		TierGroup: e.TierGroup, Counts: each(e.Counts, storedCount),
		Active: int64(e.Balance.Active), Pending: int64(e.Balance.Pending),
		Reserved: int64(e.Balance.Reserved), Debt: int64(e.Balance.Debt),
		Previous: e.Previous, Hash: e.Hash,
	}
	d.Postings = make([]postingDoc, len(e.Postings))
	for i, p := range e.Postings {
		d.Postings[i] = postingDoc{
			p.Wallet, string(p.Bucket), int32(p.Lot), Millis(p.ActiveAt), Millis(p.GiveUp), p.Cause.Kind, p.Cause.ID,
			int64(p.Points), int32(p.From),
		}
	}
	d.Reasons = each(e.Reasons, storedReason)
	if e.Metric != nil {
		m := storedMetric(*e.Metric, e.Window)
		d.Metric = &m
	}
	if d.Brands = storedBrands(e.Brands); d.Brands != nil && d.Metric == nil {
		d.Metric = &metricDoc{Window: e.Window} // brand counts use the window as well
	}
	if e.Order != nil {
		order := StoredOrder(*e.Order)
		d.Order = &order
	}
	if e.Standing != nil {
		d.Redecided = storedRedecided(e.Redecided, *e.Standing)
	}
	d.Extended, d.Activity = each(e.Extended, storedExtended), storedActivityChange(e.Activity)
	if e.Move != nil {
		m := storedMove(*e.Move)
		d.Move = &m
	}
	if e.Notice != nil {
		n := storedNotice(*e.Notice)
		d.Notice = &n
	}
	if e.Reached != nil {
		r := storedReached(*e.Reached)
		d.Reached = &r
	}
	if r := e.Refusal; r != nil {
		d.Rejection = storedRefusal(r)
	}
	return d
}

// storedReason stores a plain text in the form of the first release, so that the hashes of entries from that release
// remain the same.
func storedReason(b loyalty.Reason) reasonDoc {
	if b.Kind == loyalty.Says && len(b.Args) == 1 {
		return reasonDoc{Wallet: b.Wallet, Rule: b.Rule, Effect: b.Args[0], Points: b.Points}
	}
	return reasonDoc{Wallet: b.Wallet, Rule: b.Rule, Kind: string(b.Kind), Args: b.Args, Points: b.Points}
}

func (d reasonDoc) reason() loyalty.Reason {
	b := loyalty.Reason{
		Wallet: d.Wallet, Rule: d.Rule, Kind: loyalty.ReasonKind(d.Kind), Args: d.Args, Points: d.Points,
	}
	if d.Effect != "" {
		b.Args = []string{d.Effect}
	}
	return b
}

func (d *entryDoc) entry(c loyalty.Cause) (loyalty.Entry, error) {
	e := loyalty.Entry{
		Sequence: d.Sequence, Member: loyalty.MemberID(d.Member), Cause: c, Kind: loyalty.Kind(d.Kind),
		Points: loyalty.Points(d.Points), Program: d.Program, Effective: Instant(d.Effective),
		Recorded: Instant(d.Recorded), Actor: d.Actor, Input: d.Input, Previous: d.Previous, Hash: d.Hash,
	}
	for _, p := range d.Postings {
		e.Postings = append(e.Postings, loyalty.Posting{
			Wallet: p.Wallet, Bucket: loyalty.Bucket(p.Bucket), Lot: calendar.Date(p.Lot), ActiveAt: Instant(p.At),
			GiveUp: Instant(p.GiveUp),
			Cause:  loyalty.Cause{Kind: p.Kind, ID: p.ID}, Points: loyalty.Points(p.Points),
			From: calendar.Date(p.From),
		})
	}
	e.Reasons = each(d.Reasons, reasonDoc.reason)
	e.Balance = loyalty.Balance{
		Active: loyalty.Points(d.Active), Pending: loyalty.Points(d.Pending),
		Reserved: loyalty.Points(d.Reserved), Debt: loyalty.Points(d.Debt),
	}
	e.Wallets = each(d.Wallets, walletDoc.change)
	d.readLotEffects(&e.LotEffects)
	return e, cmp.Or(
		d.readSubject(&e.Subject, c), d.readLevelEffects(&e.LevelEffects), d.readRemembered(&e.Remembered),
	)
}

func (d *entryDoc) readSubject(s *loyalty.Subject, c loyalty.Cause) error {
	member := loyalty.MemberID(d.Member)
	var errs [5]error
	s.Order, errs[0] = d.Order.state(c.ID, member, c.Revision)
	s.Redemption, errs[1] = d.Redemption.redemption()
	s.Event, errs[2] = d.Event.state(c, member)
	s.Conversion, errs[3] = d.Conversion.converted()
	if d.Reached != nil {
		s.Reached = new(loyalty.Reached)
		*s.Reached, errs[4] = d.Reached.reached()
	}
	if d.Traits != nil {
		s.Traits = new(loyalty.Traits)
		*s.Traits = d.Traits.traits()
	}
	if d.Notice != nil {
		s.Notice = new(loyalty.Notice)
		*s.Notice = d.Notice.notice()
	}
	s.Status = loyalty.Status(d.Status)
	s.Activity, s.Refusal = d.Activity.change(), d.Rejection.refusal()
	return cmp.Or(errs[:]...)
}

func (d *entryDoc) readLevelEffects(l *loyalty.LevelEffects) error {
	if d.Tier != nil {
		l.Standing = new(loyalty.Standing)
		*l.Standing = d.Tier.standing()
	}
	l.TierGroup, l.Redecided = d.TierGroup, d.Redecided.redecision(d.Tier.standing())
	if d.Metric != nil {
		l.Window = d.Metric.Window
		if m := d.Metric.metric(); m != (loyalty.Metric{}) {
			l.Metric = &m
		}
	}
	var errs [3]error
	l.Redated, errs[0] = readEach(d.Redated, reachedDoc.reached)
	l.Brands, errs[1] = readBrands(d.Brands)
	l.Counts, errs[2] = readEach(d.Counts, countDoc.count)
	return cmp.Or(errs[:]...)
}

func (d *entryDoc) readLotEffects(l *loyalty.LotEffects) {
	if d.Move != nil {
		l.Move = new(loyalty.Move)
		*l.Move = d.Move.move()
	}
	l.Extended, l.Slides, l.Stale = each(
		d.Extended, extendedDoc.extended,
	), calendar.Date(d.Slides), calendar.Date(d.Stale)
	l.Graced = datesTo[calendar.Date](d.Graced)
	l.Reversals, l.WriteOffs = each(d.Reversals, unconvertedDoc.unconverted), each(d.WriteOffs, writeOffDoc.writeOff)
}

func (d *entryDoc) readRemembered(r *loyalty.Remembered) error {
	r.Numbers, r.Target, r.Carried = d.Numbers, d.Target, d.Carried
	var errs [5]error
	r.Usage, errs[0] = readUsage(d.Usage)
	r.First, errs[1] = readEach(d.First, placedFrom)
	r.Converting, errs[2] = d.Converting.converting()
	r.Undecided, errs[3] = readEach(d.Undecided, againDoc.again)
	r.UndecidedFrom, errs[4] = d.From.from()
	return cmp.Or(errs[:]...)
}
