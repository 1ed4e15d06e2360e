package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
)

// TestPublishAndKeysInDataDirectory runs an operator's commands on one data directory: publish, publish again,
// create a key, use it, revoke it.
func TestPublishAndKeysInDataDirectory(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first := writeProgram(t)
	for _, c := range []struct {
		file, want string
	}{
		{first, "version 1 of bluebird is live\n"},
		{first, "version 1 of bluebird is live already, with the same file\n"},
		{writeProgram(t, "pending: 14 days", "pending: 7 days"), "version 2 of bluebird is live\n"},
	} {
		if out, err, status := run(t, "program", "publish", "--data", data, c.file); out != c.want || status != 0 {
			t.Errorf("%q %q %d", out, err, status)
		}
	}
	out, err, status := run(
		t, "keys", "create", "--data", data, "--program", "bluebird", "--scope", "members:read,orders:write",
	)
	if status != 0 || !regexp.MustCompile(`^sk_test_\w+_[\w-]+\n$`).MatchString(out) {
		t.Fatal(out, err, status)
	}
	key := strings.TrimSpace(out)
	p := start(t, "--empty", "--json", "--data", data, "--program", first)
	p.key = key
	if status, answer, err := p.call("GET", "/v1/members/mem_nobody", "", ""); status != 404 || err != nil {
		t.Error(status, answer, err)
	}
	if status, answer, err := p.call("GET", "/v1/program", "", ""); status != 403 || err != nil {
		t.Error(status, answer, err)
	}
	if _, err, status := run(t, "keys", "revoke", "--data", data, "--program", "bluebird", key[8:20]); status != 1 ||
		!strings.Contains(err, "in use") {
		t.Errorf("two processes opened one directory: %d %s", status, err)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, err, status := run(t, "keys", "revoke", "--data", data, "--program", "bluebird", key[8:20]); status != 0 {
		t.Error(err)
	}
	if _, err, status := run(t, "keys", "revoke", "--data", data, "--program", "other", key[8:20]); status != 1 ||
		!strings.Contains(err, "has no key") {
		t.Error(err)
	}
	p = start(t, "--empty", "--json", "--data", data, "--program", first)
	p.key = key
	if status, answer, err := p.call("GET", "/v1/members/mem_nobody", "", ""); status != 401 || err != nil {
		t.Error("a revoked key still works", status, answer, err)
	}
}

// TestLiveKeyIsInvalidForLocalStack checks that a local stack rejects a live key, because its stage is test.
func TestLiveKeyIsInvalidForLocalStack(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	out, errs, status := run(
		t, "keys", "create", "--data", data, "--program", "bluebird", "--scope", "admin", "--stage", "live",
	)
	if status != 0 || !regexp.MustCompile(`^sk_live_\w+_[\w-]+\n$`).MatchString(out) {
		t.Fatal(out, errs, status)
	}
	p := start(t, "--empty", "--json", "--data", data)
	p.key = strings.TrimSpace(out)
	if status, answer, err := p.call("GET", "/v1/program", "", ""); status != 401 || err != nil {
		t.Error(status, answer, err)
	}
}

func TestVersionAndHelpPrintText(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--help"}, {"dev", "--help"}} {
		if out, err, status := run(t, args...); status != 0 || out == "" {
			t.Errorf("%v: %d %s", args, status, err)
		}
	}
}

func TestDevStoresDataInDynamoDB(t *testing.T) {
	endpoint := dynamotest.Endpoint(t)
	p := start(t, "--dynamodb", endpoint, "--empty", "--json")
	status, answer, err := p.call("GET", "/v1/rewards", "", "")
	if status != 200 || err != nil {
		t.Fatal(status, answer, err)
	}
	status, answer, err = p.call("POST", "/v1/members", "the-key-of-member-m1", `{"external_id":"m1"}`)
	if status != 201 {
		t.Fatal(status, answer, err)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	out, errs, status := run(t, "verify", "--table", "perennial-dev", "--endpoint", endpoint)
	if status != 0 || !strings.Contains(out, "not in the log yet 0, violations 0") {
		t.Error(out, errs)
	}
	again := start(t, "--dynamodb", endpoint, "--json")
	again.key = p.key
	if status, answer, err := again.call("GET", "/v1/rewards", "", ""); status != 200 || err != nil {
		t.Error("the key is missing", status, answer, err)
	}
}

// TestTokenKeysInDataDirectory creates and revokes the keys of member tokens. perennial dev uses a valid key if
// there is one.
func TestTokenKeysInDataDirectory(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	tokenKeys := func(args ...string) string {
		t.Helper()
		args = append(append([]string{"token-keys"}, args...), "--data", data, "--program", "bluebird")
		out, err, status := run(t, args...)
		if status != 0 {
			t.Fatal(out, err, status)
		}
		return out
	}
	secret := strings.TrimSpace(tokenKeys("create"))
	if !regexp.MustCompile(`^[\w-]{43}$`).MatchString(secret) {
		t.Errorf("the secret is %q", secret)
	}
	p := start(t, "--empty", "--json", "--data", data, "--program", writeProgram(t))
	if p.tokenSecret != secret {
		t.Errorf("perennial dev uses the secret %q, not %q", p.tokenSecret, secret)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^([0-9a-z]{12})  HS256 +\S+Z *$`).FindStringSubmatch(tokenKeys("list"))
	if line == nil {
		t.Fatal("the key is not listed as valid")
	}
	tokenKeys("revoke", line[1])
	if list := tokenKeys("list"); !regexp.MustCompile(`HS256 +\S+Z +\S+Z\n`).MatchString(list) {
		t.Errorf("the revocation is not listed: %s", list)
	}
	_, err, status := run(t, "token-keys", "revoke", "--data", data, "--program", "bluebird", "unknown")
	if status != 1 || !strings.Contains(err, "has no token key unknown") {
		t.Errorf("%d %s", status, err)
	}
}

func TestOriginsInDataDirectory(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		args         []string
		out, problem string
	}{
		{[]string{"add", "https://shop.example"}, "", ""},
		{[]string{"add", "https://app.example"}, "", ""},
		{[]string{"add", "shop.example"}, "", "an origin must have the form https://shop.example"},
		{[]string{"list"}, "https://shop.example\nhttps://app.example\n", ""},
		{[]string{"remove", "https://shop.example"}, "", ""},
		{[]string{"list"}, "https://app.example\n", ""},
	} {
		args := append(append([]string{"origins"}, c.args...), "--data", data, "--program", "bluebird")
		out, err, status := run(t, args...)
		if out != c.out || (status != 0) != (c.problem != "") || !strings.Contains(err, c.problem) {
			t.Errorf("%v: %d %q %q", c.args, status, out, err)
		}
	}
}

func TestTokenIssuersInDataDirectory(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	const pool, other = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a", "https://issuer.example"
	for _, c := range []struct {
		args         []string
		out, problem string
	}{
		{[]string{"add", pool, "--audience", "client-1"}, "", ""},
		{[]string{"add", other, "--audience", "shop"}, "", ""},
		{[]string{"add", "http://issuer.example", "--audience", "shop"}, "", "must have the form https://"},
		{[]string{"list"}, pool + " client-1\n" + other + " shop\n", ""},
		{[]string{"remove", pool, "--audience", "client-1"}, "", ""},
		{[]string{"remove", pool, "--audience", "client-1"}, "", "has no issuer " + pool},
		{[]string{"list"}, other + " shop\n", ""},
	} {
		args := append(append([]string{"token-issuers"}, c.args...), "--data", data, "--program", "bluebird")
		out, err, status := run(t, args...)
		if out != c.out || (status != 0) != (c.problem != "") || !strings.Contains(err, c.problem) {
			t.Errorf("%v: %d %q %q", c.args, status, out, err)
		}
	}
}

// TestKeysInDataDirectory rotates a key, and uses it for a request of perennial dev.
func TestKeysInDataDirectory(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	keys := func(args ...string) string {
		t.Helper()
		args = append(append([]string{"keys"}, args...), "--data", data, "--program", "bluebird")
		out, err, status := run(t, args...)
		if status != 0 {
			t.Fatal(out, err, status)
		}
		return strings.TrimSpace(out)
	}
	idOf := func(full string) string { return strings.TrimPrefix(full, "sk_test_")[:12] }
	old := keys("create", "--scope", "rewards:read,orders:read", "--ip-range", "127.0.0.0/8,::1")
	fresh := keys("rotate", idOf(old), "--expire-after", "24h")
	p := start(t, "--empty", "--json", "--data", data, "--program", writeProgram(t))
	for _, key := range []string{old, fresh} {
		p.key = key
		if status, answer, err := p.call("GET", "/v1/rewards", "", ""); status != 200 || err != nil {
			t.Errorf("%s: %d %s %v", idOf(key), status, answer, err)
		}
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	list := keys("list")
	for id, status := range map[string]string{idOf(old): "expires", idOf(fresh): "active"} {
		line := regexp.MustCompile(id + `  rewards:read,orders:read +127\.0\.0\.0/8,::1 +\S+Z +\S+Z +` + status)
		if !line.MatchString(list) {
			t.Errorf("the key %s is not listed as used and %q: %s", id, status, list)
		}
	}
	keys("revoke", idOf(old))
	if list := keys("list"); !regexp.MustCompile(idOf(old) + `.* revoked \S+Z`).MatchString(list) {
		t.Errorf("the revocation is not listed: %s", list)
	}
	_, err, status := run(t, "keys", "rotate", idOf(old), "--data", data, "--program", "bluebird")
	if status != 1 || !strings.Contains(err, "has no valid key "+idOf(old)) {
		t.Errorf("%d %s", status, err)
	}
}

// TestGuestAccessInDataDirectory opens the rewards of a program, and reads them without a key from perennial dev.
func TestGuestAccessInDataDirectory(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		args         []string
		out, problem string
	}{
		{[]string{"enable", "rewards"}, "", ""},
		{[]string{"enable", "quotes"}, "", ""},
		{[]string{"enable", "members"}, "", "must be one of"},
		{[]string{"disable", "quotes"}, "", ""},
		{[]string{"list"}, "rewards\n", ""},
	} {
		args := append(append([]string{"guest-access"}, c.args...), "--data", data, "--program", "bluebird")
		out, err, status := run(t, args...)
		if out != c.out || (status != 0) != (c.problem != "") || !strings.Contains(err, c.problem) {
			t.Errorf("%v: %d %q %q", c.args, status, out, err)
		}
	}
	p := start(t, "--empty", "--json", "--data", data, "--program", writeProgram(t))
	p.key = "none"
	if status, answer, err := p.call("GET", "/v1/programs/bluebird/rewards", "", ""); status != 200 || err != nil {
		t.Error(status, answer, err)
	}
	if status, answer, err := p.call("POST", "/v1/programs/bluebird/quotes", "", "{}"); status != 404 || err != nil {
		t.Error(status, answer, err)
	}
}
