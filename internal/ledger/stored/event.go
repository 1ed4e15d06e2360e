package stored

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// eventDoc omits the fields that its entry already contains.
type eventDoc struct {
	Type       string           `json:"t"`
	At         int64            `json:"at"`
	Data       object[valueDoc] `json:"d,omitempty"`
	Program    int              `json:"v,omitzero"`
	Level      string           `json:"lev,omitzero"`
	Orders     int64            `json:"nth,omitzero"`
	Segments   []string         `json:"seg,omitempty"`
	OptIns     []string         `json:"opt,omitempty"`
	Birthday   int              `json:"bd,omitzero"`
	Zone       string           `json:"bz,omitzero"`
	Worth      int64            `json:"n,omitzero"`
	Grants     []grantDoc       `json:"g,omitempty"`
	Shares     []shareDoc       `json:"sh,omitempty"`
	Bucket     int              `json:"bk,omitzero"`
	SlidTo     int32            `json:"sl,omitzero"`
	Visits     int64            `json:"vis,omitzero"`
	TierGroups []countedDoc     `json:"tgs,omitempty"`
	Missing    []string         `json:"miss,omitempty"`
	Meets      []string         `json:"meets,omitempty"`
	Texts      string           `json:"txt,omitzero"` // the texts of Data, encrypted
}

// valueDoc has exactly one field set: a text, a number or a boolean.
type valueDoc struct {
	Text   *string `json:"s,omitzero"`
	Number string  `json:"n,omitzero"` // exact: "5", "9/2"
	Truth  *bool   `json:"b,omitzero"`
}

func StoredEvent(s *loyalty.EventState) *eventDoc {
	if s == nil {
		return nil
	}
	return &eventDoc{
		Type: s.Event.Type, At: Millis(s.Event.At), Data: storedData(s.Event), Texts: s.Event.Texts, Program: s.Program,
		Level: s.Buyer.Level, Orders: s.Buyer.Orders, Segments: s.Buyer.Segments, OptIns: s.Buyer.OptIns,
		Birthday: s.Buyer.Birthday, Zone: s.Buyer.Zone,
		Worth: int64(s.Worth), Grants: each(s.Grants, storedGrant), Shares: each(s.Shares, storedShare),
		Bucket: s.Bucket, SlidTo: int32(s.SlidTo), Visits: s.Visits, TierGroups: each(s.TierGroups, storedCounted),
		Missing: s.Missing,
		Meets:   s.Meets,
	}
}

func storedData(ev loyalty.Event) (out object[valueDoc]) {
	for name, v := range ev.Data {
		switch v := v.(type) {
		case string:
			if ev.Texts != "" {
				continue
			}
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
		Event:    loyalty.Event{Type: d.Type, ID: id, Member: m, At: Instant(d.At), Texts: d.Texts},
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
