// Command programs is the Lambda function for the program file: its draft, its versions, and the tier changes that
// a version causes.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/compare"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
)

func main() {
	boot.Start(api.Programs(request.Reader{Check: program.Check, Explain: describe.Explain, Diff: compare.Diff}))
}
