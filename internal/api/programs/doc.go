// Package programs implements the operations on the program file: its draft, its versions and the tier changes that a
// version causes. It is separate from package api, so that only the function programs contains the parser of program
// files and their schema.
package programs

import (
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/app"
)

// Handler returns the handler of the Lambda function named programs.
func Handler(a *app.App) lambda.Handler {
	return request.NewHandler(a, "programs", map[string]request.Operation{
		"GET /v1/program":              retrieveProgram,
		"GET /v1/program/draft":        retrieveDraft,
		"PUT /v1/program/draft":        updateDraft,
		"POST /v1/program/validate":    validateProgram,
		"POST /v1/program/publish":     publishProgram,
		"POST /v1/program/rollback":    rollbackProgram,
		"GET /v1/program/tier-changes": listTierChanges,
		"GET /v1/program/versions":     listVersions,
	}).Function()
}
