package api

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// newShop returns a world with the program of testdata/shop.yaml, and the given number of members with 1,000 points
// each.
func newShop(t *testing.T, tab table.Table, members int) (*world, []string) {
	w := newWorld(t, tab)
	w.publish("bluebird", []byte(programSource(t, "shop")), 1)
	ids := make([]string, members)
	for i := range ids {
		ids[i] = w.must("POST", "/v1/members", `{}`)
		w.must("POST", "/v1/members/"+ids[i]+"/adjustments", `{"points": 1000, "reason": "a good start"}`)
	}
	return w, ids
}

// Of twenty parallel redemptions of the last unit of a reward, one must succeed.
func TestTwentyMembersTakeTheLastUnit(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w, members := newShop(t, tab, 20)
		got := w.parallel(20, func(i int) sentRequest {
			return sentRequest{
				method: "POST", path: "/v1/redemptions",
				body: []byte(`{"member": "` + members[i] + `", "reward": "last-one"}`),
			}
		})
		if got["201"] != 1 || got["409 reward_out_of_stock"] != 19 {
			t.Errorf(
				"20 members took the last unit and were answered %v, want one 201 and nineteen 409 reward_out_of_stock",
				got,
			)
		}
		w.totals(t, members, 20*1000, 100)
	})
}

func TestTwentyMembersTakeTheLastTwoCodes(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w, members := newShop(t, tab, 20)
		w.must("POST", "/v1/rewards/cinema/codes", `{"codes": ["MAXX-7Q4K-2M9X", "MAXX-3H8T-W5ZC"]}`)
		got := w.parallel(20, func(i int) sentRequest {
			return sentRequest{
				method: "POST", path: "/v1/redemptions",
				body: []byte(`{"member": "` + members[i] + `", "reward": "cinema", "commit": true}`),
			}
		})
		if got["201"] != 2 || got["409 reward_out_of_stock"] != 18 {
			t.Errorf(
				"20 members took the last two codes and were answered %v, "+
					"want two 201 and eighteen 409 reward_out_of_stock",
				got,
			)
		}
		w.totals(t, members, 20*1000-200, 0)
		for _, code := range []string{"MAXX-7Q4K-2M9X", "MAXX-3H8T-W5ZC"} {
			if a := w.do(sentRequest{method: "GET", path: "/v1/codes/" + code}); a.status != 200 {
				t.Errorf("%s belongs to no member: %s", code, a.body)
			}
		}
	})
}

func TestOneCodeUsedTwentyTimesAtOnceIsUsedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w, members := newShop(t, tab, 1)
		w.must("POST", "/v1/rewards/cinema/codes", `{"codes": ["MAXX-7Q4K-2M9X"]}`)
		w.must("POST", "/v1/redemptions", `{"member": "`+members[0]+`", "reward": "cinema", "commit": true}`)
		got := w.parallel(
			20, func(int) sentRequest { return sentRequest{method: "POST", path: "/v1/codes/maxx7q4k2m9x/uses"} },
		)
		if got["200"] != 1 || got["409 code_used"] != 19 {
			t.Errorf("one code used 20 times was answered %v, want one 200 and nineteen 409 code_used", got)
		}
	})
}

// totals compares the total points of all members with the expected numbers.
func (w *world) totals(t *testing.T, members []string, want, reserved float64) {
	t.Helper()
	sum, held := 0.0, 0.0
	for _, m := range members {
		a := w.do(sentRequest{method: "GET", path: "/v1/members/" + m})
		active, _ := lookup(a.json, "balance.active")
		r, _ := lookup(a.json, "balance.reserved")
		sum += active.(float64) + r.(float64)
		held += r.(float64)
	}
	if sum != want || held != reserved {
		t.Errorf("all have %v, %v of it reserved; want %v and %v", sum, held, want, reserved)
	}
}

// An upload of the maximum number of codes fits into a request body. Repeating it has the same result, and another
// upload of the same codes adds none.
func TestAsManyCodesAsARequestMayHaveFitIntoItsBody(t *testing.T) {
	w, _ := newShop(t, memory(t), 0)
	codes := make([]string, request.MaxCodes+1)
	for i := range codes {
		codes[i] = fmt.Sprintf("%X", sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
	}
	body := func(codes []string) []byte { return []byte(jsonOf(map[string]any{"codes": codes})) }
	add := sentRequest{method: "POST", path: "/v1/rewards/cinema/codes", body: body(codes)}
	if got := summary(w.do(add)); got != "422 validation_failed" {
		t.Errorf("%d codes: %s", len(codes), got)
	}
	for i, want := range []float64{request.MaxCodes, request.MaxCodes, 0} {
		if i == 2 {
			slices.Reverse(codes[:request.MaxCodes])
		}
		add.body = body(codes[:request.MaxCodes])
		if n, _ := lookup(w.do(add).json, "added"); n != want {
			t.Errorf("added %v of %d, want %v", n, request.MaxCodes, want)
		}
	}
}

// One API key may look up 300 unknown codes per minute, over all of its clients. Further lookups of uploaded codes are
// rejected, and an alarm is raised.
func TestAnAPIKeyThatGuessesIsReported(t *testing.T) {
	w := newWorld(t, memory(t))
	guess := func(client int, code string) string {
		header := map[string]string{"Perennial-Client": fmt.Sprint("session-", client)}
		return summary(w.do(sentRequest{method: "GET", path: "/v1/codes/" + code, header: header}))
	}
	for i := range int(limits.Default(limits.CodeLookup).Max) {
		if got := guess(i, "NOBODY"); got != "404 not_found" {
			t.Fatalf("guess %d: %s", i, got)
		}
	}
	if strings.Contains(w.log.String(), "CodeGuesses") {
		t.Error("the metric was counted too early")
	}
	if got := guess(1_000, "NOBODY"); got != "429 rate_limited" {
		t.Errorf("after %d misses: %s", int(limits.Default(limits.CodeLookup).Max), got)
	}
	if got := guess(1_001, "0000-0000-0000-0000-0"); got != "404 not_found" {
		t.Errorf("a well-formed code: %s", got)
	}
	if n := strings.Count(w.log.String(), `"CodeGuesses":1`); n != 1 {
		t.Errorf("the metric was counted %d times", n)
	}
}
