package request

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
)

// maxExternalIDs is the maximum number of external IDs that a process caches. They take about 2 MB.
const maxExternalIDs = 10_000

// externalIDs caches the members that external IDs name. With the cache, a request does not wait for the read of the
// external ID. Every request that uses a cached member still reads the external ID, in parallel with its other work
// (see confirmation). The methods are safe for concurrent use.
type externalIDs struct {
	mu      sync.Mutex
	members map[externalID]loyalty.MemberID
}

// An externalID is the merchant's ID of a member. It is unique in the program.
type externalID struct{ program, id string }

// get returns the cached member of an external ID. It reports false if the ID is not cached.
func (e *externalIDs) get(id externalID) (loyalty.MemberID, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m, ok := e.members[id]
	return m, ok
}

// put caches the member of an external ID. It empties the cache first if the cache is full.
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

// read reads the member that an external ID names, and adds the member to the cache. It returns not_found if there is
// no such member.
func (e *externalIDs) read(ctx context.Context, ms members.Members, id externalID) (loyalty.MemberID, error) {
	m, err := ms.Find(ctx, id.program, stored.Identity{Kind: "external", Value: id.id})
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
// confirmed the member. A handler that sends messages does not use cached members.
func (c *Call) externalMember(ctx context.Context, external string) (loyalty.MemberID, error) {
	id := externalID{c.Who.Program, external}
	if m, ok := c.externals.get(id); ok && !c.repeated && !c.Uncached {
		c.confirmLater(ctx, id, m)
		return m, nil
	}
	return c.externals.read(ctx, c.App.Members, id)
}

// confirm reads an external ID again. It returns errMemberChanged if the ID no longer names the cached member. It
// returns a panic as an error, because it runs in a separate goroutine.
func (e *externalIDs) confirm(
	ctx context.Context, ms members.Members, id externalID, remembered loyalty.MemberID,
) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("api: panic: %v\n%s", v, debug.Stack())
		}
	}()
	m, err := e.read(ctx, ms, id)
	if errors.Is(err, loyalty.NotFound) || err == nil && m != remembered {
		return errMemberChanged
	}
	return err
}

// A confirmation is the background read of an external ID whose member was cached.
type confirmation struct {
	done chan struct{}
	err  error // the result; set before done is closed
}

// confirmLater starts a confirmation and replaces the call's stores with stores that wait for it before each write.
func (c *Call) confirmLater(ctx context.Context, id externalID, remembered loyalty.MemberID) {
	x := &confirmation{done: make(chan struct{})}
	c.confirmations = append(c.confirmations, x)
	externals, ms := c.externals, c.App.Members
	go func() {
		defer close(x.done)
		x.err = externals.confirm(ctx, ms, id, remembered)
	}()
	if len(c.confirmations) == 1 {
		h, a := *c.Handler, *c.App
		a.Stores = app.NewStores(c.App.Members.Confirmed(c.confirmed))
		h.App, c.Handler = &a, &h
	}
}

// confirmed waits for all confirmations of the request and returns the first error.
func (c *Call) confirmed() error {
	var failed error
	for _, x := range c.confirmations {
		<-x.done
		if failed == nil {
			failed = x.err
		}
	}
	return failed
}

// perform runs the request's route. If a cached external ID turns out to be wrong, the route has not written anything
// yet, and perform runs it again without the cache.
func (c *Call) perform(ctx context.Context) (Answer, error) {
	defer c.confirmed() // waits for the reads, even if the route panics
	ans, err := c.operate(ctx)
	switch unconfirmed := c.confirmed(); {
	case unconfirmed == nil:
		return ans, err
	case !errors.Is(unconfirmed, errMemberChanged):
		return Answer{}, unconfirmed
	}
	c.confirmations, c.repeated = nil, true
	return c.operate(ctx)
}
