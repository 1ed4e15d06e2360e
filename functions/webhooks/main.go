// Command webhooks is the Lambda function for the webhooks of payment processors.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/payments"
)

func main() { boot.Start(payments.Webhooks) }
