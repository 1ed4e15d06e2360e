package sample

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// AdyenItem returns one item of a batch with its signature.
func (e Event) AdyenItem(secret string) (map[string]any, error) {
	e = e.filled()
	key, err := hex.DecodeString(secret)
	if err != nil {
		return nil, fmt.Errorf("sample: the secret of %s is not hexadecimal: %w", app.Adyen, err)
	}
	psp, original, amount := e.Object, e.Payment, e.Amount
	if kinds[e.Provider][e.Type] == "paid" {
		psp, original, amount = e.Payment, "", e.Total
	}
	success := or(e.Status, "true")
	text := strings.Join([]string{
		psp, original, e.Account, e.Order, strconv.FormatInt(amount, 10), e.Currency, e.Type, success,
	}, ":")
	return object{
		"pspReference": psp, "originalReference": original, "merchantAccountCode": e.Account,
		"merchantReference": e.Order, "amount": object{"value": amount, "currency": e.Currency}, "eventCode": e.Type,
		"eventDate": e.At.Format(time.RFC3339), "success": success, "paymentMethod": "visa", "reason": "",
		"operations": []string{"REFUND"},
		"additionalData": object{
			"hmacSignature":    base64.StdEncoding.EncodeToString(mac(key, text)),
			"shopperReference": e.Member, "shopperEmail": e.Email,
		},
	}, nil
}

func (e Event) adyen(secret string) (object, error) {
	item, err := e.AdyenItem(secret)
	return object{
		"live": strconv.FormatBool(e.Live), "notificationItems": []object{{"NotificationRequestItem": item}},
	}, err
}
