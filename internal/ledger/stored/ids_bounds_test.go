package stored

import (
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestEntryIDs(t *testing.T) {
	for id, want := range map[string]loyalty.Cause{
		"ent_order~1~1":                    {Kind: "order", ID: "1", Revision: 1},
		"ent_order~1~12":                   {Kind: "order", ID: "1", Revision: 12},
		"order~1~1":                        {},
		"ent_":                             {},
		"ent_order~1":                      {},
		"ent_order~1~1~1":                  {},
		"ent_nothing~1~1":                  {},
		"ent_order~~1":                     {},
		"ent_order~1~":                     {},
		"ent_order~1~0":                    {},
		"ent_order~1~-1":                   {},
		"ent_order~1~01":                   {},
		"ent_order~1~+1":                   {},
		"ent_order~1~1a":                   {},
		"ent_order~1~99999999999999999999": {},
		"ent_order~1~1\n":                  {},
	} {
		if got, ok := ParseEntryID(id); got != want || ok != (want.ID != "") {
			t.Errorf("%q: %+v, %t", id, got, ok)
		}
	}
}

// The ID of a redemption contains the member after a unique part of fixed length.
func TestMemberInTheIDOfARedemption(t *testing.T) {
	unique := strings.Repeat("x", uniqueLength)
	for id, want := range map[string]loyalty.MemberID{
		RedemptionID(unique, "mem_ada"): "mem_ada",
		"rd_" + unique + "a":            "mem_a",
		"rd_" + unique:                  "",
		"rd_1":                          "",
		"rd_":                           "",
		"":                              "",
		unique + "ada-ada-ada-ada":      "",
		"xx_" + unique + "ada":          "",
	} {
		if got := Redeemer(id); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}

// Only the fields that have a value are stored.
func TestEmptyFieldsAreNotStored(t *testing.T) {
	if doc := string(Encode(StoredEntry(loyalty.Entry{}))); strings.ContainsAny(doc, "[") ||
		strings.Contains(doc, "{}") {
		t.Errorf("an empty entry is stored as %s", doc)
	}
	if doc := string(Encode(StoredAccount(loyalty.Account{}))); strings.ContainsAny(doc, "[") {
		t.Errorf("an empty account is stored as %s", doc)
	}
	event := &loyalty.EventState{Event: loyalty.Event{Type: "review", Data: map[string]any{}}}
	if doc := string(Encode(StoredEvent(event))); strings.Contains(doc, `"d":`) {
		t.Errorf("an event without data is stored as %s", doc)
	}
}

// The brands of an entry are counted in a window, even if the entry has no other metric.
func TestWindowOfCountedBrands(t *testing.T) {
	bought := []loyalty.Bought{{Month: 202612, Brand: "a", N: 1}}
	metric := &loyalty.Metric{Month: 202612, Points: 1}
	for _, c := range []struct {
		name   string
		brands []loyalty.Bought
		metric *loyalty.Metric
		want   bool
	}{
		{"brands", bought, nil, true},
		{"brands and a metric", bought, metric, true},
		{"a metric", nil, metric, true},
		{"neither", nil, nil, false},
	} {
		var e loyalty.Entry
		e.Brands, e.Metric, e.Window = c.brands, c.metric, 12
		d := StoredEntry(e)
		if (d.Metric != nil) != c.want || c.want && d.Metric.Window != 12 {
			t.Errorf("%s: %+v", c.name, d.Metric)
		}
		if d.Metric != nil && (d.Metric.Points == 1) != (c.metric != nil) {
			t.Errorf("%s: the metric is %+v", c.name, d.Metric)
		}
	}
}
