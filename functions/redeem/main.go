// Command redeem is the Lambda function behind rewards and redemptions.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/boot"
)

func main() { boot.Start(api.Redeem) }
