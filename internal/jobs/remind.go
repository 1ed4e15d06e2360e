package jobs

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// Remind sends the reminders that are due. In this release no program can define one (the program file refuses
// them as not supported yet), so nobody is ever due: it walks nothing, sends nothing and reports exactly that.
// Its schedule, queue and alarms exist so that they are deployed and watched before the first reminder is.
func Remind(a *app.App) lambda.Handler { return remind{a} }

type remind struct{ *app.App }

func (r remind) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := readEvent(payload, "remind")
	if err != nil {
		return nil, err
	}
	if e.Records == nil {
		r.Log.InfoContext(ctx, "no reminders are defined", "due", e.Time, "sent", 0)
		return json.Marshal(map[string]int{"sent": 0})
	}
	// Nobody sends messages yet. One that comes all the same is from a later release that was rolled back; it
	// must not be swallowed.
	return each(ctx, e.Records, unknown, func(id string, err error) {
		r.Log.ErrorContext(ctx, "a message is not understood", "message", id, "err", err)
	})
}

var errNoReminders = errors.New("jobs: remind: this release knows no messages")

func unknown(context.Context, string) error { return errNoReminders }
