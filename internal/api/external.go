package api

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// maxExternalIDs is the maximum number of external IDs that a process caches. They take about 2 MB.
const maxExternalIDs = 10_000

// externalIDs caches the member that each external ID named when it was last read. The cache only saves a sequential
// read: every request that uses a cached member reads the external ID again in parallel (see confirmation). Its
// methods are safe for concurrent use.
type externalIDs struct {
	mu      sync.Mutex
	members map[externalID]loyalty.MemberID
}

// An externalID is the merchant's ID of a member. It is unique in the program.
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

// read reads the member that an external ID names and caches it. It returns not_found if there is none.
func (e *externalIDs) read(ctx context.Context, l *ledger.Ledger, id externalID) (loyalty.MemberID, error) {
	m, err := l.FindMember(ctx, id.program, stored.Identity{Kind: "external", Value: id.id})
	if err != nil {
		e.remove(id)
		return "", err
	}
	e.put(id, m)
	return m, nil
}

// errMemberChanged means that an external ID no longer names the cached member.
var errMemberChanged = errors.New("api: the external ID names another member or none")

// externalMember returns the member that an external ID names. If the member is cached, the external ID is read again
// in the background. The rest of the request reads in parallel, but neither writes nor answers until that read has
// confirmed the member. The reminders function does not use cached members, because it sends messages.
func (c *call) externalMember(ctx context.Context, external string) (loyalty.MemberID, error) {
	id := externalID{c.who.Program, external}
	if m, ok := c.externals.get(id); ok && !c.repeated && c.office == nil {
		c.confirmLater(ctx, id, m)
		return m, nil
	}
	return c.externals.read(ctx, c.app.Ledger, id)
}

// confirm reads an external ID again. It returns errMemberChanged if the ID no longer names the cached member. It
// returns a panic as an error, because it runs in a separate goroutine.
func (e *externalIDs) confirm(
	ctx context.Context, l *ledger.Ledger, id externalID, remembered loyalty.MemberID,
) (err error) {
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

// A confirmation is the background read of an external ID whose member was cached.
type confirmation struct {
	done chan struct{}
	err  error // set before done is closed
}

// confirmLater starts a confirmation and replaces the call's ledger with one that waits for it before each write.
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

// confirmed waits for all confirmations of the request and returns the first error.
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

// perform runs the request's route. If a cached external ID turns out to name another member or none, the route has
// written nothing yet, and perform runs it again without cached members.
func (c *call) perform(ctx context.Context) (answer, error) {
	defer c.confirmed() // no read continues after the request ends, even if the route panics
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
