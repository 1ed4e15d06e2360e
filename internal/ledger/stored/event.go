package stored

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

func StoredEvent(s *loyalty.EventState) *eventDoc {
	if s == nil {
		return nil
	}
	return &eventDoc{
		Type: s.Event.Type, At: Millis(s.Event.At), Data: storedData(s.Event.Data), Program: s.Program,
		Level: s.Buyer.Level, Orders: s.Buyer.Orders, Segments: s.Buyer.Segments, OptIns: s.Buyer.OptIns,
		Birthday: s.Buyer.Birthday, Zone: s.Buyer.Zone,
		Worth: int64(s.Worth), Grants: each(s.Grants, storedGrant), Shares: each(s.Shares, storedShare),
		Bucket: s.Bucket, SlidTo: int32(s.SlidTo), Visits: s.Visits, TierGroups: each(s.TierGroups, storedCounted),
		Missing: s.Missing,
		Meets:   s.Meets,
	}
}

func storedData(data map[string]any) (out object[valueDoc]) {
	for name, v := range data {
		switch v := v.(type) {
		case string:
			out = append(out, member[valueDoc]{name, valueDoc{Text: &v}})
		case bool:
			out = append(out, member[valueDoc]{name, valueDoc{Truth: &v}})
		case *big.Rat:
			out = append(out, member[valueDoc]{name, valueDoc{Number: v.RatString()}})
		}
	}
	out.sort()
	return out
}

// state decodes an event's state. It returns nil if the entry has none.
func (d *eventDoc) state(c loyalty.Cause, m loyalty.MemberID) (*loyalty.EventState, error) {
	if d == nil {
		return nil, nil
	}
	_, id, _ := strings.Cut(c.ID, ":")
	s := &loyalty.EventState{
		Event:    loyalty.Event{Type: d.Type, ID: id, Member: m, At: Instant(d.At)},
		Revision: c.Revision, Program: d.Program, Worth: loyalty.Points(d.Worth),
		Shares: each(d.Shares, shareDoc.share),
		Bucket: d.Bucket, SlidTo: calendar.Date(d.SlidTo), Visits: d.Visits,
		TierGroups: each(d.TierGroups, countedDoc.counted), Missing: d.Missing, Meets: d.Meets,
		Buyer: loyalty.Buyer{
			Level: d.Level, Orders: d.Orders, Segments: d.Segments, OptIns: d.OptIns, Birthday: d.Birthday,
			Zone: d.Zone,
		},
	}
	for _, x := range d.Data {
		name, v := x.Name, x.Value
		if s.Event.Data == nil {
			s.Event.Data = map[string]any{}
		}
		switch {
		case v.Text != nil:
			s.Event.Data[name] = *v.Text
		case v.Truth != nil:
			s.Event.Data[name] = *v.Truth
		default:
			r, ok := new(big.Rat).SetString(v.Number)
			if !ok {
				return nil, fmt.Errorf("the event's %s is not a number", name)
			}
			s.Event.Data[name] = r
		}
	}
	var err error
	s.Grants, err = readEach(d.Grants, grantDoc.grant)
	return s, err
}

func storedGrant(g loyalty.Grant) grantDoc {
	return grantDoc{
		g.Rule, g.Wallet, int64(g.Worth), Millis(g.ActiveAt), int32(g.Expires), storedLots(g.Taken), int64(g.Owed),
		int64(g.ExpiredOn), int64(g.Expired), each(g.Converted, storedUnconverted),
	}
}

func (d grantDoc) grant() (loyalty.Grant, error) {
	taken, err := readLots(d.Taken)
	return loyalty.Grant{
		Rule: d.Rule, Wallet: d.Wallet, Worth: loyalty.Points(d.Worth), ActiveAt: Instant(d.ActiveAt),
		Expires: calendar.Date(d.Lot),
		Taken:   taken, Owed: loyalty.Points(d.Owed), ExpiredOn: loyalty.Points(d.ExpiredOn),
		Expired: loyalty.Points(d.Expired), Converted: each(d.Converted, unconvertedDoc.unconverted),
	}, err
}

func storedShare(x loyalty.Share) shareDoc {
	return shareDoc{x.Rule, int64(x.Used), int64(x.Peak), x.Cut, int64(x.Charged), int64(x.Granted)}
}

func (d shareDoc) share() loyalty.Share {
	return loyalty.Share{
		Rule: d.Rule, Used: loyalty.Points(d.Used), Peak: loyalty.Points(d.Peak), Cut: d.Cut,
		Charged: loyalty.Points(d.Charged), Granted: loyalty.Points(d.Granted),
	}
}

func storedTraits(t *loyalty.Traits) *traitsDoc {
	if t == nil ||
		t.Revision == 0 && t.Zone == "" && t.Birthday == 0 && t.Given == 0 && t.Years == 0 &&
			len(t.Segments)+len(t.OptIns)+len(t.Channels)+t.MembershipYearStart == 0 && t.Referral.By == "" {
		return nil
	}
	d := &traitsDoc{
		Revision: t.Revision, Zone: t.Zone, Birthday: t.Birthday, Changed: Millis(t.Changed), Given: t.Given,
		Years:    t.Years,
		Segments: t.Segments, MembershipYearStart: t.MembershipYearStart,
	}
	for _, o := range t.OptIns {
		d.OptIns, d.OptedIn = append(d.OptIns, o.Campaign), append(d.OptedIn, Millis(o.At))
	}
	for _, c := range t.Channels {
		d.Channels = append(d.Channels, channelUseDoc{string(c.Channel), string(c.Purpose)})
	}
	if r := t.Referral; r.By != "" {
		d.Referral = &referredDoc{string(r.By), Millis(r.At), r.Claim, r.Order, Millis(r.ActiveAt), r.Former}
	}
	return d
}

func (d *traitsDoc) traits() loyalty.Traits {
	if d == nil {
		return loyalty.Traits{}
	}
	t := loyalty.Traits{
		Revision: d.Revision, Zone: d.Zone, Birthday: d.Birthday, Changed: Instant(d.Changed), Given: d.Given,
		Years: d.Years, MembershipYearStart: d.MembershipYearStart,
		Segments: d.Segments,
	}
	for i, campaign := range d.OptIns {
		o := loyalty.OptIn{Campaign: campaign}
		if i < len(d.OptedIn) {
			o.At = Instant(d.OptedIn[i])
		}
		t.OptIns = append(t.OptIns, o)
	}
	for _, c := range d.Channels {
		use := loyalty.ChannelUse{Channel: loyalty.Channel(c.Channel), Purpose: loyalty.Purpose(c.Purpose)}
		t.Channels = append(t.Channels, use)
	}
	if r := d.Referral; r != nil {
		t.Referral = loyalty.Referral{
			By: loyalty.MemberID(r.By), At: Instant(r.At), Claim: r.Claim, Order: r.Order,
			ActiveAt: Instant(r.ActiveAt), Former: r.Former,
		}
	}
	return t
}

func storedMove(m loyalty.Move) moveDoc {
	return moveDoc{Millis(m.At), int32(m.First), int32(m.Last), int32(m.To), m.Times}
}

func (d moveDoc) move() loyalty.Move {
	return loyalty.Move{
		At: Instant(d.At), First: calendar.Date(d.First), Last: calendar.Date(d.Last), To: calendar.Date(d.To),
		Times: d.Times,
	}
}
