// Command perennial is the whole platform on one machine (perennial dev), and what its operator needs at hand:
// check, explain, compare and publish program files, create and revoke API keys, add codes, look after reminders and
// webhooks, list whose level will change, plan a night on which many members fall due, move the clock of a local stack and
// send it sample events. It is no Lambda function, and the only program into which the local table's engine is linked.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	Dev      dev        `cmd:"" help:"Run everything on this machine."`
	Clock    clock      `cmd:"" help:"Read the clock of a running perennial dev, or move it on."`
	Program  programCmd `cmd:"" help:"Check, explain, compare and publish program files."`
	Keys     keys       `cmd:"" help:"Create and revoke API keys."`
	Reassess reassess   `cmd:"" help:"List whose level will change, before it does."`
	Plan     plan       `cmd:"" help:"Play through a day on which many members fall due at once: time, units, cost."`
	Codes    codesCmd   `cmd:"" help:"Add codes that rewards give out."`

	Estimate estimateCmd `cmd:"" help:"Estimate costs on AWS."`

	Failures  failuresCmd  `cmd:"" help:"List work that failed for good, show it and start it again."`
	Webhooks  webhooksCmd  `cmd:"" help:"List what payment processors sent, show it, take it again, and ask them for what they sent while nobody listened."`
	Trigger   trigger      `cmd:"" help:"Send a signed sample event of a payment processor to a running perennial dev."`
	Reminders remindersCmd `cmd:"" help:"Say who would be reminded of what tomorrow, or what perennial dev would have sent."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

func main() {
	// The first signal ends what is under way in order. A second one ends the process.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)

	var c commands
	parsed := kong.Parse(&c,
		kong.Name("perennial"),
		kong.Description("A customer loyalty platform: points, tiers and rewards."),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)))
	err := parsed.Run()
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		os.Exit(130) // stopped by a signal before it was done, which is what was asked for
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "perennial:", err)
		os.Exit(1)
	}
}

type versionCmd struct{}

// Run prints the module's version, or that of the sources where it was built from a checkout.
func (versionCmd) Run() error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		fmt.Println("unknown")
		return nil
	}
	fmt.Println(info.Main.Version, info.GoVersion)
	return nil
}
