package local

import (
	"cmp"
	"io"
	"mime"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/failures"
	"github.com/perennial-loyalty/perennial/internal/local/gateway"
)

// failuresPath is the path of failed messages: GET lists them, and POST returns them to their queues. Only the local
// stack has this path. On AWS, the command `perennial failures` reads the queues.
const failuresPath = "/v1/test/failures"

// A failuresHandler serves failuresPath. It requires no key, because messages identify members only by ID. It requires
// the content type application/json, because a web page of another origin cannot send this type without a preflight
// request.
type failuresHandler struct{ *Stack }

type failuresRequest struct {
	Redrive []string `json:"redrive"` // IDs of messages
}

type failuresAnswer struct {
	Data []failures.Failure `json:"data"`
}

func (h failuresHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := gateway.RequestID()
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		var in failuresRequest
		media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || media != "application/json" ||
			json.UnmarshalRead(io.LimitReader(r.Body, 1<<20), &in, json.RejectUnknownMembers(true)) != nil {
			gateway.Refuse(w, badFailuresRequest, id)
			return
		}
		h.Redrive(in.Redrive...)
	default:
		w.Header().Set("Allow", "GET, POST")
		gateway.Refuse(w, gateway.MethodNotAllowed, id)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.MarshalWrite(w, failuresAnswer{h.Failures()}); err != nil {
		h.App.Log.Warn("response was not sent", "request_id", id, "err", err)
	}
}

var badFailuresRequest = gateway.Problem{
	Status: 400, Code: "invalid_parameter", Title: "No work was restarted",
	Detail: `Send Content-Type: application/json and a body like {"redrive": ["17"]}.`,
}

// Failures returns the messages that failed in all attempts, oldest first.
func (s *Stack) Failures() []failures.Failure {
	q := s.queues
	q.mu.Lock()
	defer q.mu.Unlock()
	list := []failures.Failure{}
	for name, one := range q.byName {
		for _, m := range one.dead {
			f := failures.Read(name, failures.Message{ID: m.id, Body: m.body, Sent: m.sent})
			f.Attempts = m.received
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b failures.Failure) int {
		return cmp.Or(a.SentAt.Compare(b.SentAt), cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// Redrive returns failed messages to their queues, waits until they are processed, and returns their number.
func (s *Stack) Redrive(ids ...string) (n int) {
	s.scheduler.mu.Lock()
	defer s.scheduler.mu.Unlock()
	s.queues.mu.Lock()
	for _, one := range s.queues.byName {
		one.dead = slices.DeleteFunc(one.dead, func(m message) bool {
			if !slices.Contains(ids, m.id) {
				return false
			}
			n, m.received = n+1, 0
			one.waiting = append(one.waiting, m)
			return true
		})
	}
	s.queues.mu.Unlock()
	s.queues.drain()
	return n
}
