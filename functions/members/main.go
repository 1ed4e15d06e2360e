// Command members is the Lambda function behind members, their statements, households and referrals, and what is done
// for them by hand.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/boot"
)

func main() { boot.Start(api.Members) }
