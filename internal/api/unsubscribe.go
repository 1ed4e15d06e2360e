package api

import (
	"context"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// The unsubscribe link in a message withdraws the consent on which the message depends. Mail programs and scanners
// follow links too. Therefore GET changes nothing, and only the button or a mail program's one-click unsubscribe (RFC
// 8058) withdraws the consent. The link requires no API key and reveals no data.

func askUnsubscribe(_ context.Context, c *call) (answer, error) {
	if _, err := c.subscription(); err != nil {
		return answer{}, err
	}
	return answer{
		page: page(
			"Unsubscribe", `<form method="post"><button type="submit">Unsubscribe from these messages</button></form>`,
		),
	}, nil
}

func unsubscribe(ctx context.Context, c *call) (answer, error) {
	s, err := c.subscription()
	if err != nil {
		return answer{}, err
	}
	if s.Member == notify.NoMember {
		return answer{page: page("Nothing changed", `<p>The message was a test.</p>`)}, nil
	}
	p, err := c.app.Programs.Live(ctx, s.Program)
	if err != nil {
		return answer{}, err
	}
	consent := remind.Consent{Channel: s.Channel, Purpose: s.Purpose, At: c.app.Now().UTC(), Source: "unsubscribe"}
	if err := c.app.Ledger.Consent(ctx, p, s.Member, []remind.Consent{consent}, "member"); err != nil {
		return answer{}, err
	}
	return answer{page: page("Unsubscribed", `<p>You will no longer receive these messages.</p>`)}, nil
}

func (c *call) subscription() (notify.Subscription, error) {
	s, ok := c.office.Links.Read(c.path("token"))
	if !ok {
		return s, refuse(loyalty.NotFound, notFoundDetail)
	}
	return s, nil
}

// page returns an HTML page. The title and the body must be constants, never input.
func page(title, body string) string {
	return strings.NewReplacer("{title}", title, "{body}", body).Replace(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>{title}</title></head>
<body style="font-family:system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem"><h1>{title}</h1>{body}</body></html>
`)
}
