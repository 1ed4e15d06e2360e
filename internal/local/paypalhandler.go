package local

import (
	"io"
	"mime"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/local/gateway"
)

// paypalPath is the path at which the emulated PayPal signs a webhook (POST). The command perennial trigger sends the
// body of a webhook and receives the headers with the signature. Only the local stack has this path.
const paypalPath = "/v1/test/paypal"

// A paypalHandler serves paypalPath. It requires no key, because only this stack accepts its signatures. It requires
// the content type application/json, because a web page of another origin cannot send this type without a preflight
// request.
type paypalHandler struct{ *Stack }

type signedAnswer struct {
	Headers http.Header `json:"headers"`
}

func (h paypalHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := gateway.RequestID()
	switch {
	case h.paypal == nil:
		gateway.Refuse(w, noPayPal, id)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", "POST")
		gateway.Refuse(w, gateway.MethodNotAllowed, id)
		return
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		gateway.Refuse(w, badPayPalRequest, id)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		gateway.Refuse(w, badPayPalRequest, id)
		return
	}
	if err := h.paypal.Store(body); err != nil {
		gateway.Refuse(w, badPayPalRequest, id)
		return
	}
	headers, err := h.paypal.Sign(paypalWebhook, body, h.clock.Now())
	if err != nil {
		gateway.Refuse(w, badPayPalRequest, id)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.MarshalWrite(w, signedAnswer{headers}); err != nil {
		h.App.Log.Warn("response was not sent", "request_id", id, "err", err)
	}
}

var (
	noPayPal = gateway.Problem{
		Status: 404, Code: "not_found", Title: "PayPal is not emulated",
		Detail: "The stack does not emulate PayPal. Start perennial dev without --webhooks and without --functions: " +
			"the functions' binaries trust no certificate of this machine.",
	}
	badPayPalRequest = gateway.Problem{
		Status: 400, Code: "invalid_parameter", Title: "Nothing was signed",
		Detail: "Send Content-Type: application/json and the body of a webhook of PayPal.",
	}
)
