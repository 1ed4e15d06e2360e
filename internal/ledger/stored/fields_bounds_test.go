package stored

import (
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

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
