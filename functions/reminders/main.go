// Command reminders is the Lambda function for the API of reminders: scheduled reminders, previews, tests, reports
// and unsubscribe links.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/api/reminders"
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/boot/senders"
)

func main() { boot.Start(senders.With(reminders.Handler)) }
