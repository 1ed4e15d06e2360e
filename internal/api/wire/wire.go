// Package wire holds the API's models, generated from openapi.yaml. They agree with that file in names, types and
// the order of fields. Package api checks the other rules of a request, such as lengths and ranges.
package wire

//go:generate go run ./generate

// ProblemType is the prefix of the type of every problem document; the code of the problem follows it. The type is
// an identifier and not an address: openapi.yaml documents the codes.
const ProblemType = "urn:perennial:errors#"
