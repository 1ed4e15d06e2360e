package dynamotable

import (
	"context"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

func TestNumberIsCanonicalAndExact(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.000": "0", "0e99": "0", "1": "1", "-1": "-1", "1.50": "1.5", "10": "10", "1e3": "1000",
		"1E+3": "1000", "12.5e-1": "1.25", "0.1": "0.1", "-0.30000000000000004": "-0.30000000000000004",
		"1e-7": "0.0000001", "100e-2": "1", "9007199254740993": "9007199254740993",
		"12345678901234567890123456789012345678":  "12345678901234567890123456789012345678",
		"123456789012345678901234567890123456780": "12345678901234567890123456789012345678e1",
		"1e37":    "1" + strings.Repeat("0", 37),
		"1e125":   "1e125",
		"-1e-130": "-1e-130",
		"9.9999999999999999999999999999999999999e125": "99999999999999999999999999999999999999e88",
	} {
		got, err := number(in)
		if err != nil || string(got) != want {
			t.Errorf("number(%s) = %s, %v, want %s", in, got, err, want)
		}
		a, _ := new(big.Rat).SetString(in)
		if b, ok := new(big.Rat).SetString(string(got)); !ok || a.Cmp(b) != 0 {
			t.Errorf("number(%s) = %s is another number", in, got)
		}
	}
}

func TestNumbersOutsideDynamoDBLimitsAreRejected(t *testing.T) {
	for _, in := range []string{
		"123456789012345678901234567890123456789", "0.123456789012345678901234567890123456789",
		"1e126", "10e125", "1e-131", "1e99999999999999999999", "-1e-99999999999999999999",
	} {
		if got, err := number(in); err == nil {
			t.Errorf("number(%s) = %s, want it refused", in, got)
		}
		it := table.Item{Key: table.Key{PK: "p", SK: "s"}, Doc: json.RawMessage(`{"a":[{"b":` + in + `}]}`)}
		if _, err := encode(it); err == nil {
			t.Errorf("a document with %s was encoded, want it refused", in)
		}
	}
}

func TestDecodeReturnsStoredItem(t *testing.T) {
	it := table.Item{
		Key: table.Key{PK: "p", SK: "s"}, Index: table.Key{PK: "i", SK: "j"}, Version: 7,
		Expires: time.Unix(2_000_000_000, 5),
		Doc:     json.RawMessage(`{"a":[1.0,"<",null,{"b":{}}],"c":9007199254740993}`),
	}
	image, err := encode(it)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(keyOf(image), image)
	if err != nil || !same(got, it) {
		t.Errorf("decoded %+v, %v, want the item that was put", got, err)
	}
	for name, change := range map[string]func(*table.Item){
		"index key":      func(it *table.Item) { it.Index.SK = "k" },
		"version":        func(it *table.Item) { it.Version++ },
		"expiry":         func(it *table.Item) { it.Expires = it.Expires.Add(time.Second) },
		"missing expiry": func(it *table.Item) { it.Expires = time.Time{} },
		"number": func(it *table.Item) {
			it.Doc = json.RawMessage(
				`{"a":[1,"<",null,{"b":{}}],"c":9007199254740992}`,
			)
		},
	} {
		other := it
		if change(&other); same(got, other) {
			t.Errorf("same ignores a different %s", name)
		}
	}
}

func TestPauseIsShorterThanRemainingTime(t *testing.T) {
	const left = 100 * time.Millisecond
	var longest time.Duration
	tab := &Table{Sleep: func(_ context.Context, d time.Duration) error { longest = max(longest, d); return nil }}
	ctx, cancel := context.WithTimeout(t.Context(), left)
	defer cancel()
	for name, pause := range map[string]func(attempt int) error{
		"the context ends": func(n int) error { return tab.pause(ctx, time.Now().Add(time.Hour), n) },
		"the call's limit": func(n int) error { return tab.pause(t.Context(), time.Now().Add(left), n) },
	} {
		spent := 0
		longest = 0
		for range 200 {
			if pause(4) != nil {
				spent++
			}
		}
		if longest >= left || spent == 0 || pause(maxAttempts) == nil {
			t.Errorf(
				"%s: slept up to %v and gave up %d times, want less than %v, and never after the last attempt", name,
				longest, spent, left,
			)
		}
	}
}
