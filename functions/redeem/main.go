// Command redeem is the Lambda function for rewards, redemptions, codes, transfers and conversions.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/api/redemptions"
	"github.com/perennial-loyalty/perennial/internal/boot"
)

func main() { boot.Start(redemptions.Handler) }
