package reference

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
)

//go:embed reference.html
var source string

// Style is the style sheet of the pages.
//
//go:embed reference.css
var Style []byte

// Pages contains the rendered pages.
type Pages struct {
	Reference []byte            // the page of all operations and schemas
	Errors    map[string][]byte // the page of each error code
}

// Render renders the pages of an OpenAPI 3.1 document in YAML. It returns an error if the document is not valid YAML,
// or if an operation has an unknown tag.
func Render(document []byte) (Pages, error) {
	doc, err := parse(document)
	if err != nil {
		return Pages{}, err
	}
	p, err := newPage(doc)
	if err != nil {
		return Pages{}, err
	}
	for _, c := range codes {
		p.Codes = append(p.Codes, c.Code)
	}
	out := Pages{Errors: make(map[string][]byte, len(codes))}
	if out.Reference, err = execute("reference", p); err != nil {
		return Pages{}, err
	}
	for _, c := range codes {
		if out.Errors[c.Code], err = execute("error", newErrorPage(p, c)); err != nil {
			return Pages{}, err
		}
	}
	return out, nil
}

// An errorPage is the data of the template error.
type errorPage struct {
	Code
	Title      string
	Statuses   []string
	Operations []operation // the operations that return the code, by path
}

func newErrorPage(p page, c Code) errorPage {
	out := errorPage{Code: c, Title: p.Title}
	for _, g := range p.Groups {
		for _, op := range g.Operations {
			for _, r := range op.Responses {
				if slices.Contains(r.Codes, c.Code) {
					out.Operations = append(out.Operations, op)
					out.Statuses = append(out.Statuses, r.Status)
				}
			}
		}
	}
	slices.SortFunc(out.Operations, func(a, b operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	slices.Sort(out.Statuses)
	out.Statuses = slices.Compact(out.Statuses)
	return out
}

var pages = template.Must(template.New("").Parse(source))

func execute(name string, data any) ([]byte, error) {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, data); err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	return out.Bytes(), nil
}
