package dynamotable_test

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func TestScannerListsAllItems(t *testing.T) {
	tab := dynamotest.Open(t)
	for _, segments := range []int{0, 1, 3} {
		s := &dynamotable.Scanner{Table: tab, Segments: segments}
		if segments > 0 {
			for it, err := range s.Items(t.Context()) {
				if err == nil {
					err = tab.Transact(t.Context(), table.Delete(it))
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		tabletest.RunItems(t, tab, s.Items)
		if s.Units() < 1000 { // 4 MB in units of 4 KB
			t.Errorf("%d segments: the scan cost %.1f read units", segments, s.Units())
		}
	}
}

// TestScannerRepeatsThrottledPages uses a scripted DynamoDB, because DynamoDB Local never throttles.
func TestScannerRepeatsThrottledPages(t *testing.T) {
	page := func(sk, last string) answer {
		return says(200, `{"Items":[`+image(sk, "1", "5")+`],"ConsumedCapacity":{"CapacityUnits":0.5}`+last+`}`)
	}
	tab, s := play(t,
		fault(400, "ProvisionedThroughputExceededException"),
		page("a", `,"LastEvaluatedKey":{"pk":{"S":"p"},"sk":{"S":"a"}}`),
		internalError,
		page("b", ""),
	)
	scan := &dynamotable.Scanner{Table: tab, Segments: 1}
	var got []string
	for it, err := range scan.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, it.Key.SK)
	}
	if len(got) != 2 || got[0] != "a" || got[1] != "b" || scan.Units() != 1 {
		t.Errorf("%v, %.1f units", got, scan.Units())
	}
	if start := s.requests()[3].body.ExclusiveStartKey; len(start) != 2 || !s.requests()[3].body.ConsistentRead {
		t.Errorf("the second page starts at %v", start)
	}
}

func TestScannerReturnsFailures(t *testing.T) {
	for name, answer := range map[string]answer{
		"denied":  fault(400, "AccessDeniedException"),
		"damaged": says(200, `{"Items":[{"pk":{"S":"p"},"sk":{"S":"a"},"doc":{"M":{}}}]}`),
	} {
		tab, _ := play(t, answer)
		items, failed := 0, 0
		for _, err := range (&dynamotable.Scanner{Table: tab, Segments: 1}).Items(t.Context()) {
			if err != nil {
				failed++
			} else {
				items++
			}
		}
		if items != 0 || failed != 1 {
			t.Errorf("%s: %d items, %d errors", name, items, failed)
		}
	}
}
