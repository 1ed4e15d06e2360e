// Command members is the Lambda function for members, their statements, households and referrals, and manual
// changes.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/boot"
)

func main() { boot.Start(api.Members) }
