// Package outbound creates HTTP clients for addresses that a merchant, an issuer or a processor names.
//
// Such a client connects only to public addresses over HTTPS and follows no redirects, so that it cannot be used to
// reach a private network or the metadata of a machine. It checks the IP address to which it connects, after the name
// is resolved. A name that first resolves to a public address and later to a private one is therefore rejected.
//
// The package deliberately has no list of allowed hosts. Callers check the host, if they know it.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrNotPublic means that an address is not public, or that it is not an https address.
var ErrNotPublic = errors.New("outbound: the address is not public")

// Client returns a client that connects only to public addresses, over HTTPS and directly, without a proxy. The timeout
// limits one request, from the resolution of the name to the end of the response. A redirect is returned as the
// response.
func Client(timeout time.Duration) *http.Client { return client(timeout, nil) }

func client(timeout time.Duration, resolver *net.Resolver) *http.Client {
	dialer := &net.Dialer{Timeout: timeout, Control: control, Resolver: resolver}
	return &http.Client{
		Timeout: timeout,
		Transport: httpsOnly{&http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: timeout, ForceAttemptHTTP2: true,
			MaxIdleConns: 16, IdleConnTimeout: 90 * time.Second,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// httpsOnly rejects requests without TLS.
type httpsOnly struct{ http.RoundTripper }

func (t httpsOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, fmt.Errorf("%w: %s has no https scheme", ErrNotPublic, r.URL.Redacted())
	}
	return t.RoundTripper.RoundTrip(r)
}

// control rejects connections to addresses that are not public. The dialer calls it with each resolved address, before
// it connects.
func control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("outbound: %w", err)
	}
	if !IsPublic(at.Addr()) {
		return fmt.Errorf("%w: %s is not a public address", ErrNotPublic, at.Addr())
	}
	return nil
}

// notPublic lists the ranges below 2000::/3 and the IPv4 ranges that are not reachable on the internet, and the IPv6
// ranges that contain IPv4 addresses (https://www.iana.org/assignments/iana-ipv4-special-registry and
// iana-ipv6-special-registry). The methods of netip.Addr cover the others.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // addresses of carriers (RFC 6598)
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"), // includes Teredo
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4
	netip.MustParsePrefix("3fff::/20"),
}

var globalIPv6 = netip.MustParsePrefix("2000::/3")

// IsPublic reports whether an IP address is reachable on the internet.
func IsPublic(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Is6() && !globalIPv6.Contains(ip) {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// Get sends a GET request and returns the body of a response with status 200. It returns an error if the body has more
// than limit bytes.
func Get(ctx context.Context, c *http.Client, address string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("outbound: %w", err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, fmt.Errorf("outbound: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("outbound: %s returned the status %d", address, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("outbound: read the response of %s: %w", address, err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("outbound: the response of %s has more than %d bytes", address, limit)
	}
	return body, nil
}
