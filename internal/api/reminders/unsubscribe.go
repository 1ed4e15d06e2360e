package reminders

import (
	"context"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// The unsubscribe link in a message withdraws the consent on which the message depends. Mail programs and scanners
// follow links too. Therefore GET changes nothing, and only the button or a mail program's one-click unsubscribe (RFC
// 8058) withdraws the consent. The link requires no API key and reveals no data.

func (o operations) retrieveUnsubscribePage(_ context.Context, c *request.Call) (request.Answer, error) {
	if _, err := o.subscription(c); err != nil {
		return request.Answer{}, err
	}
	return request.Answer{
		Page: page(
			"Unsubscribe", `<form method="post"><button type="submit">Unsubscribe from these messages</button></form>`,
		),
	}, nil
}

func (o operations) unsubscribe(ctx context.Context, c *request.Call) (request.Answer, error) {
	s, err := o.subscription(c)
	if err != nil {
		return request.Answer{}, err
	}
	if s.Member == notify.NoMember {
		return request.Answer{Page: page("Nothing changed", `<p>The message was a test.</p>`)}, nil
	}
	p, err := c.App.Programs.Live(ctx, s.Program)
	if err != nil {
		return request.Answer{}, err
	}
	consent := remind.Consent{Channel: s.Channel, Purpose: s.Purpose, At: c.App.Now().UTC(), Source: "unsubscribe"}
	if err := c.App.Consents.Consent(ctx, p, s.Member, []remind.Consent{consent}, "member"); err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Page: page("Unsubscribed", `<p>You will no longer receive these messages.</p>`)}, nil
}

func (o operations) subscription(c *request.Call) (notify.Subscription, error) {
	s, ok := o.dispatcher.Links.Read(c.Path("token"))
	if !ok {
		return s, request.Refuse(loyalty.NotFound, request.NotFoundDetail)
	}
	return s, nil
}

// page returns an HTML page. The title and the body must be constants, never input.
func page(title, body string) string {
	return strings.NewReplacer("{title}", title, "{body}", body).Replace(`<!doctype html>
<html lang="en"><head><meta charset="utf-8">` +
		`<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">` +
		`<title>{title}</title></head>
<body style="font-family:system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem">` +
		`<h1>{title}</h1>{body}</body></html>
`)
}
