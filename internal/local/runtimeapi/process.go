package runtimeapi

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"
)

// A process runs the function's binary, and a server for the Runtime API from which the binary requests events.
type process struct {
	cmd    *exec.Cmd
	server *http.Server

	ready   chan struct{} // receives a value when the process requests an event
	events  chan *event   // contains the event for the process
	failed  chan *Error   // receives an error of the init phase
	ended   chan struct{} // closed after the process has ended
	exit    error         // the result of the process; set before ended is closed
	current atomic.Pointer[event]
}

// An event is one invocation.
type event struct {
	id, arn, clientContext string
	payload                []byte
	timeout                time.Duration
	deadline               time.Time // set when the process receives the event
	result                 chan result
	answered               atomic.Bool
}

type result struct {
	out []byte
	err error
}

// newProcess starts a process with its own server for the Runtime API.
func newProcess(path string, env []string, output func([]byte)) (*process, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("runtimeapi: %w", err)
	}
	p := &process{
		ready: make(chan struct{}), events: make(chan *event), failed: make(chan *Error, 1), ended: make(chan struct{}),
	}
	p.cmd = exec.Command(path)
	p.cmd.Dir = filepath.Dir(path)
	p.cmd.Env = append(append([]string{}, env...), "AWS_LAMBDA_RUNTIME_API="+listener.Addr().String())
	lines := &lineWriter{each: output}
	if output != nil {
		p.cmd.Stdout, p.cmd.Stderr = lines, lines // the same writer, so that exec does not write to it concurrently
	}
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("runtimeapi: %w", err), listener.Close())
	}
	p.server = &http.Server{Handler: p.handler(), ReadHeaderTimeout: 10 * time.Second}
	go p.server.Serve(listener)
	go func() {
		p.exit = p.cmd.Wait()
		lines.end()
		_ = p.server.Close()
		close(p.ended)
	}()
	return p, nil
}

// A lineWriter passes complete lines to a function.
type lineWriter struct {
	each func([]byte)
	rest []byte // the incomplete last line
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.rest = append(w.rest, b...)
	for {
		line, rest, ok := bytes.Cut(w.rest, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		w.each(line)
		w.rest = rest
	}
}

// end passes the incomplete last line to the function, if there is one.
func (w *lineWriter) end() {
	if len(w.rest) > 0 {
		w.each(w.rest)
	}
}

func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// end kills the process, as Lambda does, and waits until it has ended.
func (p *process) end() {
	_ = p.cmd.Process.Kill() // fails only if the process has already ended
	<-p.ended
}

// waitForInit waits until the process requests its first event.
func (p *process) waitForInit() error {
	select {
	case <-p.ready:
		return nil
	case err := <-p.failed:
		p.end()
		return err
	case <-p.ended:
		return p.exitError("")
	case <-time.After(initTimeout):
		p.end()
		return &Error{timedOut, fmt.Sprintf("Init phase timed out after %s", initTimeout)}
	}
}

// errEnded reports that a process ended before it received the event.
var errEnded = errors.New("runtimeapi: the process has ended")

// invoke passes an event to a waiting process. It returns when the process requests the next event or has ended. The
// process cannot receive another event before that.
func (p *process) invoke(e *event) ([]byte, error) {
	e.deadline = time.Now().Add(e.timeout)
	timeout := time.NewTimer(e.timeout)
	defer timeout.Stop()
	p.current.Store(e)
	select {
	case p.events <- e:
	case <-p.ended:
		return nil, errEnded
	}
	late := false
	select {
	case <-p.ready:
	case <-p.ended:
	case <-timeout.C:
		late = true
		p.end()
	}
	select {
	case r := <-e.result: // the process may have ended after its response
		return r.out, r.err
	default:
	}
	if late {
		return nil, &Error{
			timedOut, fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", e.id, e.timeout.Seconds()),
		}
	}
	return nil, p.exitError(e.id)
}

// exitError returns an Error that describes how a process ended. The process must have ended.
func (p *process) exitError(requestID string) *Error {
	<-p.ended
	how := "exit status 0"
	if p.exit != nil {
		how = p.exit.Error()
	}
	message := "Error: Runtime exited with error: " + how
	if requestID != "" {
		message = "RequestId: " + requestID + " " + message
	}
	return &Error{exited, message}
}
