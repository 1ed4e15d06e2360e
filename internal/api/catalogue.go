package api

import (
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// These codes belong to errors that only the API returns, in addition to those of packages loyalty and auth.
const (
	malformedJSON        loyalty.Code = "malformed_json"
	duplicateJSONKey     loyalty.Code = "duplicate_json_key"
	jsonTooDeep          loyalty.Code = "json_too_deep"
	unknownField         loyalty.Code = "unknown_field"
	invalidEncoding      loyalty.Code = "invalid_encoding"
	missingKey           loyalty.Code = "missing_idempotency_key"
	invalidKey           loyalty.Code = "invalid_idempotency_key"
	invalidCursor        loyalty.Code = "invalid_cursor"
	invalidParameter     loyalty.Code = "invalid_parameter"
	methodNotAllowed     loyalty.Code = "method_not_allowed"
	versionConflict      loyalty.Code = "version_conflict"
	notPublished         loyalty.Code = "program_not_published"
	payloadTooLarge      loyalty.Code = "payload_too_large"
	unsupportedMediaType loyalty.Code = "unsupported_media_type"
	internalError        loyalty.Code = "internal_error"

	temporarilyUnavailable loyalty.Code = "temporarily_unavailable"
)

// A kind is the HTTP status and the title of an error code.
type kind struct {
	status int
	title  string
}

// catalogue lists every error code that the API can return. It is the only map from codes to HTTP statuses.
var catalogue = map[loyalty.Code]kind{
	malformedJSON:    {http.StatusBadRequest, "The body is not a JSON object"},
	duplicateJSONKey: {http.StatusBadRequest, "A name stands twice in an object"},
	jsonTooDeep:      {http.StatusBadRequest, "The body is nested too deeply"},
	unknownField:     {http.StatusBadRequest, "Unknown field"},
	invalidEncoding:  {http.StatusBadRequest, "The body is not encoded as it says"},
	missingKey:       {http.StatusBadRequest, "An Idempotency-Key is wanted"},
	invalidKey:       {http.StatusBadRequest, "The Idempotency-Key has the wrong form"},
	invalidCursor:    {http.StatusBadRequest, "The cursor is not one of this list"},
	invalidParameter: {http.StatusBadRequest, "A parameter has the wrong form"},

	loyalty.Code(auth.Unauthenticated): {http.StatusUnauthorized, "No API key"},
	loyalty.Code(auth.TokenInvalid):    {http.StatusUnauthorized, "The API key is not valid"},
	loyalty.Code(auth.ScopeMissing):    {http.StatusForbidden, "The API key may not do this"},
	loyalty.AccountFrozen:              {http.StatusForbidden, "The account is frozen"},
	loyalty.NotFound:                   {http.StatusNotFound, "Not found"},
	methodNotAllowed:                   {http.StatusMethodNotAllowed, "Method not allowed"},

	loyalty.InsufficientPoints:           {http.StatusConflict, "Not enough points"},
	loyalty.AlreadyResolved:              {http.StatusConflict, "The redemption is resolved already"},
	loyalty.AlreadyExists:                {http.StatusConflict, "It exists already"},
	versionConflict:                      {http.StatusConflict, "Someone else was first"},
	loyalty.RewardUnavailable:            {http.StatusConflict, "The reward cannot be had now"},
	loyalty.RewardOutOfStock:             {http.StatusConflict, "None of the reward are left"},
	loyalty.ReferralClaimed:              {http.StatusConflict, "The member has come by a code already"},
	loyalty.InvalidFulfillmentTransition: {http.StatusConflict, "The fulfillment cannot become that"},
	loyalty.CodeUsed:                     {http.StatusConflict, "The code was used"},
	loyalty.CodeVoid:                     {http.StatusConflict, "The code is worth nothing any more"},
	notPublished:                         {http.StatusConflict, "The program is not published"},

	payloadTooLarge:      {http.StatusRequestEntityTooLarge, "The body is too large"},
	unsupportedMediaType: {http.StatusUnsupportedMediaType, "The body is not application/json"},

	loyalty.SelfReferral:         {http.StatusUnprocessableEntity, "Nobody can refer themselves"},
	loyalty.ValidationFailed:     {http.StatusUnprocessableEntity, "The request is not valid"},
	loyalty.RefundExceedsPayment: {http.StatusUnprocessableEntity, "More was refunded than was paid"},
	loyalty.AmountNotPositive:    {http.StatusUnprocessableEntity, "An amount is zero or negative"},
	loyalty.AmountOutOfRange:     {http.StatusUnprocessableEntity, "An amount is out of range"},
	loyalty.CurrencyUnsupported:  {http.StatusUnprocessableEntity, "The currency is not supported"},
	loyalty.CurrencyMismatch:     {http.StatusUnprocessableEntity, "The currency is another one"},
	loyalty.AlreadyExpired:       {http.StatusUnprocessableEntity, "The redemption has expired"},
	loyalty.CodeNotValid:         {http.StatusUnprocessableEntity, "The code cannot be used now"},
	loyalty.KeyReused:            {http.StatusUnprocessableEntity, "The Idempotency-Key was used for another request"},

	loyalty.RateLimited: {http.StatusTooManyRequests, "Too many requests"},

	internalError:          {http.StatusInternalServerError, "Internal error"},
	temporarilyUnavailable: {http.StatusServiceUnavailable, "Temporarily unavailable"},
}
