package auth

import (
	"fmt"
	"net/netip"
)

// ErrIPAddress means that an API key is valid, but not from the IP address of the caller.
var ErrIPAddress = fmt.Errorf("%w: the IP address is not in a range of the API key", Forbidden)

// maxRanges is the maximum number of IP ranges of a key.
const maxRanges = 50

// ParseIPRanges parses ranges such as 203.0.113.0/24 and 2001:db8::/32. An address without a length stands for itself.
func ParseIPRanges(texts []string) (ranges []netip.Prefix, err error) {
	if len(texts) > maxRanges {
		return nil, fmt.Errorf("auth: a key has at most %d IP ranges", maxRanges)
	}
	for _, text := range texts {
		p, bad := netip.ParsePrefix(text)
		if ip, err := netip.ParseAddr(text); err == nil && ip.Zone() == "" {
			p, bad = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		switch {
		case bad != nil || p.Addr().Is4In6():
			return nil, fmt.Errorf("auth: the IP range %q must have the form 203.0.113.0/24 or 2001:db8::/32", text)
		case p != p.Masked():
			return nil, fmt.Errorf("auth: the IP range %s has bits after its prefix; use %s", text, p.Masked())
		}
		ranges = append(ranges, p)
	}
	return ranges, nil
}

// allows reports whether a key with these ranges may be used from an IP address. A key without ranges may be used from
// any address. A key with ranges may not be used from an address that is not known.
func allows(ranges []netip.Prefix, address string) bool {
	if len(ranges) == 0 {
		return true
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, p := range ranges {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}
