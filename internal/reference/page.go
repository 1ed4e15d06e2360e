package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/yuin/goldmark"
)

// A page is the data of the template reference.html.
type page struct {
	Title, Version string
	Intro          template.HTML
	Groups         []group
	Schemas        []schema
	Codes          []string
}

// A group contains the operations with one tag.
type group struct {
	ID          string
	Description string
	Operations  []operation
}

type operation struct {
	ID, Method, Path, Summary string

	Caller      string // who may call the operation
	Description template.HTML
	Parameters  []field
	Body        *body
	Responses   []response
}

// A body is the body of a request or a response.
type body struct {
	Type    kind
	Example string // formatted JSON
}

type response struct {
	Status      string
	Description template.HTML
	Codes       []string // the error codes that the description names
	Body        *body
}

type schema struct {
	Name        string
	Description template.HTML
	Fields      []field
	Type        kind // for a schema without fields
}

type field struct {
	Name        string
	In          string // for a parameter: path, query or header
	Type        kind
	Required    bool
	Description template.HTML
	Limits      []string // such as "at most 64 characters"
}

// A kind describes the type of a value: text, and the name of a schema to link to.
type kind struct {
	Before, Schema, After string
}

// methods are the methods of operations, in the order of a page.
var methods = []string{"get", "put", "post", "patch", "delete"}

func newPage(doc node) (page, error) {
	info := doc.at("info")
	p := page{Title: info.at("title").text(), Version: info.at("version").text()}
	var err error
	if p.Intro, err = markdown(info.at("description").text()); err != nil {
		return page{}, err
	}
	for _, tag := range doc.at("tags").items() {
		p.Groups = append(p.Groups, group{ID: tag.at("name").text(), Description: tag.at("description").text()})
	}
	for _, path := range doc.at("paths").fields() {
		for _, method := range methods {
			if path.field(method).value == nil {
				continue
			}
			op, err := newOperation(path, method)
			if err != nil {
				return page{}, fmt.Errorf("reference: %s %s: %w", method, path.name, err)
			}
			tag := path.at(method, "tags").texts()[0]
			at := slices.IndexFunc(p.Groups, func(g group) bool { return g.ID == tag })
			if at < 0 {
				return page{}, fmt.Errorf("reference: %s %s: unknown tag %q", method, path.name, tag)
			}
			p.Groups[at].Operations = append(p.Groups[at].Operations, op)
		}
	}
	for _, s := range doc.at("components", "schemas").fields() {
		made, err := newSchema(s)
		if err != nil {
			return page{}, fmt.Errorf("reference: schema %s: %w", s.name, err)
		}
		p.Schemas = append(p.Schemas, made)
	}
	return p, nil
}

func newOperation(path named, method string) (out operation, err error) {
	op := path.at(method)
	out = operation{
		ID: op.at("operationId").text(), Method: strings.ToUpper(method), Path: path.name,
		Summary: op.at("summary").text(), Caller: caller(op),
	}
	if out.Description, err = markdown(op.at("description").text()); err != nil {
		return operation{}, err
	}
	for _, p := range slices.Concat(path.at("parameters").items(), op.at("parameters").items()) {
		f, err := newField(p.at("name").text(), p.at("schema"), p)
		if err != nil {
			return operation{}, err
		}
		f.In, f.Required = p.at("in").text(), p.at("required").text() == "true"
		out.Parameters = append(out.Parameters, f)
	}
	if out.Body, err = newBody(op.at("requestBody")); err != nil {
		return operation{}, err
	}
	for _, r := range op.at("responses").fields() {
		description := r.at("description").text()
		made := response{Status: r.name, Codes: codesIn(r.name, description)}
		if made.Description, err = markdown(description); err != nil {
			return operation{}, err
		}
		if made.Body, err = newBody(r.node); err != nil {
			return operation{}, err
		}
		out.Responses = append(out.Responses, made)
	}
	return out, nil
}

// caller states who may call an operation.
func caller(op node) string {
	security := op.field("security")
	if security.value == nil {
		return "Any API key."
	}
	var out []string
	for _, alternative := range security.items() {
		for _, scheme := range alternative.fields() {
			switch scopes := scheme.texts(); {
			case scheme.name == "apiKey" && len(scopes) > 0:
				out = append(out, "API key with the scope "+strings.Join(scopes, ", "))
			case scheme.name == "apiKey":
				out = append(out, "any API key")
			case scheme.name == "memberToken":
				out = append(out, "token of the member")
			default:
				out = append(out, scheme.name)
			}
		}
	}
	if len(out) == 0 {
		return "Anyone."
	}
	text := strings.Join(out, ", or ")
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// newBody returns the body with the first media type that the node has, or nil.
func newBody(n node) (*body, error) {
	media := n.at("content").fields()
	if len(media) == 0 {
		return nil, nil
	}
	out := body{Type: typeOf(media[0].field("schema"))}
	examples := media[0].at("examples").fields()
	if len(examples) == 0 {
		return &out, nil
	}
	var err error
	out.Example, err = exampleOf(examples[0].at("value").value)
	return &out, err
}

// exampleOf formats a value as JSON, with the fields in the order of the document.
func exampleOf(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	var raw bytes.Buffer
	if err := writeJSON(&raw, v); err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw.Bytes(), "", "  "); err != nil {
		return "", err
	}
	return out.String(), nil
}

func writeJSON(out *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case yaml.MapSlice:
		open := byte('{')
		for _, f := range v {
			out.WriteByte(open)
			open = ','
			if err := writeJSON(out, key(f.Key)); err != nil {
				return err
			}
			out.WriteByte(':')
			if err := writeJSON(out, f.Value); err != nil {
				return err
			}
		}
		if len(v) == 0 {
			out.WriteByte(open)
		}
		out.WriteByte('}')
	case []any:
		out.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeJSON(out, item); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	default:
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		out.Write(text)
	}
	return nil
}

func newSchema(s named) (out schema, err error) {
	out = schema{Name: s.name}
	if out.Description, err = markdown(s.at("description").text()); err != nil {
		return schema{}, err
	}
	required := s.at("required").texts()
	for _, p := range propertiesOf(s.node) {
		f, err := newField(p.name, p.node, p.node)
		if err != nil {
			return schema{}, err
		}
		f.Required = slices.Contains(required, p.name)
		out.Fields = append(out.Fields, f)
	}
	if len(out.Fields) == 0 {
		s.ref = ""
		out.Type = typeOf(s.node)
	}
	return out, nil
}

func markdown(text string) (template.HTML, error) {
	var out bytes.Buffer
	if err := goldmark.Convert([]byte(text), &out); err != nil {
		return "", err
	}
	return template.HTML(out.String()), nil //nolint:gosec // goldmark escapes HTML in its input
}
