package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// welcome prints the address of the stack and example requests.
func (r *running) welcome(ctx context.Context) error {
	if r.JSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]string{
			"url": r.url, "key": r.key, "token_secret": r.tokenSecret, "sign_in_url": r.url + r.signIn,
		})
	}
	now := r.stack.App.Now()
	var b strings.Builder
	fmt.Fprintf(&b, "Perennial runs at %s\n", r.url)
	fmt.Fprintf(&b, "  program  %s (%s), version %d\n", r.program.Name.In("en"), r.program.ID, r.program.Version)
	if r.note != "" {
		fmt.Fprintf(&b, "           %s\n", r.note)
	}
	fmt.Fprintf(&b, "  data     %s\n", r.dataName())
	fmt.Fprintf(&b, "  owner    %s%s returns a session, once\n", r.url, r.signIn)
	if !r.Clock.IsZero() {
		fmt.Fprintf(&b, "  clock    stands still at %s\n", now.Format(time.RFC3339))
	}
	fmt.Fprintf(&b, "  docs     %s/docs\n", r.url)
	b.WriteString("\nTry it, in another terminal:\n\n")
	fmt.Fprintf(
		&b, "export PERENNIAL_URL=%s PERENNIAL_KEY=%s PERENNIAL_TOKEN_SECRET=%s\n", r.url, r.key, r.tokenSecret,
	)
	requests, err := r.requests(ctx, now)
	if err != nil {
		return err
	}
	for _, q := range requests {
		fmt.Fprintf(&b, "\n# %s\n%s\n", q.say, q.curl())
	}
	b.WriteString("\nMove the clock with: go run ./functions/perennial clock +30d    Stop with Ctrl-C.\n")
	b.WriteString(
		"Messages to members stay in an outbox: go run ./functions/perennial reminders --outbox\n",
	)
	_, err = os.Stdout.WriteString(b.String())
	return err
}

// A request is one of the example requests that are printed.
type request struct{ say, method, path, key, body string }

// curl returns a shell command that sends the request.
func (q request) curl() string {
	keyed := ""
	if q.key != "" {
		keyed = fmt.Sprintf(" -H 'Idempotency-Key: %s'", q.key)
	}
	return fmt.Sprintf(`curl -sSw '\n' -X %s "$PERENNIAL_URL%s" -H "Authorization: Bearer $PERENNIAL_KEY" `+
		`-H 'Content-Type: application/json'%s \`+
		"\n  -d '%s'", q.method, q.path, keyed, q.body)
}

// requests returns the example requests. They enroll a member, send an order, quote another order, and redeem a reward
// for a demo member who can afford it. Each ID ends with a part of the API key's ID, so that the requests have new IDs
// after each start.
func (r *running) requests(ctx context.Context, now time.Time) ([]request, error) {
	own := r.keyID[:6]
	basket := fmt.Sprintf(`"member":"external:ada-%s","placed_at":"%s","currency":"%s","channel":"web",`+
		`"line_items": [{"id":"1","sku":"BEAN-1","category":"coffee-beans","quantity":2,"amount":2999}],`+
		`"shipping":490,"tenders":[{"kind":"card","amount":3489}]`, own, now.Truncate(time.Second).Format(time.RFC3339),
		r.currency())
	list := []request{
		{
			"Enroll a member.", "POST", "/v1/members", "enroll-ada-first-" + own,
			fmt.Sprintf(`{"external_id":"ada-%s","name":"Ada","locale":"en"}`, own),
		},
		{
			"Send an order. The response shows its points, their reasons, and when they become active.",
			"PUT", "/v1/orders/1042-" + own, "", "{" + basket + `,"status":"paid"}`,
		},
		{
			"Quote another order: its points, and the rewards that the member could redeem. Nothing is written.",
			"POST", "/v1/quotes", "", "{" + basket + "}",
		},
	}
	rich, reward, err := r.rich(ctx)
	if err != nil || rich == "" {
		return list, err
	}
	return append(list, request{
		"Redeem a reward, for a demo member who can afford it.", "POST", "/v1/redemptions", "redeem-one-first-" + own,
		fmt.Sprintf(`{"member":"%s","reward":"%s","commit":true}`, rich, reward.ID),
	}), nil
}

// currency returns EUR if the program supports it, because the example amounts are in euros. Otherwise, it returns
// another currency of the program.
func (r *running) currency() loyalty.Currency {
	if _, ok := r.program.Earn.Rates["EUR"]; ok {
		return "EUR"
	}
	return local.Currencies(r.program)[0]
}

// rich returns a demo member who can afford a reward, and the reward. It returns "" if there is no such member.
func (r *running) rich(ctx context.Context) (string, loyalty.Reward, error) {
	a := r.stack.App
	for i := 1; i <= 50; i++ {
		external := local.SeedExternalID(i)
		id, err := a.Members.Find(ctx, r.program.ID, stored.Identity{Kind: "external", Value: external})
		if err != nil {
			return "", loyalty.Reward{}, nil // there are no demo members
		}
		m, err := a.Members.Get(ctx, r.program, id)
		if err != nil {
			return "", loyalty.Reward{}, err
		}
		if reward, ok := local.Affordable(r.program, m.Account, loyalty.Money{}, a.Now()); ok {
			return "external:" + external, reward, nil
		}
	}
	return "", loyalty.Reward{}, nil
}
