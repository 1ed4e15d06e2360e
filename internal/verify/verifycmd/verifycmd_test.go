package verifycmd

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/local/dynamodbapi"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/verify"
	"github.com/perennial-loyalty/perennial/internal/verify/verifytest"
)

// serve serves a table with the protocol of DynamoDB and returns the endpoint.
func serve(t *testing.T, tab table.Table) string {
	t.Helper()
	server := httptest.NewServer(&dynamodbapi.API{Table: tab, Name: "perennial"})
	t.Cleanup(server.Close)
	return server.URL
}

// published creates a table with a published program, two members and a complete log.
func published(t *testing.T) (b *verifytest.Bench, checkpoint string) {
	t.Helper()
	b = verifytest.New(t)
	p, problems := program.Compile(program.Demo())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	in := catalog.Published{Program: "bluebird", Source: program.Demo(), Snapshot: snapshot.Encode(p), By: "test"}
	if err := (catalog.Catalog{Ledger: b.Ledger()}).Publish(t.Context(), in, 0); err != nil {
		t.Fatal(err)
	}
	b.Member("mem_ada", 20)
	b.Member("mem_ben", 5)
	_, text := b.LogAll()
	checkpoint = filepath.Join(t.TempDir(), "checkpoint.txt")
	if err := os.WriteFile(checkpoint, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return b, checkpoint
}

func adjustment(n int) table.Key {
	return stored.CauseKey("bluebird", loyalty.Cause{
		Kind: loyalty.CauseAdjustment, ID: fmt.Sprintf("adj_%04d", n), Revision: 1,
	})
}

func (a anchors) with(paths ...string) anchors {
	a.Checkpoint = append(a.Checkpoint, paths...)
	return a
}

// checkTable verifies a table, removes an entry and verifies again.
func checkTable(t *testing.T, c Verify, remove func(table.Key)) {
	t.Helper()
	r, err := c.check(t.Context())
	if err != nil || len(r.Findings) > 0 || len(r.NotAnchored) > 0 || r.Members != 2 || r.Entries != 27 {
		t.Fatalf("%+v %v", r, err)
	}
	remove(adjustment(3))
	r, err = c.check(t.Context())
	if err != nil || len(r.Findings) == 0 || !strings.Contains(r.Findings[0].String(), "has no entry in the table") {
		t.Errorf("%+v %v", r, err)
	}
}

func TestVerifyChecksTable(t *testing.T) {
	b, checkpoint := published(t)
	c := Verify{Table: "perennial", Endpoint: serve(t, b.Table), anchors: anchors{}.with(checkpoint)}
	checkTable(t, c, func(key table.Key) { b.Change(key, nil) })
}

// TestVerifyChecksTableInDynamoDBLocal copies the table to DynamoDB Local.
func TestVerifyChecksTableInDynamoDBLocal(t *testing.T) {
	tab := dynamotest.Open(t)
	b, checkpoint := published(t)
	for it, err := range b.Table.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		it.Version = 0
		if err := tab.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
	}
	endpoint := dynamotest.Endpoint(t)
	c := Verify{Table: tab.Name, Endpoint: endpoint, anchors: anchors{}.with(checkpoint)}
	checkTable(t, c, func(key table.Key) {
		it, err := tab.Get(t.Context(), key)
		if err == nil {
			err = tab.Transact(t.Context(), table.Delete(it))
		}
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestVerifyChecksExport writes the items of a Scan as DynamoDB exports them.
func TestVerifyChecksExport(t *testing.T) {
	b, checkpoint := published(t)
	dir := writeExport(t, serve(t, b.Table))
	c := Verify{Export: dir, anchors: anchors{}.with(checkpoint)}
	r, err := c.check(t.Context())
	if err != nil || len(r.Findings) > 0 || len(r.NotAnchored) > 0 || r.Members != 2 || r.Entries != 27 {
		t.Fatalf("%+v %v", r, err)
	}
	b.Change(adjustment(3), nil)
	c.Export = writeExport(t, serve(t, b.Table))
	r, err = c.check(t.Context())
	if err != nil || len(r.Findings) == 0 || !strings.Contains(r.Findings[0].String(), "has no entry in the table") {
		t.Errorf("%+v %v", r, err)
	}
	if err := os.Remove(filepath.Join(dir, "data", "abc.json.gz")); err != nil {
		t.Fatal(err)
	}
	c.Export = dir
	if _, err := c.check(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an export without its file: %v", err)
	}
}

// writeExport exports the table of an endpoint to a directory.
func writeExport(t *testing.T, endpoint string) (dir string) {
	t.Helper()
	var raw bytes.Buffer
	options := dynamotable.Local(endpoint).Options()
	client := dynamodb.New(options)
	in := &dynamodb.ScanInput{TableName: aws.String("perennial"), Segment: aws.Int32(0), TotalSegments: aws.Int32(1)}
	out, err := client.Scan(t.Context(), in)
	if err != nil || len(out.LastEvaluatedKey) > 0 {
		t.Fatal("the test expects one page", err)
	}
	w := gzip.NewWriter(&raw)
	for _, item := range out.Items {
		line, err := json.Marshal(map[string]any{"Item": exported(t, item)})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(append(line, '\n'))
	}
	_ = w.Close()
	dir = t.TempDir()
	sum := md5.Sum(raw.Bytes())
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"data/abc.json.gz":      raw.String(),
		"manifest-summary.json": fmt.Sprintf(`{"outputFormat":"DYNAMODB_JSON","itemCount":%d}`, len(out.Items)),
		"manifest-files.json": fmt.Sprintf(
			`{"itemCount":%d,"md5Checksum":%q,"dataFileS3Key":"AWSDynamoDB/1/data/abc.json.gz"}`,
			len(out.Items), base64.StdEncoding.EncodeToString(sum[:])),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestReconcileRepairsTable damages an account of a DynamoDB table and loses records of the log.
func TestReconcileRepairsTable(t *testing.T) {
	b, checkpoint := published(t)
	key := stored.AccountKey("bluebird", "mem_ada")
	before := b.Get(key)
	b.Member("mem_cleo", 3)
	b.Adjust("mem_ada")
	b.Change(key, before.Doc) // the account of an earlier time
	c := Reconcile{Table: "perennial", Endpoint: serve(t, b.Table), anchors: anchors{}.with(checkpoint)}
	repairs, report, err := c.repair(t.Context())
	if err != nil || len(report.Findings) > 0 || report.Unlogged != 0 || report.Members != 3 {
		t.Fatalf("%+v %v", report, err)
	}
	want := []verify.Repair{
		{Program: "bluebird", Subject: "member mem_ada", Detail: "the account was rebuilt from its entries"},
		{Program: "bluebird", Subject: "log", Detail: "5 records appended"},
		{Program: "bluebird", Subject: "lists of members", Detail: "the items of 3 members were written"},
	}
	if fmt.Sprint(repairs) != fmt.Sprint(want) {
		t.Errorf("%v", repairs)
	}
	if repairs, _, err := c.repair(t.Context()); err != nil || len(repairs) > 0 {
		t.Errorf("the second run repaired %v, %v", repairs, err)
	}
	v := Verify{Table: "perennial", Endpoint: c.Endpoint, anchors: anchors{}.with(checkpoint)}
	if r, err := v.check(t.Context()); err != nil || len(r.Findings) > 0 || r.Unlogged != 0 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestCheckpointsAreChecked(t *testing.T) {
	b, checkpoint := published(t)
	r, err := b.Log.Read(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.txt")
	if err := os.WriteFile(damaged, []byte("no checkpoint"), 0o600); err != nil {
		t.Fatal(err)
	}
	key := r.VerifierKey()
	other, err := translog.VerifierKey([]byte("another secret of more than 32 bytes"), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		anchors
		want string
	}{
		{anchors{Key: []string{key}}.with(checkpoint), ""},
		{anchors{Key: []string{strings.Replace(key, "bluebird", "redbird", 1)}}.with(checkpoint), "no --key is for"},
		{anchors{Key: []string{other}}.with(checkpoint), "verify the checkpoint"},
		{anchors{}.with(damaged), "is not a checkpoint"},
		{anchors{}.with("/does/not/exist"), "no such file"},
	} {
		_, err := c.signed()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.anchors, err, c.want)
		}
	}
}

// TestDrillRestoresTable restores torn copies of a DynamoDB table into data directories, and verifies them.
func TestDrillRestoresTable(t *testing.T) {
	b, checkpoint := published(t)
	endpoint := serve(t, b.Table)
	for seed := uint64(1); seed <= 5; seed++ {
		c := Drill{
			Table: "perennial", Endpoint: endpoint, Target: filepath.Join(t.TempDir(), "restored"),
			Records: 10, Seed: seed, anchors: anchors{}.with(checkpoint),
		}
		r, err := c.restore(t.Context())
		if err != nil || r.Err() != nil {
			t.Fatal(seed, err, r.Unproven)
		}
		v := Verify{Data: c.Target, anchors: c.anchors}
		report, err := v.check(t.Context())
		if err != nil || len(report.Findings) != len(r.Report.Findings) || len(report.NotAnchored) > 0 {
			t.Errorf("seed %d: %+v %v", seed, report, err)
		}
		again := c
		again.Target = filepath.Join(t.TempDir(), "again")
		if second, err := again.restore(t.Context()); err != nil || second.Cut.Records != r.Cut.Records ||
			fmt.Sprint(second.Repairs) != fmt.Sprint(r.Repairs) {
			t.Errorf("seed %d gave another drill: %+v %v", seed, second.Cut, err)
		}
		if _, err := c.restore(t.Context()); err == nil {
			t.Error("a drill wrote into a directory that exists")
		}
	}
}
