package failures

import "github.com/perennial-loyalty/perennial/internal/lazyregexp"

// address matches email addresses and similar text. Replacing similar text is harmless, because it is not needed to
// find the cause of a failure.
var address = lazyregexp.New(`[^\s"'<>(),;:\\@]+@[^\s"'<>(),;:\\@]+`)

// withoutAddresses replaces the email addresses of a text.
func withoutAddresses(text string) string { return address.ReplaceAllString(text, "[email address]") }
