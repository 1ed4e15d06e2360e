package reference

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const spec = `
openapi: 3.1.0
info: { title: Shop, version: '1', description: 'Points for *everyone*.' }
tags: [{ name: members, description: Members }]
security: [{ apiKey: [] }]
paths:
  /v1/members/{member}:
    parameters: [{ $ref: '#/components/parameters/Member' }]
    put:
      operationId: putMember
      tags: [members]
      summary: Update a member
      description: 'Changes <b>everything</b>.'
      security: [{ apiKey: ['members:write'] }, { memberToken: [] }]
      requestBody:
        content:
          application/json:
            schema: { $ref: '#/components/schemas/Member' }
            examples: { example: { value: { name: Ada, "z": 1, a: [true, null] } } }
      responses:
        '200':
          description: The member.
          content: { application/json: { schema: { $ref: '#/components/schemas/Member' } } }
        '404': { description: '` + "`not_found`" + ` (the member is unknown), not ` + "`name`" + `' }
components:
  parameters:
    Member: { name: member, in: path, required: true, description: The ID., schema: { type: string, maxLength: 9 } }
  schemas:
    Member:
      type: object
      description: A member.
      required: [name]
      properties:
        name: { type: string, description: The name. }
        tier: { oneOf: [{ $ref: '#/components/schemas/Tier' }, { type: 'null' }], description: The tier. }
        tiers: { type: array, items: { $ref: '#/components/schemas/Tier' } }
        limits: { type: object, additionalProperties: { type: integer } }
    Tier: { type: string, enum: [silver, gold], description: A level. }
`

func TestPageShowsTheDocument(t *testing.T) {
	p, err := Render([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(p.Reference)), " ")
	for _, want := range []string{
		"<p>Points for <em>everyone</em>.</p>",
		`<h3 id="putMember-summary">Update a member</h3>`,
		"<strong>PUT</strong> <code>/v1/members/{member}</code>",
		"Caller: API key with the scope members:write, or token of the member.",
		`<code>member</code> <small>path</small> <small>required</small>`,
		"at most 9 characters",
		`<code>name</code> <small>required</small>`,
		`<a href="#schema-Tier">Tier</a> or null`,
		`array of <a href="#schema-Tier">Tier</a>`,
		"object, with values of the type integer",
		"Type: one of silver, gold",
		`<a href="/docs/errors/not_found">not_found</a></p>`,
		"&#34;name&#34;: &#34;Ada&#34;, &#34;z&#34;: 1, &#34;a&#34;: [ true, null ]",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
	if strings.Contains(text, "<b>") {
		t.Error("HTML of the document is not escaped")
	}
	page := string(p.Errors["not_found"])
	for _, want := range []string{`<a href="/docs#putMember">Update a member</a>`, "<p>404</p>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of not_found does not contain %q", want)
		}
	}
}

func TestDocumentWithMistakesIsRejected(t *testing.T) {
	for _, c := range []struct{ old, new string }{
		{"openapi: 3.1.0", "openapi: ["},
		{"tags: [members]", "tags: [others]"},
	} {
		if _, err := Render([]byte(strings.Replace(spec, c.old, c.new, 1))); err == nil {
			t.Errorf("Render accepted %q", c.new)
		}
	}
}

// notReturned are codes that are only logged with a webhook, and never returned by the API, or are not error codes.
var notReturned = []string{"referral", "webhook_body_mismatch", "webhook_stage_mismatch"}

// TestEveryCodeHasAPage compares the list with the constants of type Code in the module.
func TestEveryCodeHasAPage(t *testing.T) {
	var declared []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for n := range ast.Preorder(file) {
			if v, ok := n.(*ast.ValueSpec); ok && v.Type != nil && strings.HasSuffix(text(v.Type), "Code") {
				for _, value := range v.Values {
					if literal, ok := value.(*ast.BasicLit); ok {
						code, err := strconv.Unquote(literal.Value)
						if err != nil {
							return err
						}
						declared = append(declared, code)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(declared)
	declared = slices.DeleteFunc(slices.Compact(declared), func(c string) bool {
		return slices.Contains(notReturned, c)
	})
	var listed []string
	for _, c := range codes {
		listed = append(listed, c.Code)
	}
	if !slices.Equal(listed, declared) {
		t.Errorf("the list has\n%v\nbut the module declares\n%v", listed, declared)
	}
}

// text returns the last name of a type expression.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
