package dynamodbapi_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/local/dynamodbapi"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// patience limits one attempt. It is long because the race detector makes pages of 1 MB slow.
const patience = 30 * time.Second

func TestConformanceThroughDynamotable(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table { return remote(t, memory(t)) })
}

func memory(t testing.TB) *pebbletable.Table {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	})
	return tab
}

// remote returns a table that accesses tab through the API, like a function.
func remote(t testing.TB, tab table.Table) *dynamotable.Table {
	t.Helper()
	server := httptest.NewServer(&dynamodbapi.API{Table: tab, Name: "perennial"})
	t.Cleanup(server.Close)
	client := dynamotable.Local(server.URL)
	return &dynamotable.Table{Client: client, Name: "perennial", Timeout: patience}
}
