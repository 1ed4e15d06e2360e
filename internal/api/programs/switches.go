package programs

import (
	"context"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/switches"
)

// A SwitchesBody is the body of a change of the kill switches.
type SwitchesBody struct {
	Stopped []switches.Switch `json:"stopped"`
	Reason  string            `json:"reason"`
}

func (b SwitchesBody) check(faults *request.Check) {
	faults.Required(request.At("stopped"), b.Stopped != nil)
	for i, s := range b.Stopped {
		switch place := (request.Place{List: "stopped", I: i}); {
		case !slices.Contains(switches.All(), s):
			faults.Fault(place, loyalty.ValidationFailed, "This must be earn, redeem or read_only.")
		case slices.Contains(b.Stopped[:i], s):
			faults.Fault(place, loyalty.ValidationFailed, "The switch is listed twice. List it once.")
		}
	}
	faults.Text(request.At("reason"), b.Reason, 3, 200)
}

// retrieveSwitches reads the table and not the cache, so that it returns the latest change.
func retrieveSwitches(ctx context.Context, c *request.Call) (request.Answer, error) {
	s, err := c.App.Catalog.Schedule(ctx, c.Who.Program)
	return request.Answer{Body: wireSwitches(s.Switches)}, err
}

func updateSwitches(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b SwitchesBody
	if err := c.Take(&b, func(faults *request.Check) { b.check(faults) }); err != nil {
		return request.Answer{}, err
	}
	s, err := c.App.Catalog.SetSwitches(ctx, c.Who.Program, b.Stopped, b.Reason, c.Who.Actor())
	if err != nil {
		return request.Answer{}, err
	}
	c.App.Programs.Forget(c.Who.Program)
	return request.Answer{Body: wireSwitches(s)}, nil
}

func wireSwitches(s switches.State) wire.Switches {
	out := wire.Switches{Stopped: []wire.Switch{}, Reason: s.Reason}
	for _, w := range s.Stopped {
		out.Stopped = append(out.Stopped, wire.Switch(w))
	}
	if s.Changes > 0 {
		kind, id := auth.ParseActor(s.By)
		out.ChangedAt, out.ChangedBy = s.At.UTC(), wire.Actor{Type: wire.ActorType(kind), ID: id}
	}
	return out
}
