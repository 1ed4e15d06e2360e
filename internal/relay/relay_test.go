package relay

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
)

// guarded returns the relay with its policies, which allow no access to the table.
func guarded(t *testing.T, log io.Writer) access.Invoker {
	a := &app.App{Log: slog.New(slog.NewTextHandler(log, nil)), Now: time.Now, Table: stacktest.Guard(t).Table(nil)}
	return access.Handler("relay", Entries(a))
}

func TestStreamEntriesAreCountedByProgram(t *testing.T) {
	var log bytes.Buffer
	relay := guarded(t, &log)
	record := func(name, pk, sk, image string) string {
		return `{"eventID":"1","eventName":"` + name +
			`","eventSource":"aws:dynamodb","awsRegion":"x","eventSourceARN":"y","dynamodb":{` +
			`"ApproximateCreationDateTime":1796126400.5,"Keys":{"pk":{"S":"` + pk + `"},"sk":{"S":"` + sk +
			`"}},"NewImage":{` + image + `},` +
			`"SequenceNumber":"seq-` + sk + `","SizeBytes":10,"StreamViewType":"NEW_IMAGE"}}`
	}
	const doc = `"doc":{"M":{"q":{"N":"1"}}},"v":{"N":"1"}`
	for _, c := range []struct {
		name    string
		records []string
		answer  string
		logged  string
	}{
		{
			"entries of two programs among other records",
			[]string{
				record("INSERT", "P#a#E#O#1042", "000001", doc), record("INSERT", "P#a#E#RD#rd_1", "000002", doc),
				record("INSERT", "P#b#E#LAPSE#m#2027-03-31", "000001", doc),
				record("MODIFY", "P#a#M#mem_1", "ACCOUNT", doc), record("INSERT", "P#a#PROGRAM", "PROGRAM#000001", doc),
				record("INSERT", "KEY#x", "KEY", doc),
				record("INSERT", "P#a#USE#use_1", "USE", doc),
			},
			`{"batchItemFailures":[]}`, "program=a entries=2",
		},
		{
			"an entry without its document, and later entries",
			[]string{
				record("INSERT", "P#a#E#O#1", "000001", doc), record("INSERT", "P#a#E#O#2", "000002", ""),
				record("INSERT", "P#a#E#O#3", "000003", doc),
			},
			`{"batchItemFailures":[{"itemIdentifier":"seq-000002"}]}`, "program=a entries=1",
		},
		{
			"a revision without a cause",
			[]string{record("INSERT", "P#a", "000009", doc)},
			`{"batchItemFailures":[{"itemIdentifier":"seq-000009"}]}`, "is not the key of a cause",
		},
		{"nothing", nil, `{"batchItemFailures":[]}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			log.Reset()
			out, err := relay.Invoke(t.Context(), []byte(`{"Records":[`+strings.Join(c.records, ",")+`]}`))
			if string(out) != c.answer || err != nil {
				t.Errorf("%s %v", out, err)
			}
			if !strings.Contains(log.String(), c.logged) {
				t.Errorf("the log says %s", log.String())
			}
		})
	}
	if _, err := relay.Invoke(t.Context(), []byte(`{"Records":3}`)); err == nil {
		t.Error("an invalid event was accepted")
	}
}

func TestRelayStopsAtItsDeadlineAndCountsFailures(t *testing.T) {
	var log bytes.Buffer
	relay := guarded(t, &log)
	const entry = `{"eventName":"INSERT","dynamodb":{"SequenceNumber":"seq-1","Keys":{"pk":{"S":"P#a#O#1"},` +
		`"sk":{"S":"000001"}},"NewImage":{"doc":{}}}}`
	ctx, cancel := context.WithTimeout(t.Context(), app.Reserve)
	defer cancel()
	out, err := relay.Invoke(ctx, []byte(`{"Records":[`+entry+`]}`))
	if string(out) != `{"batchItemFailures":[{"itemIdentifier":"seq-1"}]}` || err != nil {
		t.Errorf("%s %v", out, err)
	}
	if !strings.Contains(log.String(), "Errors=1") || !strings.Contains(log.String(), "Timeouts=1") {
		t.Errorf("the log says %s", log.String())
	}
	log.Reset()
	if _, err := relay.Invoke(t.Context(), []byte(`{"Records":3}`)); err == nil ||
		!strings.Contains(log.String(), "Errors=1") {
		t.Errorf("%v: %s", err, log.String())
	}
}
