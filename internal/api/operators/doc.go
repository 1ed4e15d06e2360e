// Package operators implements the operations on operators and their sessions. The function programs serves them,
// because operators and versions of the program are administered together.
//
// An operator signs in with the authorization code flow and PKCE (RFC 7636) at the issuer in the stack's settings. The
// token of the started sign-in, which only the browser has that started it, binds the flow to this browser. Its
// state, nonce and verifier are derived from it, and it can be used once. The ID token of the issuer is verified then
// and nowhere else: as a credential of a request it is rejected.
//
// Owners and admins add operators. Admins cannot add, change or remove owners. API keys cannot call these routes, so
// that a stolen key cannot create an operator.
package operators

import "github.com/perennial-loyalty/perennial/internal/api/request"

// Operations returns the operations by the patterns of their routes.
func Operations() map[string]request.Operation {
	return map[string]request.Operation{
		"GET /v1/operators":               listOperators,
		"POST /v1/operators":              createOperator,
		"GET /v1/operators/{operator}":    retrieveOperator,
		"PUT /v1/operators/{operator}":    updateOperator,
		"DELETE /v1/operators/{operator}": removeOperator,
		"POST /v1/sign-in":                startSignIn,
		"POST /v1/sessions":               createSession,
		"GET /v1/session":                 retrieveSession,
		"DELETE /v1/session":              revokeSession,
	}
}
