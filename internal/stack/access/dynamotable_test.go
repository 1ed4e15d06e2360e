package access_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// A dynamo fakes DynamoDB's API with the given responses, of which the last is repeated, and records the calls.
type dynamo struct {
	t       *testing.T
	guard   *access.Guard
	answers []string // "" loses the response, "400 …" is an error with that body
	calls   []string
}

func (d *dynamo) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c, err := d.guard.DynamoDB(operation, body)
	if err != nil {
		d.t.Errorf("%v: %s", err, body)
	}
	d.calls = append(d.calls, describe(c))
	answer := d.answers[0]
	if len(d.answers) > 1 {
		d.answers = d.answers[1:]
	}
	if answer == "" {
		return nil, errors.New("connection reset by peer")
	}
	text, failed := strings.CutPrefix(answer, "400 ")
	status := http.StatusOK
	if failed {
		status = http.StatusBadRequest
	}
	header := http.Header{}
	header.Set("X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE([]byte(text))))
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(text))}, nil
}

func (d *dynamo) table() table.Table {
	return &dynamotable.Table{
		Name: "T", Sleep: func(context.Context, time.Duration) error { return nil },
		Client: dynamotable.NewClient(dynamodb.New(dynamodb.Options{
			Region: "eu-west-1", HTTPClient: &http.Client{Transport: d},
			Credentials: aws.CredentialsProvider(credentials.NewStaticCredentialsProvider("id", "secret", "")),
		})),
	}
}

func describe(c access.Call) string { return fmt.Sprint(c.Operation, " ", c.Resource, " ", c.Ops) }

const (
	aborted = `400 {"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"m",` +
		`"CancellationReasons":[{"Code":"None"},{"Code":"ConditionalCheckFailed"}]}`
	indexRow = `{"Items":[{"pk":{"S":"P#p#M#mem_1"},"sk":{"S":"ACCOUNT"},"ipk":{"S":"P#p#DUE#reassess#07"},` +
		`"isk":{"S":"x"}}]}`
)

// TestTableChecksCallsOfDynamotable checks that Table checks exactly the calls that dynamotable can make: every
// call that dynamotable makes for any response is checked, and every checked call is made for some response.
func TestTableChecksCallsOfDynamotable(t *testing.T) {
	item := table.Item{Key: table.Key{PK: "P#p#M#mem_1", SK: "ACCOUNT"}, Doc: []byte(`{}`)}
	listed := item
	listed.Index = table.Key{PK: "P#p#DUE#reassess#07", SK: "x"}
	old := table.Item{Key: table.Key{PK: "P#p#HELD#mug", SK: "h"}, Version: 1, Doc: []byte(`{}`)}
	budget := table.Key{PK: "P#p#C#mug", SK: "07"}
	lost := [][]string{{`{}`}, {"", aborted, `{"Responses":{}}`}} // after a lost response the items are read back
	for name, c := range map[string]struct {
		do      func(context.Context, table.Table)
		answers [][]string // responses of DynamoDB in each run; nil for one run with empty responses
	}{
		"get":   {do: func(ctx context.Context, tab table.Table) { _, _ = tab.Get(ctx, item.Key) }},
		"query": {do: query(table.Query{PK: "P#p#M#mem_1"})},
		"query over the index": {
			do: query(table.Query{PK: "P#p#DUE#reassess#07", Index: true}), answers: [][]string{{indexRow, `{}`}},
		},
		"single put":    {do: transact(table.Put(item)), answers: lost},
		"single check":  {do: transact(table.Check(item))},
		"single delete": {do: transact(table.Delete(old))},
		"single add":    {do: transact(table.Add(budget, "n", 1, 5))},
		"transaction": {
			do: transact(
				table.Put(item), table.Delete(old), table.Check(table.Item{Key: table.Key{PK: "P#p#HH#1", SK: "H"}}),
			),
			answers: lost,
		},
		"counter": {
			do:      transact(table.Put(item), table.Add(budget, "n", 1, 0)),
			answers: append(lost, []string{aborted, `{}`}), // the counter is absent and is created
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := &access.Guard{
				TableARN: tableARN, Policies: map[string]access.Policy{"f": {allow([]string{"*"}, []string{"*"})}},
			}
			var made, checked []string
			if c.answers == nil {
				c.answers = [][]string{{`{}`}}
			}
			for _, answers := range c.answers {
				d := &dynamo{t: t, guard: g, answers: answers}
				c.do(t.Context(), d.table())
				made = append(made, d.calls...)
			}
			memory, err := pebbletable.OpenMemory()
			if err != nil {
				t.Fatal(err)
			}
			defer memory.Close()
			if err := memory.Transact(t.Context(), table.Put(listed)); err != nil {
				t.Fatal(err)
			}
			g.Observe = func(_ string, c access.Call) { checked = append(checked, describe(c)) }
			c.do(access.As(t.Context(), "f"), g.Table(memory))
			slices.Sort(made)
			slices.Sort(checked)
			if made, checked := slices.Compact(made), slices.Compact(checked); !slices.Equal(made, checked) {
				t.Errorf("made:\n%s\nchecked:\n%s", strings.Join(made, "\n"), strings.Join(checked, "\n"))
			}
		})
	}
}

func query(q table.Query) func(context.Context, table.Table) {
	return func(ctx context.Context, tab table.Table) {
		for range tab.Query(ctx, q) {
		}
	}
}

func transact(ops ...table.Op) func(context.Context, table.Table) {
	return func(ctx context.Context, tab table.Table) { _ = tab.Transact(ctx, ops...) }
}

func TestTableChecksPoliciesBeforeAccess(t *testing.T) {
	memory, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	var denials []error
	g := &access.Guard{
		TableARN: tableARN, Denied: func(err error) { denials = append(denials, err) },
		Policies: map[string]access.Policy{
			"f": {allow([]string{"dynamodb:GetItem"}, []string{tableARN}, leading("P#*"))},
		},
	}
	tab, ctx := g.Table(memory), access.As(t.Context(), "f")
	item := table.Item{Key: table.Key{PK: "P#p", SK: "s"}, Doc: []byte(`{}`)}
	if err := tab.Transact(ctx, table.Put(item)); !denied(err) {
		t.Errorf("the put was not denied: %v", err)
	}
	if it, err := tab.Get(ctx, item.Key); err != nil || it.Version != 0 {
		t.Errorf("after the denial the table has %v, %v", it, err)
	}
	if _, err := tab.Get(ctx, table.Key{PK: "KEY#k", SK: "KEY"}); !denied(err) {
		t.Errorf("the read was not denied: %v", err)
	}
	for _, err := range tab.Query(ctx, table.Query{PK: "P#p"}) {
		if !denied(err) {
			t.Errorf("the query was not denied: %v", err)
		}
	}
	if len(denials) != 3 {
		t.Errorf("%d denials were reported: %v", len(denials), denials)
	}
	if _, err := tab.Get(access.As(t.Context(), "g"), item.Key); err == nil {
		t.Error("a function that is not in the template could read the table")
	}
	if err := tab.Transact(t.Context(), table.Put(item)); err != nil {
		t.Errorf("a call without a function was denied: %v", err)
	}
}

func denied(err error) bool { return errors.As(err, new(*access.DeniedError)) }
