package stored

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type traitsDoc struct {
	Revision            int      `json:"n,omitzero"`
	Zone                string   `json:"tz,omitzero"`
	Birthday            int      `json:"bd,omitzero"`
	Changed             int64    `json:"ch,omitzero"`
	Given               int      `json:"y,omitzero"`
	Years               int      `json:"a,omitzero"`
	Segments            []string `json:"seg,omitempty"`
	OptIns              []string `json:"opt,omitempty"`
	MembershipYearStart int      `json:"yf,omitzero"`
	OptedIn             []int64  `json:"opta,omitempty"` // the time of each opt-in

	Channels []channelUseDoc `json:"via,omitempty"`
	Referral *referredDoc    `json:"ref,omitempty"`

	HeldUntil int64 `json:"held,omitzero"`
}

type channelUseDoc struct {
	Channel string `json:"c"`
	Purpose string `json:"p"`
}

type referredDoc struct {
	By       string `json:"by"`
	At       int64  `json:"at"`
	Claim    string `json:"id,omitzero"`
	Order    string `json:"o,omitzero"`
	ActiveAt int64  `json:"act,omitzero"`
	Former   string `json:"f,omitzero"`
}

func storedTraits(t *loyalty.Traits) *traitsDoc {
	if t == nil ||
		t.Revision == 0 && t.Zone == "" && t.Birthday == 0 && t.Given == 0 && t.Years == 0 &&
			len(t.Segments)+len(t.OptIns)+len(t.Channels)+t.MembershipYearStart == 0 && t.Referral.By == "" &&
			t.HeldUntil.IsZero() {
		return nil
	}
	d := &traitsDoc{
		Revision: t.Revision, Zone: t.Zone, Birthday: t.Birthday, Changed: Millis(t.Changed), Given: t.Given,
		Years:    t.Years,
		Segments: t.Segments, MembershipYearStart: t.MembershipYearStart, HeldUntil: Millis(t.HeldUntil),
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
		Segments: d.Segments, HeldUntil: Instant(d.HeldUntil),
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
