package reference

import (
	"slices"
	"strings"
)

// A Code is an error code of the API.
type Code struct {
	Code    string
	Meaning string // when the API returns the code
	Fix     string // what the caller can do
}

// find returns the description of a code.
func find(code string) (Code, bool) {
	at, ok := slices.BinarySearchFunc(codes, code, func(c Code, code string) int {
		return strings.Compare(c.Code, code)
	})
	if !ok {
		return Code{}, false
	}
	return codes[at], true
}

// codes lists all error codes in alphabetical order.
var codes = []Code{
	{
		"account_frozen", "The member's account is frozen, so the member cannot redeem or transfer points.",
		"Ask an employee who may unfreeze members to examine the account. The points are kept.",
	},
	{
		"account_on_hold", "The member's email address changed recently, so the member cannot use points yet.",
		"Wait until the instant in the detail, or set the status active to release the hold.",
	},
	{
		"already_exists", "Another member has the same external ID, email address or phone number.",
		"Use the existing member. Callers with the scope members:read receive its ID in the field member.",
	},
	{
		"already_resolved", "The redemption, use or transfer has already reached a final state.",
		"Retrieve the object to see its state. Do not repeat the request.",
	},
	{
		"amount_not_positive", "An amount or a number of points is zero or negative.",
		"Send a number of at least 1.",
	},
	{
		"amount_out_of_range", "A number is larger than the API accepts, or outside the limits of the program.",
		"Send a number within the limits that the error states.",
	},
	{
		"code_not_valid", "The code is not valid yet, or has expired.",
		"Check the dates of the code in the response of GET /v1/codes/{code}.",
	},
	{
		"code_used", "The code has been used completely.",
		"Ask the customer for another code.",
	},
	{
		"code_void", "The redemption of the code was reversed, so the code has no value.",
		"Ask the customer for another code.",
	},
	{
		"currency_mismatch", "The currency differs from that of the order, the reward or an earlier revision.",
		"Send all amounts of an order in one currency. To correct a currency, cancel the order and send a new one.",
	},
	{
		"currency_unsupported", "The currency is not an ISO 4217 code that the program supports.",
		"Use a code in capital letters, such as EUR, that the program file lists.",
	},
	{
		"duplicate_json_key", "An object in the body has the same name twice.",
		"Remove the duplicate.",
	},
	{
		"expired", "The time for the request is over: the reservation, offer or period has expired.",
		"Begin again, for example with a new reservation.",
	},
	{
		"forbidden", "The credential is of another kind, such as the token of a member on a route for servers.",
		"Use the credential that the operation names.",
	},
	{
		"idempotency_key_reused", "The Idempotency-Key was used for a request with other contents.",
		"Use a new key for each distinct request, and the same key only to repeat a request unchanged.",
	},
	{
		"insufficient_points", "The member has fewer active points than the request needs.",
		"Compare required and active in the response. Pending points cannot be spent yet.",
	},
	{
		"internal_error", "The service has a fault. It is logged with the request ID.",
		"Repeat the request with the same Idempotency-Key. If the error remains, report the request ID.",
	},
	{
		"invalid_cursor", "The cursor is damaged, or belongs to another list.",
		"Use next_cursor from the previous page without changes, or begin with the first page.",
	},
	{
		"invalid_encoding", "The body is not valid UTF-8.",
		"Encode the body as UTF-8 without a byte order mark.",
	},
	{
		"invalid_fulfillment_transition", "The fulfillment cannot change from its current status to the new one.",
		"Retrieve the redemption to see the status of the fulfillment.",
	},
	{
		"invalid_idempotency_key", "The Idempotency-Key is too short, too long or contains other characters.",
		"Send 16 to 128 visible ASCII characters, such as a UUID.",
	},
	{
		"invalid_parameter", "A parameter of the path, the query or a header is unknown or invalid.",
		"Correct the parameter that errors[].pointer names.",
	},
	{
		"json_too_deep", "The body has more than 32 levels.",
		"Send the fields that the operation defines. None of them has that many levels.",
	},
	{
		"malformed_json", "The body is not one JSON value.",
		"Send a JSON object without trailing text.",
	},
	{
		"method_not_allowed", "The path exists, but not with this method.",
		"Use one of the methods in the Allow header.",
	},
	{
		"missing_idempotency_key", "The operation requires an Idempotency-Key, and the request has none.",
		"Send a unique value, such as a UUID, and the same value when you repeat the request.",
	},
	{
		"not_found", "The path or an ID in it is unknown. IDs of other programs are reported as unknown.",
		"Check the ID. Write external:cust-42 for your own ID of a member.",
	},
	{
		"payload_too_large", "The body is larger than the operation accepts.",
		"Send less in one request. Errors of the operation state its limit.",
	},
	{
		"program_not_published", "The program has no published version yet.",
		"Publish the program with perennial program publish.",
	},
	{
		"rate_limited", "The caller has reached a limit for requests of this kind.",
		"Wait for the number of seconds in the Retry-After header, then repeat the request.",
	},
	{
		"referral_already_claimed", "The member already has a referral.",
		"A member is referred once. Do not repeat the request.",
	},
	{
		"refund_exceeds_payment", "The refunds of the order are larger than its payments.",
		"Send each refund once, with its amount in the currency of the order.",
	},
	{
		"reward_out_of_stock", "The reward has no stock, or waiting members have priority.",
		"Offer another reward, or the waitlist. unmet_requirements states the details.",
	},
	{
		"reward_unavailable", "The member does not meet the requirements of the reward now.",
		"unmet_requirements lists each requirement with the required and the available value.",
	},
	{
		"scope_missing", "The API key does not have the scope that the operation requires.",
		"Use a key with the scope. perennial keys create --scopes creates one.",
	},
	{
		"self_referral", "The member who refers and the member who is referred are the same person.",
		"Referrals are for other people. No points were given.",
	},
	{
		"temporarily_unavailable",
		"The service is busy, its table did not respond in time, or an operator stopped the operation.",
		"Repeat the request with the same Idempotency-Key after the number of seconds in Retry-After.",
	},
	{
		"token_expired", "The token of the member has expired.",
		"Request a new token from your server.",
	},
	{
		"token_invalid", "The credential is damaged, unknown, revoked, or belongs to another stage.",
		"Check the credential. Keys that begin with sk_test_ work only in the test stage.",
	},
	{
		"unauthenticated", "The request has no credential.",
		"Send Authorization: Bearer with an API key or a token.",
	},
	{
		"unknown_field", "The body has a field that the operation does not define.",
		"Remove or correct the field that errors[].pointer names.",
	},
	{
		"unsupported_media_type", "The body is not application/json, or it is compressed.",
		"Send Content-Type: application/json and no Content-Encoding.",
	},
	{
		"validation_failed", "A value in the request is invalid.",
		"errors[] names each invalid value and states what is valid.",
	},
	{
		"version_conflict", "Another request stored a draft or published a version in the meantime.",
		"Retrieve the current version, compare, and repeat the request with its number.",
	},
	{
		"webhook_not_configured", "The program has no secret for this payment provider.",
		"Configure the provider. The runbook lists the settings.",
	},
	{
		"webhook_signature_invalid", "The signature of the webhook does not match its body.",
		"Check that the secret is that of the provider's endpoint, and that nothing changes the body in transit.",
	},
	{
		"webhook_signature_missing", "The webhook has no signature header.",
		"Send webhooks only from the payment provider.",
	},
	{
		"webhook_timestamp_out_of_range", "The signed time of the webhook is more than five minutes from now.",
		"Check the clock of the sender. The provider repeats the webhook with a new time.",
	},
}
