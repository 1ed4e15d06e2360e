package emailaddr

import "testing"

func TestASCIIConvertsDomainOnly(t *testing.T) {
	for address, want := range map[string]string{
		"ada@example.com":            "ada@example.com",
		"Ada+x@Sub_1.Example.com":    "Ada+x@Sub_1.Example.com", // ASCII is unchanged
		"anna@bücher.example":        "anna@xn--bcher-kva.example",
		"anna@BÜCHER.example":        "anna@xn--bcher-kva.example",
		"anna@xn--bcher-kva.example": "anna@xn--bcher-kva.example",
		"änna@example.com":           "",
		"änna@bücher.example":        "",
		"anna@bü cher.example":       "",
		"":                           "",
	} {
		if got, ok := ASCII(address); ok && got != want || !ok && want != "" {
			t.Errorf("%q: %q, %v", address, got, ok)
		}
	}
}
