// Package wire is the API's models and a Go client for it, generated from openapi.yaml. It promises to agree
// with that file and holds nothing written by hand; what a request must be beyond its shape is checked in api.
package wire

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 --config wire.yaml ../openapi.yaml
