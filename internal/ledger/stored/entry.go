package stored

import (
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func StoredEntry(e loyalty.Entry) EntryDoc {
	d := EntryDoc{
		Sequence: e.Sequence, Member: string(e.Member), Kind: string(e.Kind), Points: int64(e.Points),
		Program: e.Program, Effective: Millis(e.Effective), Recorded: Millis(e.Recorded), Actor: e.Actor,
		Input:      e.Input,
		Redemption: storedRedemption(e.Redemption), Tier: storedTier(e.Standing), Redated: storedReaches(e.Redated),
		Usage:      storedUsage(e.Usage),
		Conversion: storedConverted(e.Conversion), Reversals: storedUnconverted(e.Reversals),
		WriteOffs: storedWriteOffs(e.WriteOffs),
		Wallets:   storedWallets(e.Wallets), Numbers: e.Numbers, Target: e.Target, First: storedPlaced(e.First),
		Undecided:  storedAgain(e.Undecided),
		Converting: storedConverting(e.Converting), From: storedFrom(e.UndecidedFrom),
		Event: StoredEvent(e.Event), Traits: StoredTraits(e.Traits), Slides: int32(e.Slides), Stale: int32(e.Stale),
		Graced: datesTo[int32](e.Graced), Carried: e.Carried,
		TierGroup: e.TierGroup, Counts: storedCounts(e.Counts),
		Active: int64(e.Balance.Active), Pending: int64(e.Balance.Pending),
		Reserved: int64(e.Balance.Reserved), Debt: int64(e.Balance.Debt),
		Previous: e.Previous, Hash: e.Hash,
	}
	if len(e.Postings) > 0 {
		d.Postings = make([]postingDoc, len(e.Postings))
	}
	for i, p := range e.Postings {
		d.Postings[i] = postingDoc{
			p.Wallet, string(p.Bucket), int32(p.Lot), Millis(p.ActiveAt), Millis(p.GiveUp), p.Cause.Kind, p.Cause.ID,
			int64(p.Points), int32(p.From),
		}
	}
	if len(e.Reasons) > 0 {
		d.Reasons = make([]reasonDoc, len(e.Reasons))
	}
	for i, b := range e.Reasons {
		d.Reasons[i] = storedBecause(b)
	}
	if e.Metric != nil {
		m := storedMetric(*e.Metric, e.Window)
		d.Metric = &m
	}
	if d.Brands = storedBrands(e.Brands); d.Brands != nil && d.Metric == nil {
		d.Metric = &metricDoc{Window: e.Window} // brand counts use the window as well
	}
	if e.Order != nil {
		d.Order = StoredOrder(*e.Order)
	}
	if e.Standing != nil {
		d.Redecided = storedRedecided(e.Redecided, *e.Standing)
	}
	d.Extended, d.Activity = storedExtended(e.Extended), storedActivityChange(e.Activity)
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

// storedBecause stores a plain text in the form of the first release, so that the hashes of entries from that release
// remain the same.
func storedBecause(b loyalty.Reason) reasonDoc {
	if b.Kind == loyalty.Says && len(b.Args) == 1 {
		return reasonDoc{Wallet: b.Wallet, Rule: b.Rule, Effect: b.Args[0], Points: b.Points}
	}
	return reasonDoc{Wallet: b.Wallet, Rule: b.Rule, Kind: string(b.Kind), Args: b.Args, Points: b.Points}
}

func (d reasonDoc) because() loyalty.Reason {
	b := loyalty.Reason{
		Wallet: d.Wallet, Rule: d.Rule, Kind: loyalty.ReasonKind(d.Kind), Args: d.Args, Points: d.Points,
	}
	if d.Effect != "" {
		b.Args = []string{d.Effect}
	}
	return b
}

// ReadEntry decodes the stored entry of a cause.
func ReadEntry(it table.Item, c loyalty.Cause) (loyalty.Entry, error) {
	d, err := UnpackedEntry(it.Doc)
	if err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	e := loyalty.Entry{
		Sequence: d.Sequence, Member: loyalty.MemberID(d.Member), Cause: c, Kind: loyalty.Kind(d.Kind),
		Points: loyalty.Points(d.Points), Program: d.Program, Effective: Instant(d.Effective),
		Recorded: Instant(d.Recorded), Actor: d.Actor, Input: d.Input,
		Totals: loyalty.Totals{Balance: loyalty.Balance{
			Active: loyalty.Points(d.Active), Pending: loyalty.Points(d.Pending),
			Reserved: loyalty.Points(d.Reserved), Debt: loyalty.Points(d.Debt),
		}}, Previous: d.Previous, Hash: d.Hash,
	}
	e.TierGroup = d.TierGroup
	e.Slides, e.Stale, e.Carried, e.Wallets = loyalty.Date(d.Slides), loyalty.Date(d.Stale), d.Carried,
		readWallets(d.Wallets)
	e.Reversals, e.WriteOffs = readUnconverted(d.Reversals), readWriteOffs(d.WriteOffs)
	e.Graced = datesTo[loyalty.Date](d.Graced)
	e.Extended, e.Activity = readExtended(d.Extended), d.Activity.change()
	if d.Move != nil {
		m := d.Move.move()
		e.Move = &m
	}
	if d.Notice != nil {
		n := d.Notice.notice()
		e.Notice = &n
	}
	if d.Traits != nil {
		t := d.Traits.Traits()
		e.Traits = &t
	}
	if e.Redemption, err = d.Redemption.redemption(); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	if e.Conversion, err = d.Conversion.converted(); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	if d.Reached != nil {
		r, err := d.Reached.reached()
		if err != nil {
			return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
		}
		e.Reached = &r
	}
	if e.Event, err = d.Event.state(c, loyalty.MemberID(d.Member)); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	if e.Order, err = d.Order.state(c.ID, loyalty.MemberID(d.Member), c.Revision); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	if e.Usage, err = ReadUsage(d.Usage); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	for _, p := range d.Postings {
		e.Postings = append(e.Postings, loyalty.Posting{
			Wallet: p.Wallet, Bucket: loyalty.Bucket(p.Bucket), Lot: loyalty.Date(p.Lot), ActiveAt: Instant(p.At),
			GiveUp: Instant(p.GiveUp),
			Cause:  loyalty.Cause{Kind: p.Kind, ID: p.ID}, Points: loyalty.Points(p.Points), From: loyalty.Date(p.From),
		})
	}
	for _, b := range d.Reasons {
		e.Reasons = append(e.Reasons, b.because())
	}
	if d.Tier != nil {
		s := d.Tier.standing()
		e.Standing = &s
	}
	e.Redecided = d.Redecided.redecision(d.Tier.standing())
	e.Numbers, e.Target = d.Numbers, d.Target
	if e.Undecided, err = readAgain(d.Undecided); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	if e.UndecidedFrom, err = d.From.from(); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	if e.Converting, err = d.Converting.converting(); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	if e.First, err = readPlaced(d.First); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	if e.Redated, err = readReaches(d.Redated); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	if e.Counts, err = readCounts(d.Counts); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	if e.Brands, err = readBrands(d.Brands); err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	if d.Metric != nil {
		m := d.Metric.metric()
		if e.Window = d.Metric.Window; m != (loyalty.Metric{}) {
			e.Metric = &m
		}
	}
	if d.Rejection != nil {
		e.Refusal = d.Rejection.refusal()
	}
	return e, nil
}
