package local

import (
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/console"
)

// ServeHTTP serves the paths of the local runner, and passes all other requests to the gateway.
func (s *Stack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case clockPath:
		s.clockMux.ServeHTTP(w, r)
		return
	case signInPath:
		signInHandler{s}.ServeHTTP(w, r)
		return
	case outboxPath:
		outboxHandler{s}.ServeHTTP(w, r)
		return
	case paypalPath:
		paypalHandler{s}.ServeHTTP(w, r)
		return
	case failuresPath:
		failuresHandler{s}.ServeHTTP(w, r)
		return
	}
	if console.Serves(r.URL.Path) {
		s.console.ServeHTTP(w, r)
		return
	}
	// A request may change which work is due. The scheduler counts it twice, when it begins and when it ends, because
	// the change may happen at any time between.
	s.scheduler.requests.Add(1)
	defer s.scheduler.requests.Add(1)
	s.gateway.ServeHTTP(w, r)
}
