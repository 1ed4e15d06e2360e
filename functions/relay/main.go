// Command relay is the Lambda function that reads committed entries from the table's stream.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/relay"
)

func main() { boot.StartWithoutTable(relay.Entries) }
