package local

import (
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/local/gateway"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// outboxPath is the path that lists the messages that members would have received. Only the local stack has this path.
const outboxPath = "/v1/test/outbox"

// An outboxHandler serves outboxPath. It lists the messages, newest last. The parameter member limits the list to one
// member. Messages contain personal data. Like the API, the path therefore requires a key with the scope members:read.
type outboxHandler struct{ *Stack }

type outboxAnswer struct {
	Data []notify.Message `json:"data"`
}

func (h outboxHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := gateway.RequestID()
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET")
		gateway.Refuse(w, gateway.MethodNotAllowed, id)
		return
	}
	who, err := h.App.Keys.Verify(r.Context(), r.Header.Get("Authorization"), gateway.SourceIP(r))
	if err != nil || !who.May("members:read") {
		gateway.Refuse(
			w,
			gateway.Problem{
				Status: 401, Code: "unauthenticated",
				Title: "The outbox requires an API key with the scope members:read",
			},
			id,
		)
		return
	}
	out, member := outboxAnswer{Data: []notify.Message{}}, r.URL.Query().Get("member")
	for _, m := range h.Outbox.Messages() {
		if m.Program == who.Program && (member == "" || member == string(m.Member)) {
			out.Data = append(out.Data, m)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.MarshalWrite(w, out); err != nil {
		h.App.Log.Warn("response was not sent", "request_id", id, "err", err)
	}
}
