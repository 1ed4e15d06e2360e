package dynamoexport

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// The lines have the form of DynamoDB's documentation: the attributes of one item in a member Item.
var lines = []string{
	`{"Item":{"pk":{"S":"P#b#M#mem_1"},"sk":{"S":"ACCOUNT"},"v":{"N":"12"},"ipk":{"S":"due"},"isk":{"S":"x"},` +
		`"ttl":{"N":"2000000000"},"doc":{"M":{"n":{"N":"1.5"},"t":{"S":"Ä\""},"b":{"B":"AAEC"},"ok":{"BOOL":true},` +
		`"none":{"NULL":true},"l":{"L":[{"N":"1"},{"M":{}}]}}}}}`,
	`{"Item":{"pk":{"S":"P#b"},"sk":{"S":"LIVE"},"v":{"N":"1"},"doc":{"M":{}}}}`,
	`{"Item":{"pk":{"S":"P#b"},"sk":{"S":"PROGRAM#1"},"v":{"N":"1"},"doc":{"M":{}}}}`,
}

// An export has the files of an export, by their names.
type export map[string]string

func packed(lines ...string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(strings.Join(lines, "\n") + "\n"))
	_ = w.Close()
	return b.String()
}

func newExport() export {
	e := export{
		"manifest-summary.json": `{"version":"2023-08-01",` +
			`"exportArn":"arn:aws:dynamodb:eu-central-1:1:table/t/export/e","itemCount":3,` +
			`"outputFormat":"DYNAMODB_JSON","outputView":null,"exportType":"FULL_EXPORT"}`,
		"data/aaaa.json.gz": packed(lines[:2]...), "data/bbbb.json.gz": packed(lines[2]),
	}
	e["manifest-files.json"] = e.line("aaaa", 2) + e.line("bbbb", 1)
	return e
}

// line returns the line of the manifest for a file.
func (e export) line(name string, items int) string {
	sum := md5.Sum([]byte(e["data/"+name+".json.gz"]))
	return fmt.Sprintf(
		`{"itemCount":%d,"md5Checksum":"%s","etag":"x-1","dataFileS3Key":"AWSDynamoDB/01/data/%s.json.gz"}`+"\n",
		items, base64.StdEncoding.EncodeToString(sum[:]), name)
}

// items writes the files and returns the items.
func (e export) items(t *testing.T) (items []table.Item, err error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range e {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for it, err := range Items(t.Context(), dir) {
		if err != nil {
			return items, err
		}
		items = append(items, it)
	}
	return items, nil
}

func TestItemsOfExport(t *testing.T) {
	items, err := newExport().items(t)
	if err != nil || len(items) != 3 {
		t.Fatal(items, err)
	}
	it := items[0]
	if it.Key != (table.Key{PK: "P#b#M#mem_1", SK: "ACCOUNT"}) || it.Index != (table.Key{PK: "due", SK: "x"}) ||
		it.Version != 12 || it.Expires.Unix() != 2_000_000_000 {
		t.Errorf("%+v", it)
	}
	for _, part := range []string{
		`"n":1.5`, `"t":"Ä\""`, `"b":"data:;base64,AAEC"`, `"ok":true`, `"none":null`, `"l":[1,{}]`,
	} {
		if !strings.Contains(string(it.Doc), part) {
			t.Errorf("the document has no %s: %s", part, it.Doc)
		}
	}
	last := items[2]
	if last.Key.SK != "PROGRAM#1" || !last.Index.IsZero() || !last.Expires.IsZero() || string(last.Doc) != "{}" {
		t.Errorf("%+v", last)
	}
}

func TestIncompleteExportIsRejected(t *testing.T) {
	for name, c := range map[string]struct {
		change func(export)
		want   string
	}{
		"missing file": {func(e export) { delete(e, "data/bbbb.json.gz") }, "no such file"},
		"shorter file": {
			func(e export) { e["data/aaaa.json.gz"] = packed(lines[0]) }, "it has 1 items, but the manifest states 2",
		},
		"changed file": {
			func(e export) { e["data/bbbb.json.gz"] = packed(lines[1]) }, "its MD5 digest is",
		},
		"truncated file": {
			func(e export) { e["data/aaaa.json.gz"] = e["data/aaaa.json.gz"][:40] }, "unexpected EOF",
		},
		"shorter manifest": {
			func(e export) { e["manifest-files.json"] = e.line("aaaa", 2) },
			"the files have 2 items, but the manifest states 3",
		},
		"damaged manifest": {func(e export) { e["manifest-files.json"] += "{" }, "read the manifest"},
		"no summary":       {func(e export) { delete(e, "manifest-summary.json") }, "read the summary"},
		"incremental": {func(e export) {
			e["manifest-summary.json"] = strings.Replace(e["manifest-summary.json"], "FULL", "INCREMENTAL", 1)
		}, "must be a full export"},
		"Ion": {func(e export) {
			e["manifest-summary.json"] = strings.Replace(e["manifest-summary.json"], "DYNAMODB_JSON", "ION", 1)
		}, "must be a full export"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExport()
			c.change(e)
			if _, err := e.items(t); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want %q", err, c.want)
			}
		})
	}
}

func TestDamagedItemsAreRejected(t *testing.T) {
	for name, item := range map[string]string{
		"no key":        `{"pk":{"S":"a"},"v":{"N":"1"},"doc":{"M":{}}}`,
		"no version":    `{"pk":{"S":"a"},"sk":{"S":"b"},"doc":{"M":{}}}`,
		"no document":   `{"pk":{"S":"a"},"sk":{"S":"b"},"v":{"N":"1"}}`,
		"text as a ttl": `{"pk":{"S":"a"},"sk":{"S":"b"},"v":{"N":"1"},"ttl":{"S":"1"},"doc":{"M":{}}}`,
		"another type":  `{"pk":{"S":"a"},"sk":{"S":"b"},"v":{"N":"1"},"doc":{"M":{"n":{"NS":["1"],"N":"1"}}}}`,
		"empty line":    `null`,
	} {
		e := newExport()
		e["data/bbbb.json.gz"] = packed(`{"Item":` + item + `}`)
		e["manifest-files.json"] = e.line("aaaa", 2) + e.line("bbbb", 1)
		if items, err := e.items(t); err == nil || !strings.Contains(err.Error(), "dynamojson") || len(items) != 2 {
			t.Errorf("%s: %d items, %v", name, len(items), err)
		}
	}
}

func TestItemsEndsEarly(t *testing.T) {
	e, n := newExport(), 0
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range e {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range Items(t.Context(), dir) {
		if n++; err != nil || n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d items", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range Items(ctx, dir) {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}
