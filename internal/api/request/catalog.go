package request

import (
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// These codes belong to errors that only the API returns, in addition to the codes of packages loyalty and auth.
const (
	malformedJSON        loyalty.Code = "malformed_json"
	duplicateJSONKey     loyalty.Code = "duplicate_json_key"
	jsonTooDeep          loyalty.Code = "json_too_deep"
	UnknownField         loyalty.Code = "unknown_field"
	invalidEncoding      loyalty.Code = "invalid_encoding"
	missingKey           loyalty.Code = "missing_idempotency_key"
	invalidKey           loyalty.Code = "invalid_idempotency_key"
	InvalidCursor        loyalty.Code = "invalid_cursor"
	InvalidParameter     loyalty.Code = "invalid_parameter"
	MethodNotAllowed     loyalty.Code = "method_not_allowed"
	VersionConflict      loyalty.Code = "version_conflict"
	notPublished         loyalty.Code = "program_not_published"
	payloadTooLarge      loyalty.Code = "payload_too_large"
	unsupportedMediaType loyalty.Code = "unsupported_media_type"
	internalError        loyalty.Code = "internal_error"

	temporarilyUnavailable loyalty.Code = "temporarily_unavailable"
)

// A kind holds the HTTP status and the title of an error code.
type kind struct {
	Status int
	title  string
}

// Catalogue lists every error code that the API can return. It is the only map from codes to HTTP statuses.
var Catalogue = map[loyalty.Code]kind{
	malformedJSON:    {http.StatusBadRequest, "The body is not a JSON object"},
	duplicateJSONKey: {http.StatusBadRequest, "Duplicate field"},
	jsonTooDeep:      {http.StatusBadRequest, "The body is nested too deeply"},
	UnknownField:     {http.StatusBadRequest, "Unknown field"},
	invalidEncoding:  {http.StatusBadRequest, "The body has another encoding"},
	missingKey:       {http.StatusBadRequest, "Idempotency-Key is missing"},
	invalidKey:       {http.StatusBadRequest, "Invalid Idempotency-Key"},
	InvalidCursor:    {http.StatusBadRequest, "Invalid cursor"},
	InvalidParameter: {http.StatusBadRequest, "Invalid parameter"},

	loyalty.Code(auth.Unauthenticated): {http.StatusUnauthorized, "Not authenticated"},
	loyalty.Code(auth.TokenInvalid):    {http.StatusUnauthorized, "Invalid API key or token"},
	loyalty.Code(auth.TokenExpired):    {http.StatusUnauthorized, "The token has expired"},
	loyalty.Code(auth.ScopeMissing):    {http.StatusForbidden, "Insufficient scope"},
	loyalty.Code(auth.Forbidden):       {http.StatusForbidden, "Not allowed for this caller"},
	loyalty.AccountFrozen:              {http.StatusForbidden, "The account is frozen"},
	loyalty.AccountOnHold:              {http.StatusForbidden, "The account is on hold"},
	loyalty.NotFound:                   {http.StatusNotFound, "Not found"},
	MethodNotAllowed:                   {http.StatusMethodNotAllowed, "Method not allowed"},

	loyalty.InsufficientPoints:           {http.StatusConflict, "Insufficient points"},
	loyalty.AlreadyResolved:              {http.StatusConflict, "Already resolved"},
	loyalty.AlreadyExists:                {http.StatusConflict, "Already exists"},
	VersionConflict:                      {http.StatusConflict, "Conflict with another change"},
	loyalty.RewardUnavailable:            {http.StatusConflict, "Reward not available"},
	loyalty.RewardOutOfStock:             {http.StatusConflict, "Reward out of stock"},
	loyalty.ReferralClaimed:              {http.StatusConflict, "Member already referred"},
	loyalty.InvalidFulfillmentTransition: {http.StatusConflict, "Invalid fulfillment transition"},
	loyalty.CodeUsed:                     {http.StatusConflict, "Code already used"},
	loyalty.CodeVoid:                     {http.StatusConflict, "Code is void"},
	notPublished:                         {http.StatusConflict, "Program not published"},

	payloadTooLarge:      {http.StatusRequestEntityTooLarge, "The body is too large"},
	unsupportedMediaType: {http.StatusUnsupportedMediaType, "The body is not application/json"},

	loyalty.SelfReferral:         {http.StatusUnprocessableEntity, "Self-referral not allowed"},
	loyalty.ValidationFailed:     {http.StatusUnprocessableEntity, "Invalid request"},
	loyalty.RefundExceedsPayment: {http.StatusUnprocessableEntity, "Refund exceeds payment"},
	loyalty.AmountNotPositive:    {http.StatusUnprocessableEntity, "Amount not positive"},
	loyalty.AmountOutOfRange:     {http.StatusUnprocessableEntity, "Amount out of range"},
	loyalty.CurrencyUnsupported:  {http.StatusUnprocessableEntity, "Currency not supported"},
	loyalty.CurrencyMismatch:     {http.StatusUnprocessableEntity, "Currency mismatch"},
	loyalty.AlreadyExpired:       {http.StatusUnprocessableEntity, "Already expired"},
	loyalty.CodeNotValid:         {http.StatusUnprocessableEntity, "Code not valid now"},
	loyalty.KeyReused:            {http.StatusUnprocessableEntity, "Idempotency-Key was used for another request"},

	loyalty.RateLimited: {http.StatusTooManyRequests, "Too many requests"},

	internalError:          {http.StatusInternalServerError, "Internal error"},
	temporarilyUnavailable: {http.StatusServiceUnavailable, "Temporarily unavailable"},
}
