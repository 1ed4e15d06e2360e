package api

import (
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func TestNumbersOfEventsAreExact(t *testing.T) {
	for _, digits := range []string{
		"0", "7", "-7", "0.1", "0.3", "7.500000", "123456789012345.123456", "-999999999999999.999999", "0.000001", "-0",
		"4503599627370497.5"[1:],
	} {
		var b request.EventBody
		if err := json.Unmarshal([]byte(`{"data": {"x": `+digits+`}}`), &b); err != nil {
			t.Fatalf("%s: %v", digits, err)
		}
		want, _ := new(big.Rat).SetString(digits)
		if got := b.Data["x"].Value.(*big.Rat); got.Cmp(want) != 0 {
			t.Errorf("%s was read as %s", digits, got)
		}
	}
}

func TestTextsOfEventsHaveTwoThousandCharacters(t *testing.T) {
	w := newWorld(t, memory(t))
	ada := w.must("POST", "/v1/members", `{}`)
	event := func(id, text string) sentRequest {
		return sentRequest{
			method: "POST",
			path:   "/v1/events", body: []byte(`{"member": "` + ada + `", "type": "review.approved", "id": "` + id + `",
			"at": "2026-12-01T10:00:00Z", "data": {"text": "` + text + `"}}`),
		}
	}
	for _, c := range []struct{ name, id, text, want string }{
		{"2,000 characters", "1", strings.Repeat("a", 2000), "201"},
		{"2,000 characters of four bytes", "2", strings.Repeat("😀", 2000), "201"},
		{"2,000 line breaks", "3", strings.Repeat(`\n`, 2000), "201"},
		{"2,001 characters", "4", strings.Repeat("a", 2001), "422 validation_failed"},
		{"an id that leaves room for the family", strings.Repeat("i", 121), "", "201"},
		{"an id that does not", strings.Repeat("i", 122), "", "422 validation_failed"},
	} {
		if got := summary(w.do(event(c.id, c.text))); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := summary(
		w.do(sentRequest{method: "GET", path: "/v1/entries/ent_event~review:" + strings.Repeat("i", 121) + "~1"}),
	); got != "200" {
		t.Errorf("the entry of the longest id: %s", got)
	}
}

// generous returns a world with the program generous.yaml, and a member.
func generous(t *testing.T, tab table.Table) (w *world, ada string) {
	w = newWorld(t, tab)
	w.publish("bluebird", []byte(programSource(t, "generous")), 1)
	return w, w.must("POST", "/v1/members", `{"external_id": "ada"}`)
}

func TestTwentyParallelRequestsTakeEffectOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w, ada := generous(t, tab)
		w.must(
			"POST", "/v1/events",
			`{"member": "`+ada+
				`", "type": "quiz.played", "id": "wait", "at": "2026-12-01T10:00:00Z", "data": {"score": 9}}`,
		)
		review := `{"member": "` + ada +
			`", "type": "review.approved", "id": "778", "at": "2026-12-01T10:00:00Z", ` +
			`"data": {"rating": 5, "text": "Best beans in town"}}`
		for _, c := range []struct {
			r     sentRequest
			first string
		}{
			{sentRequest{method: "POST", path: "/v1/events", body: []byte(review)}, "201"},
			{sentRequest{method: "PUT", path: "/v1/members/" + ada + "/campaigns/roasted"}, "201"},
			{sentRequest{method: "POST", path: "/v1/events/quiz:wait/activate"}, "200"},
		} {
			got := w.parallel(20, func(int) sentRequest { return c.r })
			if got["200"]+got[c.first] < 20 || c.first == "201" && got["201"] != 1 {
				t.Errorf("%s %s sent 20 times answered %v", c.r.method, c.r.path, got)
			}
		}
		a := w.do(sentRequest{method: "GET", path: "/v1/members/external:ada"})
		if active, _ := lookup(a.json, "balance.active"); active != 100.0 {
			t.Errorf("after a welcome of 50, a review of 20 and a quiz of 30: %s", a.body)
		}
	})
}

// TestABudgetIsSpentToItsLastPointAndNoFurther sends orders of thirty members at once. Each order alone would receive
// more than half of the budget.
func TestABudgetIsSpentToItsLastPointAndNoFurther(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w, _ := generous(t, tab)
		members := make([]string, 30)
		for i := range members {
			members[i] = w.must("POST", "/v1/members", `{}`)
		}
		order := func(i int, status string) sentRequest {
			return sentRequest{
				method: "PUT",
				path:   "/v1/orders/" + strconv.Itoa(i),
				body: []byte(`{"member": "` + members[i] + `", "status": "` + status + `",
				"placed_at": "2026-12-01T10:00:00Z", "currency": "EUR",
				"line_items": [{"id": "1", "quantity": 1, "amount": 5000}]}`),
			}
		}
		given := func() (sum float64) {
			for i := range members {
				points, _ := lookup(
					w.do(sentRequest{method: "GET", path: "/v1/orders/" + strconv.Itoa(i)}).json, "points",
				)
				sum += points.(float64)
			}
			return sum
		}
		left := func() any {
			n, _ := lookup(w.do(sentRequest{method: "GET", path: "/v1/campaigns"}).json, "data.1.budget.remaining")
			return n
		}
		if got := w.parallel(30, func(i int) sentRequest { return order(i, "paid") }); got["201"] != 30 {
			t.Fatalf("answered %v", got)
		}
		if got := given(); got != 30*50+100 || left() != 0.0 {
			t.Errorf("%v points were given, and %v remain in the budget", got, left())
		}
		w.parallel(30, func(i int) sentRequest { return order(i, "canceled") })
		if got := given(); got != 0 || left() != 100.0 {
			t.Errorf("after all were canceled %v points are given, and %v remain in the budget", got, left())
		}
	})
}
