// Package runtimeapi runs the binary of a Lambda function in processes of this machine. Each process has its own
// emulated Lambda Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
//
// For a function, the behavior is that of Lambda: each process handles one event at a time, each event has a request ID
// and a deadline, a new process starts when all others are busy, and a process ends when it exceeds its deadline, exits
// or panics. Invoke returns an *Error for all failures that Lambda reports to the caller as a function error. The
// payload can be the event of any event source; package local creates the payloads.
//
// Deliberate limits: there is no memory limit, processes are not frozen between events, and there are no extensions,
// layers or response streaming. Where Lambda would throttle, Invoke waits for a free process until its context ends.
package runtimeapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"time"
)

// These constants are limits of Lambda, from https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
// and, for the init phase, from https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html.
const (
	maxPayload  = 6 << 20 // maximum number of bytes of an event or a response
	initTimeout = 10 * time.Second
)

// A Function is one Lambda function. It implements lambda.Handler, and starts processes when they are needed. Set its
// exported fields before the first use. Name, Path, Timeout and Processes are required.
type Function struct {
	Name      string        // the value of AWS_LAMBDA_FUNCTION_NAME
	Path      string        // the path of the executable, which is named bootstrap on Lambda
	ARN       string        // the value of the header Lambda-Runtime-Invoked-Function-Arn
	Timeout   time.Duration // the timeout of one event
	Processes int           // the maximum number of processes, and therefore of concurrent events
	Env       []string      // the complete environment as os.Environ returns it, without AWS_LAMBDA_RUNTIME_API
	Output    func([]byte)  // receives the lines that processes write, concurrently; nil discards them

	// ClientContext returns the value of the header Lambda-Runtime-Client-Context: a JSON object that, on Lambda, the
	// caller of Invoke can pass. If it is nil, there is no such header.
	ClientContext func() string

	once    sync.Once
	permits chan struct{} // has a capacity of one for each process that may be busy

	mu     sync.Mutex
	idle   []*process // idle processes; the most recently used one is the last
	all    map[*process]bool
	closed bool
}

// An Error is a failed invocation in Lambda's format. Either the function returned an error, or its process ended.
type Error struct {
	Type    string // such as Sandbox.Timedout, Runtime.ExitError, or the type of the error that the function returned
	Message string
}

func (e *Error) Error() string { return e.Type + ": " + e.Message }

// These constants are the types of errors that Lambda itself reports.
const (
	timedOut  = "Sandbox.Timedout"
	exited    = "Runtime.ExitError"
	tooLarge  = "Function.ResponseSizeTooLarge"
	throttled = "TooManyRequestsException"
	service   = "ServiceException"
)

// Invoke passes an event to an idle process or to a new one, and returns the function's response. It is safe for
// concurrent use. The context limits only the time of waiting for a process. A process that has received the event
// continues until it responds or until Timeout has passed.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if len(payload) > maxPayload {
		return nil, &Error{
			"RequestEntityTooLarge", fmt.Sprintf("the event has %d bytes, more than %d", len(payload), maxPayload),
		}
	}
	if err := f.acquire(ctx); err != nil {
		return nil, err
	}
	defer f.release()
	for {
		p, err := f.process()
		if err != nil {
			return nil, err
		}
		out, err := p.invoke(f.event(payload))
		f.keep(p)
		if err != errEnded {
			return out, err
		}
	}
}

// Warm starts a process that waits for events. It returns an error if the process cannot start.
func (f *Function) Warm(ctx context.Context) error {
	if err := f.acquire(ctx); err != nil {
		return err
	}
	defer f.release()
	p, err := f.start()
	if err != nil {
		return err
	}
	f.keep(p)
	return nil
}

// PIDs returns the process IDs of all processes.
func (f *Function) PIDs() (ids []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for p := range f.all {
		ids = append(ids, p.cmd.Process.Pid)
	}
	return ids
}

// Close stops all processes and waits until they have ended. Invocations in progress fail.
func (f *Function) Close() {
	f.mu.Lock()
	f.closed = true
	var all []*process
	for p := range f.all {
		all = append(all, p)
	}
	f.mu.Unlock()
	for _, p := range all {
		p.end()
	}
}

func (f *Function) acquire(ctx context.Context) error {
	f.once.Do(func() { f.permits = make(chan struct{}, max(f.Processes, 1)) })
	select {
	case f.permits <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &Error{throttled, fmt.Sprintf("all %d processes of %s are busy", f.Processes, f.Name)}
	}
}

func (f *Function) release() { <-f.permits }

// process returns a process that waits for an event. If no process is idle, it starts one. The caller must have a
// permit.
func (f *Function) process() (*process, error) {
	f.mu.Lock()
	for len(f.idle) > 0 {
		p := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if p.alive() {
			f.mu.Unlock()
			return p, nil
		}
	}
	f.mu.Unlock()
	return f.start()
}

// keep makes a process available for the next event, unless the process has ended.
func (f *Function) keep(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.alive() {
		f.idle = append(f.idle, p)
	}
}

// forget waits until a process has ended and removes it from the list.
func (f *Function) forget(p *process) {
	<-p.ended
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, p)
}

// start starts a process and waits until it requests its first event.
func (f *Function) start() (*process, error) {
	p, err := newProcess(f.Path, f.Env, f.Output)
	if err != nil {
		return nil, &Error{service, err.Error()}
	}
	f.mu.Lock()
	if f.all == nil {
		f.all = map[*process]bool{}
	}
	f.all[p] = true
	closed := f.closed
	f.mu.Unlock()
	go f.forget(p)
	if closed {
		p.end()
		return nil, &Error{service, f.Name + " is closed"}
	}
	if err := p.waitForInit(); err != nil {
		return nil, err
	}
	return p, nil
}

func (f *Function) event(payload []byte) *event {
	e := &event{id: requestID(), payload: payload, arn: f.ARN, timeout: f.Timeout, result: make(chan result, 1)}
	if f.ClientContext != nil {
		e.clientContext = f.ClientContext()
	}
	return e
}

// requestID returns a random UUID, which is the format of Lambda's request IDs.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // rand.Read never returns an error
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
