package dynamodbapi_test

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func TestScanListsAllItems(t *testing.T) {
	tab := remote(t, memory(t))
	s := &dynamotable.Scanner{Table: tab, Segments: 3}
	tabletest.RunItems(t, tab, s.Items)
	if s.Units() < 1000 { // 4 MB in units of 4 KB
		t.Errorf("the scan cost %.1f read units", s.Units())
	}
}
