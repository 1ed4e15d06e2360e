package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// TestPersonalDataIsNotStoredInPlainText runs all scripts. Then it searches all keys and documents of the table, and
// the log, for each personal value that a request or an answer contained. A program's own texts are not searched.
//
// openapi.yaml determines the fields: each text of a request must be listed either in personalFields or in
// publicFields, and some script must send a value of each personal field of each operation that is long enough to
// search for.
func TestPersonalDataIsNotStoredInPlainText(t *testing.T) {
	spec := loadSpec(t)
	missing := spec.personalFields(t)
	delete(missing, "POST /v1/sessions code") // a code of an issuer, which is not stored
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tab := memory(t)
			w := openWorld(t, tab, seedtest.Random(0), nil)
			found := canaries{values: map[string]string{}, missing: missing}
			w.exchanged = found.exchanged
			s := &script{world: w, file: file, vars: map[string]string{}, replayed: map[string]bool{}}
			s.run(strings.Split(string(raw), "\n"))
			found.searchTable(t, tab.(*pebbletable.Table))
			found.search(t, "the log", strings.ToLower(w.log.String()))
		})
	}
	for _, field := range slices.Sorted(maps.Keys(missing)) {
		t.Errorf("no script sends a text of at least %d characters as %s", minCanary, field)
	}
}

// minCanary is the minimum length of a value that is searched for. Shorter values occur in other texts.
const minCanary = 8

// personalFields lists the fields that can contain personal data, by name, and with the names of the fields that
// contain them where only these are personal.
var personalFields = []string{
	"external_id", "email", "phone", "name", "birthday", "reason", "note", "message", "tracking", "referral_code",
	"code", "codes[]", "data.*", "address.name", "address.lines[]", "address.city", "address.region",
	"address.postal_code", "address.phone", "to[]",
}

// publicFields lists the other texts of requests, with the reason why they contain no personal data.
var publicFields = map[string]string{
	"tenders[].name": "the name of a means of payment, such as of a gift card program",

	// Rules evaluate these traits when points are earned, without decrypting anything. They do not identify a person.
	"locale": "a language", "timezone": "a time zone", "membership_year_start": "a day of the year",
	"segments[]": "a group of the program", "address.country": "a country code",

	// Texts of the program.
	"wording": "the text that the shop shows to all customers",
	"source":  "the form that asks for a consent, or a program",
	"type":    "an event type", "level": "a level", "tier_group": "a tier group", "wallet": "a wallet",
	"reward": "a reward", "reminder": "a reminder", "date": "a date of a reward",
	"channel": "a sales channel", "store": "a store", "store_timezone": "a time zone", "currency": "a currency",

	// IDs of the merchant's systems and of Perennial. The prefix external: is searched for.
	"member": "an ID", "owner": "an ID", "to": "an ID or a wallet", "from": "a wallet", "order": "an ID",
	"cart": "an ID",
	"id":   "an ID", "entry": "an ID", "tender": "an ID of a tender",

	// Goods.
	"program": "an ID", "role": "a role", "sign_in_token": "random", "state": "random",
	"sku": "goods", "category": "goods", "brand": "goods",

	"at": "an instant", "placed_at": "an instant", "updated_at": "an instant", "shipped_at": "an instant",
	"delivered_at": "an instant", "until": "an instant or a day", "effective_at": "an instant",
}

// isPersonal reports whether a field can contain personal data. The path is like "consents[].wording".
func isPersonal(path string) (personal, known bool) {
	for at := 0; ; {
		if slices.Contains(personalFields, path[at:]) {
			return true, true
		}
		if _, ok := publicFields[path[at:]]; ok {
			return false, true
		}
		next := strings.IndexByte(path[at:], '.')
		if next < 0 {
			return false, false
		}
		at += next + 1
	}
}

// personalFields returns the personal fields of all requests, as "PATCH /v1/members/{member} name".
func (s *spec) personalFields(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for path, item := range s.doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.RequestBody == nil || strings.HasPrefix(path, "/v1/webhooks/") || path == "/v1/sessions" {
				continue // the tests of package payments send webhooks; a session begins with codes of the issuer
			}
			for _, media := range op.RequestBody.Value.Content {
				for _, field := range texts(media.Schema, "") {
					personal, known := isPersonal(field)
					if !known {
						t.Errorf("%s %s: classify the field %s in this test", method, path, field)
					}
					if personal && (path != "/v1/sessions" || field != "code") { // a code of the issuer works once
						out[method+" "+path+" "+field] = true
					}
				}
			}
		}
	}
	if len(out) < 40 {
		t.Fatalf("found only the fields %v", out)
	}
	return out
}

// texts returns the paths of all texts in a schema that have no fixed set of values.
func texts(ref *openapi3.SchemaRef, path string) (out []string) {
	if ref == nil {
		return nil
	}
	s := ref.Value
	for _, part := range slices.Concat(s.AllOf, s.OneOf, s.AnyOf) {
		out = append(out, texts(part, path)...)
	}
	for name, field := range s.Properties {
		out = append(out, texts(field, strings.TrimPrefix(path+"."+name, "."))...)
	}
	out = append(out, texts(s.AdditionalProperties.Schema, path+".*")...)
	out = append(out, texts(s.Items, path+"[]")...)
	if s.Type.Includes("string") && len(s.Enum) == 0 {
		out = append(out, path)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// canaries collects the personal values of requests, and searches for them.
type canaries struct {
	values  map[string]string // the fields that contained them, by value in lower case
	missing map[string]bool   // the fields for which no value was found yet
}

// exchanged collects the values of a request and its answer.
func (c *canaries) exchanged(r sentRequest, a answered, pattern string) {
	if a.status >= 300 {
		return
	}
	var body any
	if json.Unmarshal(r.body, &body) == nil {
		c.collect(pattern, "", body)
	}
	for _, m := range externalIDs.FindAllStringSubmatch(r.path+" "+string(r.body), -1) {
		c.add(pattern, "external_id", m[1])
	}
	if issuesCodes.MatchString(pattern) {
		c.collectCodes(pattern, a.json)
	}
}

var (
	externalIDs = regexp.MustCompile(`external:([\w.-]+)`)
	issuesCodes = regexp.MustCompile(`^(GET|POST) /v1/(me/|members/\{member\}/)?(redemptions|codes)`)
)

// collect adds the personal values in the body of a request.
func (c *canaries) collect(pattern, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, field := range v {
			if path == "data" {
				name = "*"
			}
			c.collect(pattern, strings.TrimPrefix(path+"."+name, "."), field)
		}
	case []any:
		for _, element := range v {
			c.collect(pattern, path+"[]", element)
		}
	case string:
		if personal, _ := isPersonal(path); personal {
			c.add(pattern, path, v)
		}
	}
}

// collectCodes adds the codes in an answer.
func (c *canaries) collectCodes(pattern string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, field := range v {
			if code, ok := field.(string); ok && name == "code" {
				c.add(pattern, "code", code)
				c.add(pattern, "code", strings.ReplaceAll(code, "-", ""))
			}
			c.collectCodes(pattern, field)
		}
	case []any:
		for _, element := range v {
			c.collectCodes(pattern, element)
		}
	}
}

func (c *canaries) add(pattern, field, value string) {
	if len(value) >= minCanary {
		c.values[strings.ToLower(value)] = pattern + " " + field
		delete(c.missing, pattern+" "+field)
	}
}

// searchTable searches all items of a table.
func (c *canaries) searchTable(t *testing.T, tab *pebbletable.Table) {
	t.Helper()
	n := 0
	for it, err := range tab.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(it.Key.PK, "#PROGRAM") {
			continue
		}
		if strings.HasSuffix(it.Key.PK, "#OPERATORS") && strings.HasPrefix(it.Key.SK, "OPERATOR#") {
			continue // the addresses of operators, who are employees of the merchant, are in plain text
		}
		n++
		key := fmt.Sprintf("%s %s", it.Key.PK, it.Key.SK)
		c.search(t, "the key "+key, strings.ToLower(key+" "+it.Index.PK+" "+it.Index.SK))
		var doc any
		if err := json.Unmarshal(unpacked(t, it), &doc); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		c.search(t, key, strings.ToLower(strings.Join(stringsIn(doc), "\n")))
	}
	if n < 5 {
		t.Errorf("the table has only %d items", n)
	}
}

// unpacked returns the document of an item. It decompresses accounts and entries.
func unpacked(t *testing.T, it table.Item) []byte {
	t.Helper()
	program, rest, _ := strings.Cut(strings.TrimPrefix(it.Key.PK, "P#"), "#")
	switch {
	case strings.HasPrefix(rest, "E#") && !strings.Contains(it.Key.SK, "#"):
		e, err := ledger.ReadAny(program, it)
		if err != nil {
			t.Fatal(err)
		}
		return stored.EncodedEntry(e)
	case it.Key.SK == stored.AccountItem:
		acc, err := stored.ReadAccount(it, "")
		if err != nil {
			t.Fatal(err)
		}
		return stored.Encode(stored.StoredAccount(acc))
	}
	return it.Doc
}

// stringsIn returns all names and texts in a JSON value, and the decoded form of each text in Base64.
func stringsIn(v any) (out []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, field := range v {
			out = append(append(out, name), stringsIn(field)...)
		}
	case []any:
		for _, element := range v {
			out = append(out, stringsIn(element)...)
		}
	case string:
		out = append(out, v)
		for _, form := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
			if plain, err := form.DecodeString(v); err == nil && len(plain) >= minCanary {
				out = append(out, string(plain))
			}
		}
	}
	return out
}

// notEncrypted matches the items that still contain personal data in plain text.
var notEncrypted = regexp.MustCompile(
	`#E#RD#|#CODE#|#USE#|#POOL#`,
)

func (c *canaries) search(t *testing.T, where, text string) {
	t.Helper()
	for value, field := range c.values {
		if strings.Contains(text, value) && !notEncrypted.MatchString(where) {
			t.Errorf("%s contains %q (%s)", where, value, field)
		}
	}
}
