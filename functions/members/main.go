// Command members is the Lambda function behind members and their statements.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/boot"
)

func main() { boot.Start(api.Members) }
