// Command reassess is the Lambda function behind the schedule and the queue that bring due accounts up to date.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/boot/sqsqueue"
	"github.com/perennial-loyalty/perennial/internal/jobs"
)

func main() { boot.Start(sqsqueue.With(jobs.Reassess)) }
