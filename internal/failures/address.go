package failures

import "regexp"

// address matches an email address, and also text that only looks like one: nothing that is left out here is needed to
// find out what failed.
var address = regexp.MustCompile(`[^\s"'<>(),;:\\@]+@[^\s"'<>(),;:\\@]+`)

// withoutAddresses replaces the email addresses of a text.
func withoutAddresses(text string) string { return address.ReplaceAllString(text, "[email address]") }
