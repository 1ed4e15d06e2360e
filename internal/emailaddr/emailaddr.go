// Package emailaddr converts email addresses to the form that mail servers accept.
//
// Each address has one form in ASCII: the domain bücher.example becomes xn--bcher-kva.example (RFC 5891), because
// providers reject the original form and use this form in their feedback. The package deliberately does not check
// whether the mailbox exists or whether the address is well-formed.
package emailaddr

import (
	"strings"

	"golang.org/x/net/idna"
)

// ASCII returns the ASCII form of an address. It reports false if the part before the @ contains other characters (RFC
// 6531), which few servers accept.
func ASCII(address string) (ascii string, ok bool) {
	at := strings.LastIndexByte(address, '@') + 1
	if !plain(address[:at]) {
		return "", false
	}
	if plain(address[at:]) {
		return address, true
	}
	domain, err := idna.Lookup.ToASCII(address[at:])
	if err != nil {
		return "", false
	}
	return address[:at] + domain, true
}

func plain(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f }) }
