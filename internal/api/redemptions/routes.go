// Package redemptions implements the operations on rewards, redemptions, codes, transfers and conversions. Package api
// has the guarantees of all operations.
package redemptions

import (
	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/app"
)

// Handler returns the handler of the Lambda function named redeem.
func Handler(a *app.App) lambda.Handler {
	return request.NewHandler(a, "redeem", map[string]request.Operation{
		"GET /v1/rewards":                               listRewards,
		"GET /v1/programs/{program}/rewards":            listGuestRewards,
		"GET /v1/members/{member}/rewards":              listMemberRewards,
		"POST /v1/rewards/{reward}/waitlist":            joinWaitlist,
		"GET /v1/rewards/{reward}/waitlist/{member}":    retrieveWaitlistEntry,
		"DELETE /v1/rewards/{reward}/waitlist/{member}": leaveWaitlist,
		"GET /v1/members/{member}/perks":                listPerks,
		"POST /v1/rewards/{reward}/codes":               uploadCodes,
		"POST /v1/redemptions":                          createRedemption,
		"GET /v1/members/{member}/redemptions":          listRedemptions,
		"GET /v1/redemptions/{redemption}":              retrieveRedemption,
		"POST /v1/redemptions/{redemption}/commit":      commitRedemption,
		"POST /v1/redemptions/{redemption}/cancel":      cancelRedemption,
		"POST /v1/redemptions/{redemption}/reverse":     reverseRedemption,
		"POST /v1/members/{member}/transfers":           createTransfer,
		"GET /v1/transfers/{transfer}":                  retrieveTransfer,
		"POST /v1/transfers/{transfer}/accept":          acceptTransfer,
		"POST /v1/transfers/{transfer}/decline":         declineTransfer,
		"POST /v1/transfers/{transfer}/cancel":          cancelTransfer,
		"POST /v1/redemptions/{redemption}/fulfillment": updateFulfillment,
		"POST /v1/redemptions/{redemption}/send":        sendGiftCard,
		"GET /v1/fulfillments":                          listFulfillments,
		"GET /v1/codes/{code}":                          retrieveCode,
		"POST /v1/codes/{code}/uses":                    useCode,
		"POST /v1/codes/{code}/uses/{use}/reverse":      reverseCodeUse,
		"GET /v1/codes/{code}/qr":                       renderCode,
		"POST /v1/members/{member}/conversions":         createConversion,
		"GET /v1/conversions/{conversion}":              retrieveConversion,
		"POST /v1/conversions/{conversion}/reverse":     reverseConversion,

		"GET /v1/me/rewards":                          listMemberRewards,
		"GET /v1/me/perks":                            listPerks,
		"GET /v1/me/redemptions":                      listRedemptions,
		"POST /v1/me/redemptions":                     redeemSelf,
		"GET /v1/me/redemptions/{redemption}":         retrieveRedemption,
		"POST /v1/me/redemptions/{redemption}/commit": commitRedemption,
		"POST /v1/me/redemptions/{redemption}/cancel": cancelRedemption,
		"POST /v1/me/transfers":                       createTransfer,
		"GET /v1/me/transfers/{transfer}":             retrieveTransfer,
		"POST /v1/me/transfers/{transfer}/accept":     acceptOwnTransfer,
		"POST /v1/me/transfers/{transfer}/decline":    declineOwnTransfer,
		"POST /v1/me/transfers/{transfer}/cancel":     cancelOwnTransfer,
	}).Function()
}
