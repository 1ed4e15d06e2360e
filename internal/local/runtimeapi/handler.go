package runtimeapi

import (
	"encoding/base64"
	"io"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
)

// handler returns a handler that serves the Runtime API, version 2018-06-01, to one process.
func (p *process) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", p.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", p.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", p.error)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", p.initError)
	return mux
}

// next responds to a process that requests its next event. It waits until there is an event. If the process has not
// responded to its last event, the status is 403.
func (p *process) next(w http.ResponseWriter, r *http.Request) {
	if e := p.current.Load(); e != nil && !e.answered.Load() {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the event "+e.id+" has no response yet")
		return
	}
	select {
	case p.ready <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	select {
	case e := <-p.events:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", e.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(e.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", e.arn)
		h.Set(
			"Lambda-Runtime-Trace-Id",
			"Root=1-"+e.id[:8]+"-"+e.id[24:]+e.id[9:13]+e.id[14:18]+e.id[19:23]+";Sampled=0",
		)
		if e.clientContext != "" {
			h.Set("Lambda-Runtime-Client-Context", e.clientContext)
		}
		_, _ = w.Write(e.payload) // fails only if the process has ended, which invoke detects
	case <-r.Context().Done():
	}
}

// An errorBody is the JSON document with which a function or the Runtime API reports an error.
type errorBody struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

// response accepts the response to an event. The trailer of the request may report a failure of the function.
func (p *process) response(w http.ResponseWriter, r *http.Request) {
	out, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	res := result{out: out}
	status := http.StatusAccepted
	if len(out) > maxPayload {
		status = http.StatusRequestEntityTooLarge
		res = result{
			err: &Error{tooLarge, "Response payload size exceeded maximum allowed payload size (6291556 bytes)."},
		}
	} else if failed := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); failed != "" {
		body, _ := base64.StdEncoding.DecodeString(r.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
		res = result{err: functionError(failed, body)}
	}
	p.settle(w, r, res, status)
}

func (p *process) error(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload))
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	p.settle(
		w, r, result{err: functionError(r.Header.Get("Lambda-Runtime-Function-Error-Type"), body)},
		http.StatusAccepted,
	)
}

// settle stores the result of the current event.
func (p *process) settle(w http.ResponseWriter, r *http.Request, res result, status int) {
	e := p.current.Load()
	if e == nil || e.id != r.PathValue("id") {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	if !e.answered.CompareAndSwap(false, true) {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the event "+e.id+" has a response")
		return
	}
	e.result <- res
	if status != http.StatusAccepted {
		refuse(w, status, "RequestEntityTooLarge", "the response has more than 6 MB")
		return
	}
	accept(w)
}

func (p *process) initError(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload))
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	select {
	case p.failed <- functionError(r.Header.Get("Lambda-Runtime-Function-Error-Type"), body):
	default: // an earlier error has not been received yet
	}
	accept(w)
}

// functionError decodes an error that a function reported. The body need not be a JSON object.
func functionError(kind string, body []byte) *Error {
	var e errorBody
	if err := json.Unmarshal(body, &e); err != nil {
		e.Message = string(body)
	}
	if e.Type == "" {
		e.Type = kind
	}
	if e.Type == "" {
		e.Type = "Unhandled"
	}
	return &Error{e.Type, e.Message}
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, errorBody{kind, message})
}
