package main

import (
	"strings"
	"testing"
)

// TestTomorrowsRemindersIncludeSuppressed uses two members who come close to a reward at night, with the 50 points
// for joining. One of them has consented to reminders.
func TestTomorrowsRemindersIncludeSuppressed(t *testing.T) {
	p := start(t, "--empty", "--json", "--clock", "2026-12-01T21:00:00Z") // during quiet hours
	for name, consents := range map[string]string{
		"ada": `[{"channel": "email", "purpose": "marketing", "granted": true, "wording": "news-1", ` +
			`"source": "checkout"}]`,
		"bob": `[]`,
	} {
		body := `{"external_id": "` + name + `", "email": "` + name + `@example.com", "consents": ` + consents + `}`
		if status, answer, err := p.call("POST", "/v1/members", "the-key-of-"+name+"-joining", body); status != 201 ||
			err != nil {
			t.Fatal(status, answer, err)
		}
		if status, answer, err := p.call(
			"POST", "/v1/members/external:"+name+"/adjustments", "the-key-of-"+name+"s-points",
			`{"points": 210, "reason": "a test"}`,
		); status != 201 || err != nil {
			t.Fatal(status, answer, err)
		}
	}
	out, errs, status := run(t, "reminders", "--tomorrow", "--list", "--url", p.url, "--key", p.key)
	const want = `…  nearly-there             email    mem_…  260 points
members evaluated: 2
would be sent: 1
       1  nearly-there
would not be sent, by reason: 1
       1  consent
`
	if status != 0 || !like(want, out) {
		t.Errorf("%d %s\n%s", status, out, errs)
	}
	for want, args := range map[string][]string{
		"either --tomorrow or --outbox": {"--key", p.key},
		"specify an API key":            {"--tomorrow"},
		"returned status 401":           {"--tomorrow", "--key", "sk_test_nobody"},
	} {
		if _, err, status := run(t, append([]string{"reminders", "--url", p.url}, args...)...); status != 1 ||
			!strings.Contains(err, want) {
			t.Errorf("%v: %d %s", args, status, err)
		}
	}
}
