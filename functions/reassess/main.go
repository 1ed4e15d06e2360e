// Command reassess is the Lambda function for the schedule and the queue that settle due accounts.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/boot/sqsqueue"
	"github.com/perennial-loyalty/perennial/internal/jobs"
)

func main() { boot.Start(sqsqueue.With(jobs.Reassess)) }
