package api

import _ "embed"

// Spec is openapi.yaml, the OpenAPI document of the API.
//
//go:embed openapi.yaml
var Spec []byte
