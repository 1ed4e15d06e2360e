// Package api is the functions behind routes: decode, authorise, call the ledger, encode. openapi.yaml says what
// the API is; Routes says which function serves which of it; catalogue.go is the one map from codes to statuses.
//
// It promises that a request is understood as a whole or refused with a problem document that names the part at
// fault; that, but for routes that anyone may call, nothing is read before the key is known and holds the scope; that
// what does not exist and what is another program's get the same answer; and that a mistake of ours is one fixed
// sentence outside and one log line inside.
//
// It deliberately decides nothing about points (loyalty does) and stores nothing itself (ledger does). It speaks
// API Gateway's payload format 2.0 in bytes rather than net/http, so that one machine exercises the same
// decoding as Lambda.
package api
