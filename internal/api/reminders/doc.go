// Package reminders implements the operations on reminders: the schedule for tomorrow, previews, tests, reports and
// unsubscribe links. It is separate from package api, because only the function reminders sends messages.
package reminders

import (
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// operations serves the routes of reminders.
type operations struct {
	dispatcher *notify.Dispatcher
}

// Handler returns a function that creates the handler of the Lambda function reminders. The handler sends messages with
// the dispatcher.
func Handler(dispatcher func(*app.App) *notify.Dispatcher) func(*app.App) lambda.Handler {
	return func(a *app.App) lambda.Handler {
		o := operations{dispatcher(a)}
		h := request.NewHandler(a, "reminders", map[string]request.Operation{
			"GET /v1/reminders/scheduled":  o.listScheduledReminders,
			"POST /v1/reminders/preview":   o.previewReminder,
			"POST /v1/reminders/test":      o.sendTestReminder,
			"GET /v1/reports/reminders":    retrieveReminderReport,
			"GET /v1/unsubscribe/{token}":  o.retrieveUnsubscribePage,
			"POST /v1/unsubscribe/{token}": o.unsubscribe,
		})
		h.Uncached = true
		return h.Function()
	}
}
