package request

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// admitGuest admits anyone to a route of guests if the program in the path opened it. A program that did not is as
// unknown as one that does not exist. Each request costs one read and one write, which count it.
func (c *Call) admitGuest(ctx context.Context) error {
	program := c.Path("program")
	if !ValidID(program) {
		return Refuse(loyalty.NotFound, NotFoundDetail)
	}
	open, err := c.App.Tokens.AllowsGuests(ctx, program, c.Route.Rule.Guests())
	if err != nil {
		return err
	}
	if !open {
		return Refuse(loyalty.NotFound, NotFoundDetail)
	}
	c.Who = auth.Principal{Kind: auth.Guest, Program: program}
	// The address is personal data, so the table contains a keyed hash of it.
	hash := c.App.Ledger.Keyring.Hash(program, "ip", network(c.Event.SourceIP))[:22]
	return ledger.Retryable(c.App.Tokens.CountGuest(ctx, program, hash))
}

// network returns the IP address that is limited. An IPv6 address stands for its /64, which one customer has.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	p, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return "unknown"
	}
	return p.String()
}

// cacheable returns a response that shared caches may store for a time. If the caller already has it, the response is
// 304 without a body.
func (c *Call) cacheable(out Response, fresh time.Duration) Response {
	sum := sha256.Sum256(out.Body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	cache := [][2]string{
		{"cache-control", fmt.Sprintf("public, max-age=%d", int(fresh.Seconds()))}, {"etag", tag},
	}
	if c.Event.Headers.Origin == "" {
		cache = append(cache, [2]string{"vary", "origin"}) // otherwise, permit adds it
	}
	for held := range strings.SplitSeq(c.Event.Headers.IfNoneMatch, ",") {
		if held = strings.TrimPrefix(strings.TrimSpace(held), "W/"); held == tag || held == "*" {
			return Response{Status: http.StatusNotModified, Headers: cache}
		}
	}
	out.Headers = slices.Concat([][2]string{plainHeaders[0], plainHeaders[2]}, cache)
	return out
}
