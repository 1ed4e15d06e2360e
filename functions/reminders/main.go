// Command reminders is the Lambda function behind the API of reminders: tomorrow's, previews, tests, what they did, and
// the links that take consents back.
package main

import (
	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/boot/postroom"
)

func main() { boot.Start(postroom.With(api.Reminders)) }
