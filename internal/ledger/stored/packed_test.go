package stored

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
	"pgregory.net/rapid"
)

// A packed entry is read exactly as it was written, whatever its line items are.
func TestPackedEntriesAreReadAsTheyWereWritten(t *testing.T) {
	text := rapid.OneOf(
		rapid.StringMatching(`[A-Z]{1,3}-[0-9]{1,20}`), rapid.String(), rapid.SampledFrom([]string{"", "tea", "mugs"}),
	)
	number := rapid.OneOf(rapid.Int64Range(-3, 2_000), rapid.Int64())
	line := rapid.Custom(func(t *rapid.T) LineDoc {
		return LineDoc{
			ID: text.Draw(t, "id"), SKU: text.Draw(t, "sku"), Category: text.Draw(t, "category"),
			Brand: text.Draw(t, "brand"), Quantity: number.Draw(t, "quantity"), Amount: number.Draw(t, "amount"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		want := entryDoc{
			Member: "mem_ada", Kind: "earn", Order: &orderDoc{Currency: "EUR", Status: "paid"},
		}
		want.Order.Lines = rapid.SliceOfN(line, 20, 60).Draw(t, "lines")
		doc := packed(want)
		if !strings.HasPrefix(string(doc), `{"z":"data:;base64,`) {
			t.Fatalf("it is not packed: %s", doc)
		}
		got, err := UnpackedEntry(doc)
		if err != nil || !bytes.Equal(Encode(got), Encode(want)) {
			t.Fatalf("%v: read\n%s\nwant\n%s", err, Encode(got), Encode(want))
		}
	})
}

func TestLargeEntriesWithoutLinesArePackedAndSmallOnesAreNot(t *testing.T) {
	small := entryDoc{
		Member: "mem_ada", Kind: "earn",
		Order: &orderDoc{Currency: "EUR", Lines: []LineDoc{{ID: "1", Quantity: 1, Amount: 100}}},
	}
	if doc := packed(small); !bytes.Equal(doc, Encode(small)) {
		t.Errorf("a small entry is stored as %s", doc)
	}
	large := entryDoc{Member: "mem_ada", Kind: "earn", Actor: strings.Repeat("long ", 500)}
	doc := packed(large)
	if got, err := UnpackedEntry(doc); err != nil || len(doc) > 300 ||
		!bytes.Equal(Encode(got), Encode(large)) {
		t.Errorf("%d bytes, %v", len(doc), err)
	}
}

func TestLargeAccountsArePacked(t *testing.T) {
	d := AccountDoc{Sequence: 7, Head: "head"}
	if doc := PackedAccount(d); !bytes.Equal(doc, Encode(d)) {
		t.Errorf("a small account is stored as %s", doc)
	}
	for i := range 60 {
		d.Pending = append(
			d.Pending,
			pendingDoc{
				Kind: "order", ID: fmt.Sprint(100_000 + i), At: int64(1_859_536_860_000 + i), Points: 211,
			},
		)
	}
	doc := PackedAccount(d)
	if got, err := unpackedAccount(doc); err != nil || len(doc) > 1_000 ||
		!bytes.Equal(Encode(got), Encode(d)) {
		t.Errorf("%d bytes, %v", len(doc), err)
	}
	for _, damaged := range []string{`{"z":"x"}`, `{"z":"data:;base64,AAECAw=="}`} {
		if got, err := unpackedAccount([]byte(damaged)); err == nil {
			t.Errorf("%s is read as %s", damaged, Encode(got))
		}
	}
}

func TestDamagedPackedEntriesAreErrors(t *testing.T) {
	d := entryDoc{Order: &orderDoc{}}
	for i := range 100 {
		d.Order.Lines = append(
			d.Order.Lines,
			LineDoc{ID: fmt.Sprint(i), SKU: fmt.Sprint("SKU-", i*i), Quantity: 1, Amount: int64(i * i)},
		)
	}
	whole := string(packed(d))
	long := "{}" + strings.Repeat(" ", maxUnpacked-1) // valid JSON, one byte over the limit
	bomb := table.Binary(entryDeflater.deflated([]byte(long)))
	for name, doc := range map[string]string{
		"no bytes":         `{"z":"x"}`,
		"nothing":          `{"z":"data:;base64,"}`,
		"no compressed":    `{"z":"data:;base64,AAECAw=="}`,
		"without lines":    whole[:strings.Index(whole, `,"l":`)] + "}",
		"with other lines": whole[:strings.Index(whole, `,"l":`)] + `,"l":"data:;base64,AAECAw=="}`,
		"too much":         `{"z":"` + bomb + `"}`,
	} {
		if got, err := UnpackedEntry([]byte(doc)); err == nil {
			t.Errorf("%s is read as %s", name, Encode(got))
		}
	}
}

// A reused writer gives the same bytes as a new one. A document does not depend on those that were packed before.
func TestReusedWriterCompressesEqually(t *testing.T) {
	docs := []string{
		`{"seq":1,"lots":[20271231,175]}`, strings.Repeat(`{"k":"order","id":"10"}`, 200), "", `{"holds":[]}`,
	}
	for range 3 {
		for _, doc := range docs {
			fresh := &deflater{dictionary: accountDictionary}
			got, want := accountDeflater.deflated([]byte(doc)), fresh.deflated([]byte(doc))
			if !bytes.Equal(got, want) {
				t.Errorf("%.40s: %x, want %x", doc, got, want)
			}
		}
	}
}
