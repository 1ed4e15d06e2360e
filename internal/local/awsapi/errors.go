package awsapi

import (
	"encoding/xml"
	"net/http"

	"github.com/go-json-experiment/json"
)

// jsonError writes an error for the protocols awsJson1_0 and awsJson1_1.
func jsonError(w http.ResponseWriter, e *callError) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(e.Status)
	_ = json.MarshalWrite(w, map[string]string{"__type": e.Code, "message": e.Message})
}

// restError writes an error for the protocol restJson1, which has the error code in a header.
func restError(w http.ResponseWriter, e *callError) {
	if e.Code == accessDenied {
		e.Status = http.StatusForbidden
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-ErrorType", e.Code)
	w.WriteHeader(e.Status)
	_ = json.MarshalWrite(w, map[string]string{"message": e.Message})
}

// xmlError writes an error for the protocol awsQuery.
func xmlError(w http.ResponseWriter, e *callError) {
	if e.Code == accessDenied {
		e.Status, e.Code = http.StatusForbidden, "AuthorizationError"
	}
	kind := "Sender"
	if e.Status >= 500 {
		kind = "Receiver"
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(e.Status)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"http://sns.amazonaws.com/doc/2010-03-31/ ErrorResponse"`
		Type    string   `xml:"Error>Type"`
		Code    string   `xml:"Error>Code"`
		Message string   `xml:"Error>Message"`
	}{Type: kind, Code: e.Code, Message: e.Message})
}
