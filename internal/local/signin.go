package local

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/local/gateway"
)

// signInPath is the path of the link that creates a session of the local owner. Only the local stack has this path.
const signInPath = "/v1/test/sign-in"

// localOwner is the email address of the owner who uses the link.
const localOwner = "owner@localhost.test"

// A signInLink is a link that signs in the local owner of a program once. The stack has at most one.
type signInLink struct {
	mu      sync.Mutex
	code    string // empty if there is no link or it was used
	program string
}

// SignInLink returns the path of a link that creates a session of the local owner of a program. The link can be used
// once, and replaces an earlier link.
func (s *Stack) SignInLink(program string) string {
	s.signIn.mu.Lock()
	defer s.signIn.mu.Unlock()
	s.signIn.code, s.signIn.program = rand.Text(), program
	return signInPath + "?code=" + s.signIn.code
}

// use returns the program of the link if the code is that of the link. The code is then invalid.
func (l *signInLink) use(code string) (program string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.code == "" || subtle.ConstantTimeCompare([]byte(code), []byte(l.code)) != 1 {
		return "", false
	}
	l.code = ""
	return l.program, true
}

// A signInHandler serves signInPath. Like the test clock, it rejects Host headers with a domain other than localhost,
// so that a web page cannot use the link through DNS rebinding.
type signInHandler struct{ *Stack }

type signInAnswer struct {
	Token     string    `json:"token"` // to be sent as Authorization: Bearer
	Operator  string    `json:"operator"`
	Role      auth.Role `json:"role"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (h signInHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := gateway.RequestID()
	if !ownHost(r.Host) {
		gateway.Refuse(w, foreignHost, id)
		return
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET")
		gateway.Refuse(w, gateway.MethodNotAllowed, id)
		return
	}
	program, ok := h.signIn.use(r.URL.Query().Get("code"))
	if !ok {
		gateway.Refuse(w, usedLink, id)
		return
	}
	answer, err := h.ownerSession(r.Context(), program)
	if err != nil {
		h.App.Log.Error("the local owner cannot sign in", "request_id", id, "err", err)
		gateway.Refuse(w, gateway.Problem{Status: 500, Code: "internal_error", Title: "Internal error"}, id)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := json.MarshalWrite(w, answer); err != nil {
		h.App.Log.Warn("response was not sent", "request_id", id, "err", err)
	}
}

// ownerSession creates a session of the local owner, and first the owner if necessary.
func (s *Stack) ownerSession(ctx context.Context, program string) (signInAnswer, error) {
	owner, err := s.App.Operators.Add(ctx, program, auth.NewOperator{Email: localOwner, Role: auth.Owner}, "dev")
	if err != nil && !errors.Is(err, auth.ErrOperatorExists) {
		return signInAnswer{}, err
	}
	token, session, err := s.App.Operators.CreateSession(ctx, owner)
	return signInAnswer{token, owner.ID, owner.Role, session.ExpiresAt}, err
}

var usedLink = gateway.Problem{
	Status: 401, Code: "token_invalid", Title: "The link is invalid or was used",
	Detail: "Restart perennial dev for a new link.",
}
