// Package emailaddr writes e-mail addresses as servers take them.
//
// It promises one form for each address, in ASCII alone: a domain like bücher.example becomes xn--bcher-kva.example (RFC
// 5891), as providers refuse it otherwise and report of the address in this form. It deliberately does not judge whether
// there is such a mailbox, nor whether the rest of the address is well formed.
package emailaddr

import (
	"strings"

	"golang.org/x/net/idna"
)

// ASCII is an address in ASCII alone; false if it has no such form, as where what stands before the @ has others: that is
// an address of RFC 6531, which few servers take.
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
