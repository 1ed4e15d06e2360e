package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type extensionBody struct {
	Until  string `json:"until"`
	Reason string `json:"reason"`
}

type reinstatementBody struct {
	Entry  string `json:"entry"`
	Until  string `json:"until"`
	Reason string `json:"reason"`
}

// day checks and returns a required date.
func (c *check) day(p place, s string) loyalty.Date {
	if !c.required(p, s != "") {
		return 0
	}
	d, err := loyalty.ParseDate(s)
	if err != nil {
		c.fault(p, loyalty.ValidationFailed, "This must be a day like 2027-03-31.")
	}
	return d
}

func extendPoints(ctx context.Context, c *call) (answer, error) {
	var b extensionBody
	var until loyalty.Date
	p, m, err := c.asked(ctx, &b, func(faults *check) {
		until = faults.day(at("until"), b.Until)
		faults.text(at("reason"), b.Reason, 3, 200)
	})
	if err != nil {
		return answer{}, err
	}
	in := ledger.Extension{ID: c.derivedID("ext_", m), Member: m, Until: until, Reason: b.Reason}
	by, err := c.by(in)
	if err != nil {
		return answer{}, err
	}
	r, err := c.app.Ledger.Extend(ctx, p, in, by)
	return c.adjusted(p, r, err)
}

func reinstatePoints(ctx context.Context, c *call) (answer, error) {
	var b reinstatementBody
	var until loyalty.Date
	p, m, err := c.asked(ctx, &b, func(faults *check) {
		if faults.required(at("entry"), b.Entry != "") && !validEntryID(b.Entry) {
			faults.fault(at("entry"), loyalty.ValidationFailed, "This must be the ID of an entry, like ent_…")
		}
		until = faults.day(at("until"), b.Until)
		faults.text(at("reason"), b.Reason, 3, 200)
	})
	if err != nil {
		return answer{}, err
	}
	in := ledger.Reinstatement{Member: m, Entry: b.Entry, Until: until, Reason: b.Reason}
	r, err := c.app.Ledger.Reinstate(ctx, p, in, ledger.By{Actor: c.who.ID}) // the expiry entry identifies the command
	if err != nil {
		return answer{}, err
	}
	return answer{status: createdIf(!r.Replayed), body: c.wireEntry(p, r.Entry), replayed: r.Replayed}, nil
}
