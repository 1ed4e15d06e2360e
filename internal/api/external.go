package api

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// maxExternalIDs is how many external IDs a process remembers. They take about 2 MB.
const maxExternalIDs = 10_000

// externalIDs remembers which member an external ID named when it was last read. It only saves a sequential step: every
// request that uses a remembered member reads the external ID again at the same time (confirmation). Its methods are safe
// for concurrent use.
type externalIDs struct {
	mu      sync.Mutex
	members map[externalID]loyalty.MemberID
}

// An externalID is a merchant's ID of a member, which is unique in its program.
type externalID struct{ program, id string }

func (e *externalIDs) get(id externalID) (loyalty.MemberID, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m, ok := e.members[id]
	return m, ok
}

func (e *externalIDs) put(id externalID, m loyalty.MemberID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.members == nil || len(e.members) >= maxExternalIDs {
		e.members = map[externalID]loyalty.MemberID{}
	}
	e.members[id] = m
}

func (e *externalIDs) remove(id externalID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.members, id)
}

// read reads which member an external ID names, and remembers it. not_found if there is none.
func (e *externalIDs) read(ctx context.Context, l *ledger.Ledger, id externalID) (loyalty.MemberID, error) {
	m, err := l.FindMember(ctx, id.program, ledger.Identity{Kind: "external", Value: id.id})
	if err != nil {
		e.remove(id)
		return "", err
	}
	e.put(id, m)
	return m, nil
}

// errMemberChanged says that an external ID does not name the remembered member any more.
var errMemberChanged = errors.New("api: the external ID names another member or none")

// externalMember returns the member that an external ID names. If the process remembers it, the external ID is read again
// in the background: the rest of the request reads at the same time, but writes nothing and is not answered before that
// has confirmed the member. The function of reminders sends messages, so it does not use remembered members.
func (c *call) externalMember(ctx context.Context, external string) (loyalty.MemberID, error) {
	id := externalID{c.who.Program, external}
	if m, ok := c.externals.get(id); ok && !c.repeated && c.office == nil {
		c.confirmLater(ctx, id, m)
		return m, nil
	}
	return c.externals.read(ctx, c.app.Ledger, id)
}

// confirm reads an external ID again. The error is errMemberChanged if it does not name the remembered member any more. A
// panic is returned as an error, because this runs in a goroutine of its own.
func (e *externalIDs) confirm(ctx context.Context, l *ledger.Ledger, id externalID, remembered loyalty.MemberID) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("api: panic: %v\n%s", v, debug.Stack())
		}
	}()
	m, err := e.read(ctx, l, id)
	if errors.Is(err, loyalty.NotFound) || err == nil && m != remembered {
		return errMemberChanged
	}
	return err
}

// A confirmation is the reading of an external ID whose member is remembered.
type confirmation struct {
	done chan struct{}
	err  error // set before done is closed
}

// confirmLater begins a confirmation, and replaces the call's ledger with one that waits for it before it writes.
func (c *call) confirmLater(ctx context.Context, id externalID, remembered loyalty.MemberID) {
	x := &confirmation{done: make(chan struct{})}
	c.confirmations = append(c.confirmations, x)
	externals, l := c.externals, c.app.Ledger
	go func() {
		defer close(x.done)
		x.err = externals.confirm(ctx, l, id, remembered)
	}()
	if len(c.confirmations) == 1 {
		h, a := *c.handler, *c.app
		a.Ledger = c.app.Ledger.Confirmed(c.confirmed)
		h.app, c.handler = &a, &h
	}
}

// confirmed waits for the confirmations of the request, and returns the first error among them.
func (c *call) confirmed() error {
	var failed error
	for _, x := range c.confirmations {
		<-x.done
		if failed == nil {
			failed = x.err
		}
	}
	return failed
}

// perform runs the request's route. If a remembered external ID turns out to name another member or none, nothing has been
// written, and the route runs again with members that are read.
func (c *call) perform(ctx context.Context) (answer, error) {
	defer c.confirmed() // no read outlives the request, not even one that panics
	ans, err := c.route.serve(ctx, c)
	switch unconfirmed := c.confirmed(); {
	case unconfirmed == nil:
		return ans, err
	case !errors.Is(unconfirmed, errMemberChanged):
		return answer{}, unconfirmed
	}
	c.confirmations, c.repeated = nil, true
	return c.route.serve(ctx, c)
}
