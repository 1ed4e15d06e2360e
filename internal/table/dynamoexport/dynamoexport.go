// Package dynamoexport reads a full export of a DynamoDB table to S3, in the format DynamoDB JSON, from a directory to
// which it was downloaded (aws s3 sync s3://BUCKET/PREFIX/AWSDynamoDB/EXPORT DIR).
//
// It checks the number of items and the MD5 digest of each file that the manifest states, so that an incomplete
// download is an error. The digests do not protect against someone who changes the files and the manifest; package
// verify does. The format is documented in "DynamoDB table export output format" of the DynamoDB Developer Guide.
package dynamoexport

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/md5" // the manifest contains digests of this kind
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"path"
	"path/filepath"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamojson"
)

// A summary contains the fields that are read from the file manifest-summary.json.
type summary struct {
	Format string `json:"outputFormat"`
	Type   string `json:"exportType"` // absent in older exports, which are full exports
	Items  int64  `json:"itemCount"`
}

// A file is one line of the file manifest-files.json.
type file struct {
	Items int64  `json:"itemCount"`
	MD5   string `json:"md5Checksum"` // in base64
	Key   string `json:"dataFileS3Key"`
}

// Items yields all items of the export in dir, in any order. It holds one item in memory at a time.
func Items(ctx context.Context, dir string) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		r := reader{ctx: ctx, dir: dir, yield: func(it table.Item) bool { return yield(it, nil) }}
		if err := r.read(); err != nil && !errors.Is(err, errStopped) {
			yield(table.Item{}, fmt.Errorf("dynamoexport: read %s: %w", dir, err))
		}
	}
}

// errStopped reports that the caller wants no more items.
var errStopped = errors.New("stopped")

type reader struct {
	ctx   context.Context // a field, because a reader exists only during one call of Items
	dir   string
	yield func(table.Item) bool
}

func (r *reader) read() error {
	var s summary
	text, err := os.ReadFile(filepath.Join(r.dir, "manifest-summary.json"))
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return fmt.Errorf("read the summary of the manifest: %w", err)
	}
	if s.Format != "DYNAMODB_JSON" || s.Type != "" && s.Type != "FULL_EXPORT" {
		return fmt.Errorf("the export must be a full export in the format DYNAMODB_JSON, not %s %s", s.Type, s.Format)
	}
	files, err := r.files()
	if err != nil {
		return fmt.Errorf("read the manifest: %w", err)
	}
	total := int64(0)
	for _, f := range files {
		if err := r.file(f); err != nil {
			return fmt.Errorf("%s: %w", path.Base(f.Key), err)
		}
		total += f.Items
	}
	if total != s.Items {
		return fmt.Errorf("the files have %d items, but the manifest states %d", total, s.Items)
	}
	return nil
}

// files reads the manifest.
func (r *reader) files() (files []file, err error) {
	f, err := os.Open(filepath.Join(r.dir, "manifest-files.json"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := jsontext.NewDecoder(f)
	for {
		var line file
		err := json.UnmarshalDecode(lines, &line)
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		files = append(files, line)
	}
}

// file yields the items of a file and checks their number and the digest.
func (r *reader) file(f file) error {
	packed, err := os.Open(filepath.Join(r.dir, "data", path.Base(f.Key)))
	if err != nil {
		return err
	}
	defer packed.Close()
	digest := md5.New()
	raw := bufio.NewReader(io.TeeReader(packed, digest))
	unpacked, err := gzip.NewReader(raw)
	if err != nil {
		return err
	}
	n, err := r.items(unpacked)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return err
	}
	return f.check(n, digest)
}

func (f file) check(items int64, digest hash.Hash) error {
	if items != f.Items {
		return fmt.Errorf("it has %d items, but the manifest states %d", items, f.Items)
	}
	if sum := base64.StdEncoding.EncodeToString(digest.Sum(nil)); sum != f.MD5 {
		return fmt.Errorf("its MD5 digest is %s, but the manifest states %s", sum, f.MD5)
	}
	return nil
}

// items yields the items of an unpacked file and returns their number.
func (r *reader) items(unpacked io.Reader) (n int64, err error) {
	lines := jsontext.NewDecoder(unpacked)
	for {
		var line struct {
			Item map[string]any
		}
		err := json.UnmarshalDecode(lines, &line)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err == nil {
			err = r.ctx.Err()
		}
		if err != nil {
			return n, err
		}
		it, err := dynamojson.Item(line.Item)
		if err != nil {
			return n, err
		}
		if !r.yield(it) {
			return n, errStopped
		}
		n++
	}
}
