// Command generate writes wire.gen.go from openapi.yaml with oapi-codegen. It runs in the directory of package wire,
// by go generate. It first adds x-order to each property, so that the models, and with them the responses, list their
// fields in the order of the document and not in alphabetical order.
package main

import (
	"log"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/goccy/go-yaml"
)

const oapiCodegen = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"

func main() {
	if err := generate("../openapi.yaml", "wire.yaml"); err != nil {
		log.Fatal("generate: ", err)
	}
}

func generate(spec, config string) error {
	source, err := os.ReadFile(spec)
	if err != nil {
		return err
	}
	var document any
	if err := yaml.UnmarshalWithOptions(source, &document, yaml.UseOrderedMap()); err != nil {
		return err
	}
	ordered, err := yaml.Marshal(inOrder(document))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "perennial-generate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "openapi.yaml")
	if err := os.WriteFile(file, ordered, 0o600); err != nil {
		return err
	}
	cmd := exec.Command("go", "run", oapiCodegen, "--config", config, file)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// inOrder adds to each property its position as x-order. The tool oapi-codegen sorts fields by x-order.
func inOrder(node any) any {
	switch n := node.(type) {
	case yaml.MapSlice:
		for i, item := range n {
			n[i].Value = inOrder(item.Value)
			if properties, ok := n[i].Value.(yaml.MapSlice); ok && item.Key == "properties" {
				for place, p := range properties {
					if schema, ok := p.Value.(yaml.MapSlice); ok {
						properties[place].Value = append(schema, yaml.MapItem{Key: "x-order", Value: place + 1})
					}
				}
			}
		}
		return n
	case []any:
		for i := range n {
			n[i] = inOrder(n[i])
		}
	}
	return node
}
