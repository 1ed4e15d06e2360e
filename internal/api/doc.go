// Package api implements the operations of the HTTP API. Each one decodes the request, authorizes it, calls a store of
// the App and encodes the result. The file openapi.yaml specifies the API. Packages programs, redemptions and
// reminders implement the operations of the functions programs, redeem and reminders. This package implements the
// operations of the functions earn and members, and tests all. request.Routes lists the operations with their
// functions, and request.Catalogue is the only map from error codes to HTTP statuses.
//
// The package guarantees that
//
//   - a request is processed completely or rejected with a problem document that names the invalid part;
//   - the package reads no data until the API key is verified and has the required scope, except on public routes;
//   - an object that does not exist and an object of another program get the same answer;
//   - a read of a member first records the activations, expiries and tier changes that are due, so that balance, tier,
//     statement and redemptions always agree; quotes and lists of rewards write nothing;
//   - an internal error is answered with one fixed sentence and logged on one line.
//
// The package contains no rules about points. These are in package loyalty and the packages below it. It stores no
// data. Package ledger and the packages above it, such as service and members, store data. It processes payload format
// 2.0 of API Gateway as bytes instead of using net/http, so that the local server runs the same decoding code as
// Lambda.
package api
