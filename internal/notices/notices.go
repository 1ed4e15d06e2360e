// Package notices contains the licenses of the software of other authors in the binaries. The command infra/licenses
// writes the text, and a test compares it with go.mod and the module cache.
package notices

import (
	_ "embed"
	"io"
	"os"
)

//go:generate sh -c "cd ../.. && go run ./infra/licenses"

// Text contains the licenses and notices, each with the modules to which it applies.
//
//go:embed THIRD_PARTY_NOTICES
var Text string

// A Command prints the text.
type Command struct{}

// Run implements the command perennial licenses.
func (Command) Run() error {
	_, err := io.WriteString(os.Stdout, Text)
	return err
}
