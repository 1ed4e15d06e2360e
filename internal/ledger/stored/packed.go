package stored

import (
	"bytes"
	"cmp"
	"compress/flate"
	"fmt"
	"io"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger/columns"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// DynamoDB bills writes per KB, and transactional writes twice. Large accounts are therefore stored as compressed JSON.
// Large entries are packed: their line items are stored by column (package columns), and the rest as compressed JSON.
// An order with 100 line items fits into 1 KB if the SKUs differ only in digits, such as MUGS-0042 or EANs, and share a
// few categories (internal/cost/usage.json lists measured examples). SKUs of 16 random hexadecimal digits need 2 KB.
// Small accounts and entries are stored as plain JSON, which is readable in the table.

// packAbove is the maximum size of a plain document in bytes of JSON. DynamoDB counts fewer bytes for such a document:
// less than 1,024 including its keys.
const packAbove = 1_050

// maxUnpacked is the maximum size in bytes of an unpacked entry or account. The largest order that a merchant may send
// is smaller.
const maxUnpacked = 1 << 20

// packedDoc is stored. Fields may only be added.
type packedDoc struct {
	Packed string `json:"z,omitzero"` // an unpackedDoc or AccountDoc, compressed and in binary form
	Lines  string `json:"l,omitzero"` // the columns of the line items in binary form
}

// unpackedDoc is stored. Fields may only be added.
type unpackedDoc struct {
	Entry entryDoc `json:"e"`
	Lines int      `json:"n,omitzero"` // number of line items in the columns
	Texts []string `json:"t,omitempty"`
}

// packed returns the stored document of an entry.
func packed(d entryDoc) []byte {
	doc := d.appendTo(newDocument())
	if len(doc) <= packAbove {
		return doc
	}
	u, p := unpackedDoc{Entry: d}, packedDoc{}
	if d.Order != nil && len(d.Order.Lines) > 0 {
		order := *d.Order
		var w columns.Writer
		writeLines(&w, order.Lines)
		u.Lines, u.Texts, p.Lines = len(order.Lines), w.Texts(), table.Binary(w.Bytes())
		order.Lines, u.Entry.Order = nil, &order
	}
	p.Packed = table.Binary(entryDeflater.deflated(u.appendTo(newDocument())))
	return Encode(p)
}

// UnpackedEntry decodes the stored document of an entry, packed or plain.
func UnpackedEntry(doc []byte) (entryDoc, error) {
	if d, ok := readEntry(doc); ok {
		return d, nil
	}
	var d struct {
		entryDoc
		packedDoc
	}
	if err := json.Unmarshal(doc, &d); err != nil || d.Packed == "" {
		return d.entryDoc, err
	}
	z, ok := table.Bytes(d.Packed)
	if !ok {
		return entryDoc{}, columns.ErrDamaged
	}
	plain, err := inflated(z, entryDictionary, maxUnpacked)
	if err != nil {
		return entryDoc{}, err
	}
	u, ok := readUnpacked(plain)
	if !ok {
		u = unpackedDoc{}
		err = json.Unmarshal(plain, &u)
	}
	if err != nil || u.Lines == 0 {
		return u.Entry, err
	}
	in, ok := table.Bytes(d.Lines)
	if !ok || u.Entry.Order == nil || u.Lines < 0 || u.Lines > maxUnpacked {
		return entryDoc{}, columns.ErrDamaged
	}
	u.Entry.Order.Lines, err = readLines(columns.NewReader(in, u.Texts), u.Lines)
	return u.Entry, err
}

// texts returns the fields of a line item that are stored as columns of strings, in the order of the columns.
func (d *LineDoc) texts() [4]*string { return [...]*string{&d.ID, &d.SKU, &d.Category, &d.Brand} }

// writeLines writes the line items by column: the strings, whether amounts are per unit (1) or per line item (0), the
// quantities and the amounts. Amounts are per unit if every amount is a multiple of its quantity.
func writeLines(w *columns.Writer, lines []LineDoc) {
	texts, numbers := make([]string, len(lines)), make([]int64, len(lines))
	for column := range new(LineDoc).texts() {
		for i := range lines {
			texts[i] = *lines[i].texts()[column]
		}
		w.Strings(texts)
	}
	unit := int64(1)
	for i, l := range lines {
		numbers[i] = l.Quantity
		if l.Quantity < 1 || l.Amount%l.Quantity != 0 {
			unit = 0
		}
	}
	w.Numbers([]int64{unit})
	w.Numbers(numbers)
	for i, l := range lines {
		if numbers[i] = l.Amount; unit == 1 {
			numbers[i] /= l.Quantity
		}
	}
	w.Numbers(numbers)
}

func readLines(r *columns.Reader, n int) ([]LineDoc, error) {
	lines := make([]LineDoc, n)
	for column := range new(LineDoc).texts() {
		texts, err := r.Strings(n)
		if err != nil {
			return nil, err
		}
		for i := range lines {
			*lines[i].texts()[column] = texts[i]
		}
	}
	unit, err := r.Numbers(1)
	if err != nil {
		return nil, err
	}
	quantities, err := r.Numbers(n)
	if err != nil {
		return nil, err
	}
	amounts, err := r.Numbers(n)
	if err != nil {
		return nil, err
	}
	for i := range lines {
		lines[i].Quantity, lines[i].Amount = quantities[i], amounts[i]
		if unit[0] == 1 {
			lines[i].Amount *= quantities[i]
		}
	}
	return lines, nil
}

// PackedAccount returns the stored document of an account.
func PackedAccount(d AccountDoc) []byte {
	doc := d.appendTo(newDocument())
	if len(doc) <= packAbove {
		return doc
	}
	return Encode(packedDoc{Packed: table.Binary(accountDeflater.deflated(doc))})
}

// unpackedAccount decodes the stored document of an account, packed or plain.
func unpackedAccount(doc []byte) (AccountDoc, error) {
	if d, ok := readAccount(doc); ok {
		return d, nil
	}
	var p struct {
		AccountDoc
		packedDoc
	}
	if err := json.Unmarshal(doc, &p); err != nil || p.Packed == "" {
		return p.AccountDoc, err
	}
	z, ok := table.Bytes(p.Packed)
	if !ok {
		return AccountDoc{}, columns.ErrDamaged
	}
	doc, err := inflated(z, accountDictionary, maxUnpacked)
	if err != nil {
		return AccountDoc{}, err
	}
	if d, ok := readAccount(doc); ok {
		return d, nil
	}
	err = json.Unmarshal(doc, &p.AccountDoc)
	return p.AccountDoc, err
}

// A deflater compresses documents with a dictionary. It reuses its writers, because a new writer allocates about 1 MB.
type deflater struct {
	dictionary string
	writers    sync.Pool
}

var (
	accountDeflater = deflater{dictionary: accountDictionary}
	entryDeflater   = deflater{dictionary: entryDictionary}
)

func (d *deflater) deflated(plain []byte) []byte {
	var out bytes.Buffer
	w, ok := d.writers.Get().(*flate.Writer)
	if ok {
		w.Reset(&out) // to the state after the dictionary
	} else {
		var err error
		if w, err = flate.NewWriterDict(&out, flate.BestCompression, []byte(d.dictionary)); err != nil {
			panic("ledger: " + err.Error()) // cannot happen: the compression level is valid
		}
	}
	_, _ = w.Write(plain) // writing to a bytes.Buffer does not fail
	_ = w.Close()
	d.writers.Put(w)
	return out.Bytes()
}

// inflated decompresses data that was compressed with a dictionary. It returns an error if the result has more than
// limit bytes.
func inflated(z []byte, dictionary string, limit int64) ([]byte, error) {
	r := flate.NewReaderDict(bytes.NewReader(z), []byte(dictionary))
	plain, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(plain)) > limit {
		err = fmt.Errorf("ledger: the packed data exceeds %d bytes", limit)
	}
	return plain, err
}

// accountDictionary contains the texts that are frequent in accounts. It must never change, because stored documents
// refer to its bytes.
const accountDictionary = `"w":{"":{"lots":[],"debt":,"spent":,` +
	`"told":[{"ext":[{"mv":[{"who":{"mb":{"lad":[{"st":"closed"` +
	`{"joined":1796119260000,"seq":41,"owner":"","lots":[20271231,175,101,211,8900,211,97,211,103,211,99,211,100,` +
	`{"k":"order","id":"10","at":1859536860000,"lot":20291231,"n":211},"holds":[{"rd":{"id":"rd_","r":"free-",` +
	`"n":300,` +
	`"at":1858500060000,"u":1858501860000},"lots":[20281130,175]}],"tier":{"l":"gold","s":1824631260000,` +
	`"u":1856253660000},` +
	`"past":[{"cnt":1858413660000,"caps":{"day":[20261201,211],"earn.actions.welcome|#ever":[0,1],"month":[20261231,` +
	`211]},` +
	`"ms1":[{"n":1,"g":{"r":"tenth-order","n":250,"act":1819447260000,"lot":20280831},"at":1819447260000}],` +
	`"earned":5214,` +
	`"expired":2085,"last":1858413660000,"seen":1858500060000,"ran":,"exp":[20271231,190,8900,140],` +
	`"first":["mx4j16qo 1000",` +
	`"mm":[0,202612,89,1,1,1],"mp":[2221,211,211],"mo":[13,1,1,1,1,1,2]}`

// entryDictionary is the compression dictionary of entries: texts that many entries contain. It must never change,
// because compressed documents refer to offsets in it.
const entryDictionary = `{"re":[{"id":"re_1","at":18285000,"amt":,"li":[{"i":"1","q":1,"a":` +
	`"rd":{"id":"rd_","r":"","n":,"st":"committed","k":"redeem","event:"k":"clawback","r":"revision","k":"given"` +
	`{"e":{"seq":41,"m":"mem_","k":"earn","n":59,"p":[{"b":"pending","l":20271231,"at":1829709660000,"n":59},` +
	`{"b":"active","l":20271231,"n":59},{"b":"issued","n":-59}],"why":[{"r":"earn.purchase","k":"rate","a":["29.99 ` +
	`EUR",` +
	`"1 per 1.00"],"n":"29.99"},{"r":"earn.categories.","k":"times","a":["29.99 EUR","2"],"n":"29.99"},` +
	`{"r":"campaigns.",` +
	`"k":"factor","a":["2"],"n":"9"},{"r":"tiers.gold","k":"factor","a":["1.5"],"n":"14.99"},{"r":"tiers.silver",` +
	`"k":"factor",` +
	`"a":["1.25"],"n":"15"},{"r":"rounding","k":"round","a":["down"],"n":"-0.98"},{"r":"earn.caps","k":"cap",` +
	`"a":["1000",` +
	`"order"],"n":"-41"}],"v":1,"at":1828500060000,"rec":1828500060000,"by":"","in":"","o":{"at":1828500060000,` +
	`"cur":"EUR",` +
	`"ch":"web","st":"paid","shi":490,"tax":0,"te":[{"k":"card","a":3489}],"up":1828500060000,"cnt":true,"v":1,` +
	`"lev":"gold",` +
	`"n":59,"act":1829709660000,"lot":20271231,"nth":3},"met":{"m":202612,"n":59,"o":1,"w":12},` +
	`"caps":{"day":[20261201,59],` +
	`"month":[20261231,59]},"ba":50,"bp":59,"prev":"","hash":""},"n":100,"t":["n*","nSKU-*","p8*","l"]}`

// ReadEntry decodes the stored entry of a cause.
func ReadEntry(it table.Item, c loyalty.Cause) (loyalty.Entry, error) {
	d, err := UnpackedEntry(it.Doc)
	if err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	e, err := d.entry(c)
	if err != nil {
		return loyalty.Entry{}, fmt.Errorf("ledger: read entry %s: %w", c, err)
	}
	return e, nil
}

// ReadAccount decodes a stored account. If the item does not exist, the account has Sequence 0.
func ReadAccount(it table.Item, m loyalty.MemberID) (loyalty.Account, error) {
	if it.Version == 0 {
		return loyalty.Account{Member: m}, nil
	}
	d, err := unpackedAccount(it.Doc)
	if err != nil {
		return loyalty.Account{}, fmt.Errorf("ledger: read account %s: %w", m, err)
	}
	a := loyalty.Account{
		Member: m, Status: cmp.Or(loyalty.Status(d.Status), loyalty.Active), Joined: Instant(d.Joined),
		Sequence: d.Sequence, Head: d.Head, Traits: d.Traits.traits(),
	}
	d.readActivity(&a)
	d.readExtensions(&a)
	err = cmp.Or(d.readPoints(&a), d.readHolds(&a), d.readLevels(&a), d.readOrders(&a))
	if err != nil {
		return a, fmt.Errorf("ledger: read account %s: %w", m, err)
	}
	return a, nil
}
