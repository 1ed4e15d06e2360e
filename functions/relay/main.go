// Command relay is the Lambda function for the table's stream of committed entries.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/relay"
)

func main() { boot.StartWithoutTable(relay.Entries) }
