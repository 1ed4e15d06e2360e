// Command perennial runs the whole platform on one machine (perennial dev). Its other commands are for operators. They
// validate, explain, compare and publish program files; create and revoke API keys; upload codes; list reminders,
// webhooks and upcoming tier changes; list and restart failed work; and estimate costs. Two commands control a local
// stack: one advances its clock, and one sends it sample events. Command perennial is not a Lambda function, and is the
// only program that contains the engine of the local table.
//
// # One machine
//
// perennial dev publishes the demo program, adds 200 members with a year of orders, and creates an API key. --program
// serves another file, and --data keeps the data in a directory. With --functions it runs the binaries that are
// deployed, behind an emulated Lambda Runtime API, with the environment, timeouts, events and policies of
// template.yaml: a missing permission fails and is logged. --dynamodb keeps the data in a DynamoDB endpoint. perennial
// clock +15d advances its clock, with everything that becomes due in that time, and perennial reminders --outbox lists
// the messages that it would have sent.
//
// # Programs
//
// perennial program publish publishes a file as a version, live now or from --effective-at on. A version never changes.
// program rollback publishes the file of an earlier version again and withdraws scheduled versions; program versions
// lists all versions with their status. An order is priced by the version that was live when it was placed.
//
// --recall withdraws a mistaken version: the version that a new one replaces or, with program rollback, all versions
// that were live after the one that is published again. Orders and events of that time that are not accepted yet are
// priced by the version before it. The API does the same (POST /v1/program/publish and /v1/program/rollback).
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
	Dev     dev        `cmd:"" help:"Run the whole platform on this machine."`
	Clock   clock      `cmd:"" help:"Read or advance the clock of a running perennial dev."`
	Program programCmd `cmd:"" help:"Validate, explain, compare and publish program files."`
	Keys    keys       `cmd:"" help:"Create and revoke API keys."`
	Tiers   tiersCmd   `cmd:"" help:"List upcoming tier changes."`
	Codes   codesCmd   `cmd:"" help:"Add codes to a reward's pool."`

	Estimate estimateCmd `cmd:"" help:"Estimate costs, and nights with many due members, on AWS."`

	Failures  failuresCmd  `cmd:"" help:"List, show and restart failed work."`
	Webhooks  webhooksCmd  `cmd:"" help:"List, show, replay and backfill events of payment processors."`
	Trigger   trigger      `cmd:"" help:"Send a signed sample event of a payment processor to a running perennial dev."`
	Reminders remindersCmd `cmd:"" help:"List tomorrow's reminders, or the outbox of a running perennial dev."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

func main() {
	// The first signal stops the command gracefully. A second one ends the process.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)

	var c commands
	parsed := kong.Parse(&c,
		kong.Name("perennial"),
		kong.Description("A customer loyalty platform: points, tiers and rewards."),
		kong.UsageOnError(),
		helpTexts,
		kong.BindTo(ctx, (*context.Context)(nil)))
	err := parsed.Run()
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		os.Exit(130) // a signal stopped the command before it was complete
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "perennial:", err)
		os.Exit(1)
	}
}

type versionCmd struct{}

// Run prints the version of the module, or of the sources if it was built from a checkout.
func (versionCmd) Run() error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		fmt.Println("unknown")
		return nil
	}
	fmt.Println(info.Main.Version, info.GoVersion)
	return nil
}
