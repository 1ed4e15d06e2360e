// Command generate writes the generated part of template.yaml. To run it, call go generate in infra/alarms.
package main

import (
	"log"
	"os"

	"github.com/perennial-loyalty/perennial/infra/alarms"
)

const path = "../../template.yaml"

func main() {
	source, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	updated, err := alarms.Update(source)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(path, updated, 0o644); err != nil {
		log.Fatal(err)
	}
}
