// Command perennial runs the whole platform on one machine (perennial dev). Its other commands are for operators. They
// validate, explain, compare and publish program files; create and revoke API keys and the keys that sign the tokens of
// members; upload codes; list reminders, webhooks and upcoming tier changes; list and restart failed work; estimate
// costs; verify the ledger; and print the licenses of other authors. Two commands control a local stack: one advances
// its clock, and one sends it sample events. Command perennial is not a Lambda function, and is the only program that
// contains the storage engine of the local table.
//
// # One machine
//
// perennial dev publishes the demo program, adds 200 members with a year of orders, and creates an API key. The flag
// --program serves another file, and --data stores the data in a directory. With --functions, the stack runs the
// binaries that are deployed to AWS, with an emulated Lambda Runtime API and with the environment, timeouts, events and
// policies of template.yaml. If a function lacks a permission, the call fails and is logged. --dynamodb stores the data
// in a DynamoDB endpoint. perennial clock +15d advances the clock of the stack and processes all work that becomes due.
// perennial reminders --outbox lists the messages that members would have received.
//
// # Programs
//
// perennial program publish publishes a file as a version, which is live at once or from the instant of --effective-at.
// A version never changes. program rollback publishes the file of an earlier version again and withdraws scheduled
// versions. program versions lists all versions with their status. The points of an order are calculated with the
// version that was live when the order was placed.
//
// --recall withdraws mistaken versions. With program publish, this is the version that the new one replaces. With
// program rollback, these are all versions that were live after the version that is published again. Orders and events
// from the time of a mistaken version may arrive later. They are processed with the version before it. The API has the
// same function (POST /v1/program/publish and /v1/program/rollback).
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

	"github.com/perennial-loyalty/perennial/internal/notices"
	"github.com/perennial-loyalty/perennial/internal/verify/verifycmd"
)

type commands struct {
	Dev     dev        `cmd:"" help:"Run the whole platform on this machine."`
	Clock   clock      `cmd:"" help:"Read or advance the clock of a running perennial dev."`
	Program programCmd `cmd:"" help:"Validate, explain, compare and publish program files."`
	Keys    keys       `cmd:"" help:"Create and revoke API keys."`

	TokenKeys    tokenKeys    `cmd:"" help:"Create, list and revoke the keys that sign the tokens of members."`
	TokenIssuers tokenIssuers `cmd:"" help:"Add, list and remove the OpenID Connect issuers of member tokens."`
	GuestAccess  guestAccess  `cmd:"" help:"Let anyone list the rewards of a program or create quotes."`
	Origins      originsCmd   `cmd:"" help:"Add, list and remove the origins whose pages may call the API."`
	Operators    operatorsCmd `cmd:"" help:"Add, list, change and remove the operators of a program."`

	Switches switchesCmd `cmd:"" help:"Stop and release parts of a program."`
	Erasures erasuresCmd `cmd:"" help:"Apply erasures to a restored table."`

	Tiers tiersCmd `cmd:"" help:"List upcoming tier changes."`
	Codes codesCmd `cmd:"" help:"Add codes to a reward's pool."`

	Estimate estimateCmd `cmd:"" help:"Estimate costs, and nights with many due members, on AWS."`

	Failures  failuresCmd  `cmd:"" help:"List, show and restart failed work."`
	Webhooks  webhooksCmd  `cmd:"" help:"List, show, replay and backfill events of payment processors."`
	Trigger   trigger      `cmd:"" help:"Send a signed sample event of a payment processor to a running perennial dev."`
	Reminders remindersCmd `cmd:"" help:"List tomorrow's reminders, or the outbox of a running perennial dev."`
	Version   versionCmd   `cmd:"" help:"Print the version."`

	Licenses notices.Command `cmd:"" help:"Print the licenses of the software that the binaries contain."`

	Verify    verifycmd.Verify    `cmd:"" help:"${verify}"`
	Reconcile verifycmd.Reconcile `cmd:"" help:"${reconcile}"`
	Drill     verifycmd.Drill     `cmd:"" help:"${drill}"`
}

func main() {
	// The first signal stops the command gracefully. A second signal ends the process.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)

	var c commands
	parser := kong.Must(&c,
		kong.Name("perennial"),
		kong.Description("A customer loyalty platform: points, tiers and rewards."),
		helpTexts,
		kong.BindTo(ctx, (*context.Context)(nil)))
	parsed, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "perennial:", usageError(err))
		os.Exit(1)
	}
	err = parsed.Run()
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		os.Exit(130) // a signal stopped the command before its end
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "perennial:", err)
		os.Exit(1)
	}
}

// usageError returns the message for arguments that could not be parsed: the reason, and the command that prints the
// usage.
func usageError(err error) string {
	command := "perennial"
	if bad, ok := errors.AsType[*kong.ParseError](err); ok {
		for _, p := range bad.Context.Path {
			if p.Command != nil {
				command += " " + p.Command.Name
			}
		}
	}
	return fmt.Sprintf("%v\nRun %s --help to see its arguments and flags.", err, command)
}

type versionCmd struct{}

// Run prints the version of the module. If the command was built from a checkout, it prints the revision of the
// sources.
func (versionCmd) Run() error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		fmt.Println("unknown")
		return nil
	}
	fmt.Println(info.Main.Version, info.GoVersion)
	return nil
}
