// Command nothing is a minimal function on Lambda: the baseline for the start times of the others.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(func(context.Context) error { return nil }) }
