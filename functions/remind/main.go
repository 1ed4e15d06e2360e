// Command remind is the Lambda function for the schedule and the queue of reminders and gift cards to friends, and
// for SES's email feedback.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/boot/senders"
	"github.com/perennial-loyalty/perennial/internal/boot/sqsqueue"
	"github.com/perennial-loyalty/perennial/internal/jobs"
)

func main() { boot.Start(sqsqueue.With(senders.With(jobs.Remind))) }
