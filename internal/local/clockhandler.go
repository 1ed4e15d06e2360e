package local

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/local/gateway"
)

// clockPath is the path of the test clock: GET returns it, and POST advances it. Only the local stack has this path.
const clockPath = "/v1/test/clock"

// A clockHandler serves clockPath. It requires no key, because it returns no member data and changes only the time of a
// developer's own stack. It requires the content type application/json, because a web page of another origin cannot
// send this type without a preflight request. It rejects Host headers with a domain other than localhost, because a web
// page could resolve its own domain to this machine and would then have the same origin (DNS rebinding).
type clockHandler struct {
	*Stack
	moved func(ahead time.Duration) error
}

type clockRequest struct {
	Advance string `json:"advance"` // a duration such as "30d" or "36h"
}

type clockAnswer struct {
	Now       time.Time `json:"now"`
	Schedules []Run     `json:"schedules,omitempty"` // the schedules that ran
}

func (h clockHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := gateway.RequestID()
	if !ownHost(r.Host) {
		gateway.Refuse(w, foreignHost, id)
		return
	}
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		if err := h.advance(r); err != nil {
			p := badClockRequest
			p.Detail = err.Error()
			gateway.Refuse(w, p, id)
			return
		}
	default:
		w.Header().Set("Allow", "GET, POST")
		gateway.Refuse(w, gateway.MethodNotAllowed, id)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.MarshalWrite(w, clockAnswer{h.clock.Now(), h.Runs()}); err != nil {
		h.App.Log.Warn("response was not sent", "request_id", id, "err", err)
	}
}

// ownHost reports whether a Host header names localhost or an IP address, with or without a port.
func ownHost(header string) bool {
	host, _, err := net.SplitHostPort(header)
	if err != nil {
		host = strings.Trim(header, "[]")
	}
	return strings.EqualFold(host, "localhost") || net.ParseIP(host) != nil
}

func (h clockHandler) advance(r *http.Request) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return fmt.Errorf("send Content-Type: application/json")
	}
	var in clockRequest
	if err := json.UnmarshalRead(io.LimitReader(r.Body, 4096), &in, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf(`the body must be like {"advance": "30d"}: %w`, err)
	}
	d, err := ParseAdvance(in.Advance)
	if err != nil {
		return err
	}
	// If the client disconnects, the clock must still complete its step.
	if err := h.Advance(context.WithoutCancel(r.Context()), d); err != nil {
		return err
	}
	if h.moved == nil {
		return nil
	}
	return h.moved(h.clock.Ahead())
}

var foreignHost = gateway.Problem{
	Status: 403, Code: "forbidden", Title: "The host is not allowed",
	Detail: "Call this path at localhost or at an IP address.",
}

var badClockRequest = gateway.Problem{Status: 400, Code: "invalid_parameter", Title: "The clock was not moved"}
