// Command programs is the Lambda function for the program file: its draft, its versions, and the tier changes that
// a version causes.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/api/programs"
	"github.com/perennial-loyalty/perennial/internal/boot"
)

func main() { boot.Start(programs.Handler) }
