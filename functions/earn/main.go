// Command earn is the Lambda function for orders, events, quotes and campaigns.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/boot"
)

func main() { boot.Start(api.Earn) }
