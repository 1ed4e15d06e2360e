// Command nothing is a minimal function on Lambda. The start times of other functions are compared with its start time.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() { lambda.Start(func(context.Context) error { return nil }) }
