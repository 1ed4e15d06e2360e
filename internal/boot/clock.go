package boot

import (
	"context"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// clockVariable is the environment variable that selects the clock. Its value is "event" on a developer's machine,
// where each event contains the time of the stack's clock. template.yaml does not set it.
const clockVariable = "PERENNIAL_TEST_CLOCK"

// testClock returns a clock that events set, or nil if the function uses the machine's clock. A live stack always uses
// the machine's clock.
func testClock(setting string, stage app.Stage) (*app.TestClock, error) {
	switch {
	case setting == "":
		return nil, nil
	case setting != "event" || stage != app.Test:
		return nil, fmt.Errorf("boot: %s must be empty, or \"event\" in the stage test", clockVariable)
	}
	return new(app.TestClock), nil
}

// A clocked handler sets the clock from each event before it passes the event on.
type clocked struct {
	clock *app.TestClock
	next  lambda.Handler
}

func (c clocked) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var custom map[string]string
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		custom = lc.ClientContext.Custom
	}
	if err := c.clock.Set(custom); err != nil {
		return nil, fmt.Errorf("boot: %w", err)
	}
	return c.next.Invoke(ctx, payload)
}
