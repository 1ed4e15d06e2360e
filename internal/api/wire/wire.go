// Package wire is the API's models and a Go client for it, generated from openapi.yaml. It promises to agree
// with that file; what a request must be beyond its shape is checked in api. Nothing in it is written by hand
// but the beginning of a problem's type.
package wire

//go:generate go run ./generate

// ProblemType begins the type of every problem document; its code follows. It is a name and leads nowhere: what
// the codes mean stands in openapi.yaml.
const ProblemType = "urn:perennial:errors#"
