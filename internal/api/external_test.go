package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A request uses the member that an external ID names now, even if the process has cached another one and other
// processes have changed the ID since. Each function has a separate cache: earn and redeem do not notice the changes
// that the function members makes.
func TestRememberedExternalIDs(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w := newWorld(t, tab)
		order := func(id string) answered {
			return w.post("PUT", "/v1/orders/"+id, orderOf("external:ada", 3_000))
		}
		enroll := func(external string) string {
			return w.must("POST", "/v1/members", fmt.Sprintf(`{"external_id": %q}`, external))
		}
		belongsTo := func(what, member string, a answered) {
			t.Helper()
			if m, _ := a.json.(map[string]any); a.status >= 300 || m["member"] != member && m["id"] != member {
				t.Errorf("%s: %d %s, want member %s", what, a.status, a.body, member)
			}
		}
		statement := func(member string) int {
			t.Helper()
			a := w.post("GET", "/v1/members/"+member+"/entries", "")
			return len(a.json.(map[string]any)["data"].([]any))
		}
		first := enroll("ada")
		belongsTo("the first order", first, order("1"))
		belongsTo("the second order", first, order("2"))
		belongsTo("the member", first, w.post("GET", "/v1/members/external:ada", ""))
		belongsTo("the member again", first, w.post("GET", "/v1/members/external:ada", ""))
		entries := statement(first)

		w.must("PATCH", "/v1/members/"+first, `{"external_id": "ada-before"}`)
		for _, path := range []string{"", "/entries", "/tier", "/rewards"} {
			if a := w.post("GET", "/v1/members/external:ada"+path, ""); a.status != 404 || a.code() != "not_found" {
				t.Errorf("GET %s of an external ID that was removed: %d %s", path, a.status, a.body)
			}
		}
		if a := order("3"); a.status != 404 {
			t.Errorf("an order of an external ID that was removed: %d %s", a.status, a.body)
		}
		belongsTo(
			"the first member under the new external ID", first, w.post("GET", "/v1/members/external:ada-before", ""),
		)

		second := enroll("ada")
		belongsTo("an order", second, order("4"))
		belongsTo("the member", second, w.post("GET", "/v1/members/external:ada", ""))
		w.must("PATCH", "/v1/members/"+second, `{"external_id": "ada-second"}`)
		w.must("PATCH", "/v1/members/"+first, `{"external_id": "ada"}`)
		belongsTo("an order after the external ID went back", first, order("5"))
		belongsTo("the member after the external ID went back", first, w.post("GET", "/v1/members/external:ada", ""))
		if n, m := statement(first)-entries, statement(second); n != 1 || m != 2 {
			t.Errorf("%d new entries of the first member and %d of the second, want 1 and 2", n, m)
		}
	})
}

func orderOf(member string, amount int) string {
	return fmt.Sprintf(`{"member": %q, "placed_at": "2026-12-01T09:58:00Z", "currency": "EUR", "status": "paid",
		"line_items": [{"id": "1", "quantity": 1, "amount": %d}]}`, member, amount)
}

// A brokenIDs table cannot read external IDs.
type brokenIDs struct {
	table.Table
	broken bool
	panics bool
}

func (b *brokenIDs) Get(ctx context.Context, key table.Key) (table.Item, error) {
	if b.broken && strings.Contains(key.PK, "#ID#external") {
		if b.panics {
			panic("the table is broken")
		}
		return table.Item{}, errors.New("the table is broken")
	}
	return b.Table.Get(ctx, key)
}

// If the external ID of a cached member cannot be read again, the request must fail and write nothing.
func TestARememberedExternalIDThatCannotBeConfirmed(t *testing.T) {
	for _, panics := range []bool{false, true} {
		tab := &brokenIDs{Table: memory(t), panics: panics}
		w := newWorld(t, tab)
		m := w.must("POST", "/v1/members", `{"external_id": "ada"}`)
		w.must("PUT", "/v1/orders/1", orderOf("external:ada", 3_000))
		before := w.dump()
		tab.broken = true
		if a := w.post("PUT", "/v1/orders/2", orderOf("external:ada", 3_000)); a.status != 500 {
			t.Errorf("an order: %d %s", a.status, a.body)
		}
		if w.dump() != before {
			t.Error("the order was written")
		}
		tab.broken = false
		w.must("PUT", "/v1/orders/2", orderOf(m, 3_000))
	}
}
