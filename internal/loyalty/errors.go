package loyalty

import "time"

// Code names the reason of a rejection. It is an error, so errors.Is(err, loyalty.InsufficientPoints) works.
type Code string

func (c Code) Error() string { return string(c) }

// The codes of rejections by rules. The API adds further codes. Each code is documented in the API's error catalogue
// under the same name.
const (
	InsufficientPoints           Code = "insufficient_points"
	AccountFrozen                Code = "account_frozen"
	AccountOnHold                Code = "account_on_hold"
	NotFound                     Code = "not_found"
	ValidationFailed             Code = "validation_failed"
	AmountNotPositive            Code = "amount_not_positive"
	AmountOutOfRange             Code = "amount_out_of_range"
	CurrencyUnsupported          Code = "currency_unsupported"
	CurrencyMismatch             Code = "currency_mismatch"
	AlreadyResolved              Code = "already_resolved"
	AlreadyExpired               Code = "expired"
	AlreadyExists                Code = "already_exists"
	RefundExceedsPayment         Code = "refund_exceeds_payment"
	KeyReused                    Code = "idempotency_key_reused"
	RewardOutOfStock             Code = "reward_out_of_stock"
	RewardUnavailable            Code = "reward_unavailable"
	CodeUsed                     Code = "code_used"
	CodeVoid                     Code = "code_void"
	CodeNotValid                 Code = "code_not_valid"
	RateLimited                  Code = "rate_limited"
	InvalidFulfillmentTransition Code = "invalid_fulfillment_transition"
	SelfReferral                 Code = "self_referral"
	ReferralClaimed              Code = "referral_already_claimed"
)

// An Error is a rejection by a rule. Nothing has changed.
type Error struct {
	Code    Code
	Detail  string // one or two sentences for the reader of the response
	Pointer string // the invalid part of the input, as a JSON pointer; may be empty

	Required, Available Points             // for insufficient_points: the cost, and the spendable points
	Unmet               []UnmetRequirement // for reward_out_of_stock and reward_unavailable: the reasons
	Member              MemberID           // for already_exists: the existing member, if the caller may know the ID
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Detail }

// Is reports whether target is the error's code.
func (e *Error) Is(target error) bool { return target == e.Code }

// Refuse returns the error that rejects a command. The parameter detail states the problem and the remedy.
func Refuse(code Code, pointer, detail string) *Error {
	return &Error{Code: code, Detail: detail, Pointer: pointer}
}

// RefuseFrozen returns the error for a command that a frozen account does not allow.
func RefuseFrozen(pointer string) *Error {
	return Refuse(AccountFrozen, pointer, "The account is frozen.")
}

// An UnmetRequirement is a reason why a member cannot redeem a reward now.
type UnmetRequirement struct {
	Requirement Requirement
	Required    string
	Available   string
	Missing     Points    // for points: the missing number
	From        time.Time // when the member can redeem the reward; zero if unknown
}

// Requirement is the kind of an unmet requirement.
type Requirement string

const (
	RequirementPoints    Requirement = "points"
	RequirementTime      Requirement = "time" // the reward is not active yet, or no longer
	RequirementTier      Requirement = "tier"
	RequirementSegment   Requirement = "segment"
	RequirementMinOrder  Requirement = "min_order" // the order is too small, or in another currency
	RequirementStock     Requirement = "stock"
	RequirementLimit     Requirement = "limit"     // the member has reached the limit
	RequirementPerOrder  Requirement = "per_order" // the order already uses the maximum number of rewards
	RequirementWaitlist  Requirement = "waitlist"  // waiting members have priority on the remaining stock
	RequirementCondition Requirement = "condition" // an additional condition of the program
)
