// Command remind is the Lambda function that sends reminders and gift messages to friends. A schedule and a queue
// invoke it. It also processes the email feedback of SES.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/boot/senders"
	"github.com/perennial-loyalty/perennial/internal/boot/sqsqueue"
	"github.com/perennial-loyalty/perennial/internal/jobs"
)

func main() { boot.Start(sqsqueue.With(senders.With(jobs.Remind))) }
