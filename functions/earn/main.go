// Command earn is the Lambda function behind orders and quotes.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/boot"
)

func main() { boot.Start(api.Earn) }
