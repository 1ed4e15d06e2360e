// Package programs implements the operations on the program file: its draft, its versions, the tier changes that a
// version causes, and the kill switches of the program. It is separate from package api, so that only the function
// programs contains the parser of program files and their schema.
package programs

import (
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/perennial-loyalty/perennial/internal/api/operators"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/app"
)

// Handler returns the handler of the Lambda function named programs, which also serves package operators.
func Handler(a *app.App) lambda.Handler {
	operations := map[string]request.Operation{
		"GET /v1/program":              retrieveProgram,
		"GET /v1/program/draft":        retrieveDraft,
		"PUT /v1/program/draft":        updateDraft,
		"POST /v1/program/validate":    validateProgram,
		"POST /v1/program/publish":     publishProgram,
		"POST /v1/program/rollback":    rollbackProgram,
		"GET /v1/program/switches":     retrieveSwitches,
		"PUT /v1/program/switches":     updateSwitches,
		"GET /v1/program/tier-changes": listTierChanges,
		"GET /v1/program/versions":     listVersions,
	}
	// The function maps.Copy would make the linker keep all methods of all stores; see TestBinariesAreSmall.
	for pattern, operation := range operators.Operations() {
		operations[pattern] = operation
	}
	return request.NewHandler(a, "programs", operations).Function()
}
