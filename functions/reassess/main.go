// Command reassess is the Lambda function that settles due accounts. A schedule and a queue invoke it.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/boot/sqsqueue"
	"github.com/perennial-loyalty/perennial/internal/jobs"
)

func main() { boot.Start(sqsqueue.With(jobs.Reassess)) }
