package dynamodbapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"

	"github.com/go-json-experiment/json"
)

// A Forward is an http.Handler that forwards requests to another DynamoDB endpoint on this machine, such as DynamoDB
// Local. Like API, it reports the changes of successful writes. It replaces the credentials of the caller with fixed
// ones, because DynamoDB Local has separate tables for each access key ID. It does not sign requests, so the endpoint
// must not verify signatures.
type Forward struct {
	URL     string
	Changed func([]Change) // may be nil; the changes of one item may be reported in another order
}

// onward is an HTTP client that keeps enough idle connections open for all processes of the functions.
var onward = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// credential matches the part of the header Authorization that contains the access key ID and the region.
var credential = regexp.MustCompile(`Credential=[^/]*/([^/]*)/[^/]*/`)

func (f *Forward) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<20))
	if err != nil {
		writeError(w, fail("SerializationException", "%v", err))
		return
	}
	resp, err := f.send(r.Context(), r.Header, body)
	if err != nil {
		writeError(w, internal(err))
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK && f.Changed != nil {
		changes, err := f.changes(context.WithoutCancel(r.Context()), r, body)
		if err != nil {
			writeError(w, internal(err)) // the write succeeded, so a repetition with the same token has no effect
			return
		}
		if len(changes) > 0 {
			f.Changed(changes)
		}
	}
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

func (f *Forward) send(ctx context.Context, header http.Header, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("dynamodbapi: %w", err)
	}
	req.Header = maps.Clone(header)
	req.Header.Set(
		"Authorization", credential.ReplaceAllString(header.Get("Authorization"), "Credential=local/$1/us-east-1/"),
	)
	resp, err := onward.Do(req)
	if err != nil {
		return nil, fmt.Errorf("dynamodbapi: %w", err)
	}
	return resp, nil
}

// changes determines the changes of a successful write from the request. The item before the write is unknown. If the
// item already existed (its new version is not 1), Old contains only its key.
func (f *Forward) changes(ctx context.Context, r *http.Request, body []byte) (changes []Change, err error) {
	for _, one := range writesOf(Operation(r), body) {
		c := Change{New: one.in.Item}
		switch one.kind {
		case conditionCheck:
			continue
		case put:
			c.Key = attributes{partitionName: one.in.Item[partitionName], sortName: one.in.Item[sortName]}
		default:
			c.Key = one.in.Key
		}
		if one.kind == modify {
			if c.New, err = f.read(ctx, r.Header, one.in.TableName, c.Key); err != nil {
				return nil, err
			}
		}
		if v := c.New[versionName].N; c.New == nil || v == nil || *v != "1" {
			c.Old = c.Key
		}
		changes = append(changes, c)
	}
	return changes, nil
}

type kindOfWrite struct {
	kind string
	in   *writeInput
}

// writesOf returns the writes in a request. It returns none for a request that only reads.
func writesOf(operation string, body []byte) (writes []kindOfWrite) {
	switch operation {
	case put, remove:
		in := new(writeInput)
		if decode(body, in) == nil {
			writes = append(writes, kindOfWrite{operation, in})
		}
	case "TransactWriteItems":
		in := new(transactInput)
		if decode(body, in) != nil {
			return nil
		}
		for _, part := range in.TransactItems {
			if kind, one, err := part.write(); err == nil {
				writes = append(writes, kindOfWrite{kind, one})
			}
		}
	}
	return writes
}

// read returns the current state of an item that was updated.
func (f *Forward) read(ctx context.Context, header http.Header, table string, key attributes) (attributes, error) {
	body, err := json.Marshal(getItemInput{table, key, true})
	if err != nil {
		return nil, err
	}
	header = maps.Clone(header)
	header.Set("X-Amz-Target", targetPrefix+"GetItem")
	resp, err := f.send(ctx, header, body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var out struct{ Item attributes }
	if err := json.UnmarshalRead(resp.Body, &out); err != nil {
		return nil, fmt.Errorf("dynamodbapi: read an item: %w", err)
	}
	return out.Item, nil
}
