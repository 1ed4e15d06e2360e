// Command remind is the Lambda function behind the schedule and the queue of reminders.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/jobs"
)

func main() { boot.Start(jobs.Remind) }
