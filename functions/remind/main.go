// Command remind is the Lambda function behind the schedule and the queue of reminders and of gift cards to friends, and
// behind what SES reports of e-mail.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/boot/postroom"
	"github.com/perennial-loyalty/perennial/internal/boot/sqsqueue"
	"github.com/perennial-loyalty/perennial/internal/jobs"
)

func main() { boot.Start(sqsqueue.With(postroom.With(jobs.Remind))) }
