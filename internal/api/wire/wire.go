// Package wire contains the API's models, which are generated from openapi.yaml. Their fields have the same names,
// types and order as in openapi.yaml. Package api checks the other rules of a request, such as lengths and ranges.
package wire

//go:generate go run ./generate

// ProblemType is the prefix of the type of every problem document; the code of the problem follows it. The type is
// an identifier and not an address: openapi.yaml documents the codes.
const ProblemType = "urn:perennial:errors#"
