package infra

import (
	"os"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// object is a YAML mapping. A CloudFormation tag becomes one with a single name: !Ref Table is {"Ref": "Table"},
// !GetAtt Table.Arn is {"GetAtt": "Table.Arn"}.
type object = map[string]any

func readYAML(t *testing.T, path string) object {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		t.Fatal(err)
	}
	return plain(t, file.Docs[0].Body, anchors(file.Docs[0].Body)).(object)
}

func anchors(root ast.Node) map[string]ast.Node {
	found := map[string]ast.Node{}
	for _, n := range ast.Filter(ast.AnchorType, root) {
		a := n.(*ast.AnchorNode)
		found[a.Name.String()] = a.Value
	}
	return found
}

// plain turns a node into objects, lists and scalars.
func plain(t *testing.T, n ast.Node, anchored map[string]ast.Node) any {
	t.Helper()
	switch n := n.(type) {
	case *ast.MappingNode:
		out := object{}
		for _, v := range n.Values {
			out[v.Key.GetToken().Value] = plain(t, v.Value, anchored)
		}
		return out
	case *ast.MappingValueNode:
		return object{n.Key.GetToken().Value: plain(t, n.Value, anchored)}
	case *ast.SequenceNode:
		out := []any{}
		for _, v := range n.Values {
			out = append(out, plain(t, v, anchored))
		}
		return out
	case *ast.TagNode:
		return object{n.Start.Value[1:]: plain(t, n.Value, anchored)}
	case *ast.AnchorNode:
		return plain(t, n.Value, anchored)
	case *ast.AliasNode:
		return plain(t, anchored[n.Value.String()], anchored)
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode:
		return n.Value
	case *ast.BoolNode:
		return n.Value
	case *ast.NullNode, nil:
		return nil
	default:
		return n.GetToken().Value
	}
}

// at walks down objects by name; nil if something is not there.
func at(from any, names ...string) any {
	for _, name := range names {
		o, _ := from.(object)
		from = o[name]
	}
	return from
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	if v == nil {
		return nil
	}
	return []any{v}
}
