package api

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// verbs lists the verbs with which a summary may start.
var verbs = []string{
	"Accept", "Activate", "Add", "Approve", "Attribute", "Cancel", "Commit", "Create", "Decline", "Enroll", "Extend",
	"Leave", "List", "Preview", "Publish", "Receive", "Register", "Reinstate", "Reject", "Remove", "Reserve",
	"Restore", "Retrieve", "Reverse", "Revoke", "Send", "Update", "Use", "Validate",
}

func TestSummariesAreImperatives(t *testing.T) {
	eachOperation(loadSpec(t).doc, func(op *openapi3.Operation) {
		words := strings.Fields(op.Summary)
		if len(words) < 2 || len(words) > 8 || !slices.Contains(verbs, words[0]) || strings.HasSuffix(op.Summary, ".") {
			t.Errorf(
				"%s: the summary must be a phrase of 2 to 8 words that starts with one of %v: %q", op.OperationID,
				verbs, op.Summary,
			)
		}
	})
}

// TestDescriptionsAreSentences requires a description of each operation, parameter, response, schema and property, also
// of the properties of nested objects. References are exempt, because their schemas have descriptions.
func TestDescriptionsAreSentences(t *testing.T) {
	for where, text := range descriptions(loadSpec(t).doc) {
		codes := strings.Contains(where, " response ") && strings.HasPrefix(text, "`")
		first, _ := utf8.DecodeRuneInString(text)
		if !codes && (first != '`' && !unicode.IsUpper(first) || !strings.HasSuffix(text, ".")) {
			t.Errorf("%s needs a description that starts with a capital and ends with a period: %q", where, text)
		}
	}
}

// bannedWords matches words that must not occur in the text of the document.
var bannedWords = regexp.MustCompile(
	`(?i)\b(told|tells?|lapse[sd]?|lapsing|pieces?|by hand|besides|anew|somebody|nobody|whoever|letter)\b`)

// codeSpan matches names of fields and values, which are not prose.
var codeSpan = regexp.MustCompile("`[^`]*`")

func TestDescriptionsHaveNoBannedWords(t *testing.T) {
	for where, text := range descriptions(loadSpec(t).doc) {
		if word := bannedWords.FindString(codeSpan.ReplaceAllString(text, "")); word != "" {
			t.Errorf("%s: choose another word for %q: %q", where, word, text)
		}
	}
}

// TestDescriptionsExplainValues requires that the description of an enumeration explains either all values, as in
// "`used`: nothing remains.", or none. With more than four values, it must explain all.
func TestDescriptionsExplainValues(t *testing.T) {
	eachProperty(loadSpec(t).doc, func(where string, _ bool, _ string, p *openapi3.Schema) {
		explained := 0
		for _, value := range p.Enum {
			if strings.Contains(p.Description, fmt.Sprintf("`%v`: ", value)) {
				explained++
			}
		}
		if explained < len(p.Enum) && (explained > 0 || len(p.Enum) > 4) {
			t.Errorf("%s: the description explains %d of the values %v: %q", where, explained, p.Enum, p.Description)
		}
	})
}

// formats maps the names of fields to their formats.
var formats = map[string]string{
	"email": "email", "currency": "iso-4217", "country": "iso-3166-1", "locale": "bcp47", "language": "bcp47",
	"timezone": "iana-time-zone", "store_timezone": "iana-time-zone", "birthday": "date",
}

// TestFieldsHaveFormats requires the formats of the listed fields, and of all fields whose names end like those of
// instants and days. A field that an empty string removes has a pattern or a maximum length instead, because the format
// excludes the empty string.
func TestFieldsHaveFormats(t *testing.T) {
	eachProperty(loadSpec(t).doc, func(where string, _ bool, name string, p *openapi3.Schema) {
		want := formats[name]
		if strings.HasSuffix(name, "_at") || strings.HasSuffix(name, "_until") {
			want = "date-time"
		}
		if strings.HasSuffix(name, "_on") {
			want = "date"
		}
		removable := strings.Contains(p.Description, "empty removes it")
		if want == "" || !p.Type.Includes("string") || removable && (p.Pattern != "" || p.MaxLength != nil) {
			return
		}
		if p.Format != want {
			t.Errorf("%s has the format %q, want %q", where, p.Format, want)
		}
	})
}

// TestOptionalFieldsHaveNoDefault checks that optional fields have no default, because some code generators treat a
// field with a default as required.
func TestOptionalFieldsHaveNoDefault(t *testing.T) {
	eachProperty(loadSpec(t).doc, func(where string, required bool, _ string, p *openapi3.Schema) {
		if !required && p.Default != nil {
			t.Errorf("%s has a default; state it in the description", where)
		}
	})
}

// TestOperationsHaveExamples requires an example of each request body, of a successful response and of each error
// response. The examples must match their schemas, and error responses must list the codes of their examples.
func TestOperationsHaveExamples(t *testing.T) {
	eachOperation(loadSpec(t).doc, func(op *openapi3.Operation) {
		if op.RequestBody != nil && len(examplesOf(t, op.OperationID, op.RequestBody.Value.Content)) == 0 {
			t.Errorf("%s has no example of a request", op.OperationID)
		}
		n := 0
		for status, response := range op.Responses.Map() {
			found := examplesOf(t, op.OperationID+" "+status, response.Value.Content)
			switch {
			case strings.HasPrefix(status, "2"):
				n += len(found)
			case len(found) == 0 && status != "304": // has no body
				t.Errorf("%s has no example of the response %s", op.OperationID, status)
			}
			for _, example := range found {
				code, _ := lookup(example, "code")
				if status >= "400" && !strings.Contains(*response.Value.Description, fmt.Sprintf("`%v`", code)) {
					t.Errorf("%s: the response %s has an example with the code %v, which it does not list",
						op.OperationID, status, code)
				}
			}
		}
		if n == 0 {
			t.Errorf("%s has no example of a response", op.OperationID)
		}
	})
}

// examplesOf returns the examples of a body, and reports those that are invalid.
func examplesOf(t *testing.T, where string, content openapi3.Content) (all []any) {
	t.Helper()
	for _, media := range content {
		var own []any
		if media.Example != nil {
			own = append(own, media.Example)
		}
		for _, example := range media.Examples {
			own = append(own, example.Value.Value)
		}
		for _, example := range own {
			if err := media.Schema.Value.VisitJSON(
				example, openapi3.EnableFormatValidation(), openapi3.MultiErrors(),
			); err != nil {
				t.Errorf("%s: the example is invalid: %v", where, err)
			}
		}
		all = append(all, own...)
	}
	return all
}

// eachOperation calls f for each operation of the document.
func eachOperation(doc *openapi3.T, f func(*openapi3.Operation)) {
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			f(op)
		}
	}
}

// eachProperty calls f for each property of an object that is not a reference. Objects within objects are included.
func eachProperty(doc *openapi3.T, f func(where string, required bool, name string, p *openapi3.Schema)) {
	var walk func(where string, s *openapi3.SchemaRef)
	walk = func(where string, s *openapi3.SchemaRef) {
		if s == nil || s.Ref != "" && !strings.HasPrefix(where, "schema ") {
			return
		}
		for name, p := range s.Value.Properties {
			if p.Ref == "" {
				f(where+"."+name, slices.Contains(s.Value.Required, name), name, p.Value)
				walk(where+"."+name, p)
			}
		}
		if items := s.Value.Items; items != nil && items.Ref == "" {
			walk(where+"[]", items)
		}
	}
	for name, s := range doc.Components.Schemas {
		walk("schema "+name, s)
	}
}

// descriptions returns all descriptions of the document, by the path of the described element. A missing description is
// empty.
func descriptions(doc *openapi3.T) map[string]string {
	all := map[string]string{}
	add := func(where, text string) { all[where] = strings.TrimSpace(text) }
	eachOperation(doc, func(op *openapi3.Operation) {
		add(op.OperationID, op.Description)
		for status, r := range op.Responses.Map() {
			add(op.OperationID+" response "+status, *cmp.Or(r.Value.Description, new(string)))
		}
		for _, p := range op.Parameters {
			add(op.OperationID+" parameter "+p.Value.Name, p.Value.Description)
		}
	})
	for path, item := range doc.Paths.Map() {
		for _, p := range item.Parameters {
			add(path+" parameter "+p.Value.Name, p.Value.Description)
		}
	}
	for name, s := range doc.Components.Schemas {
		add("schema "+name, s.Value.Description)
	}
	eachProperty(doc, func(where string, _ bool, _ string, p *openapi3.Schema) { add(where, p.Description) })
	return all
}
