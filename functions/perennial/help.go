package main

import "github.com/alecthomas/kong"

// helpTexts contains the help texts of flags and arguments that are too long for a struct tag.
var helpTexts = kong.Vars{
	"providers": "stripe,shopify,square,paypal,adyen,standard",

	"keys_daily_points": "Maximum number of points that the key adds to balances manually in one day, in UTC. " +
		"The default is 10000000.",
	"clock_by": "Duration to advance the clock by: +30d, +2w, +36h. Omit it to read the clock.",
	"dev_addr": "Address to listen on; port 0 selects a free port. " +
		"An address that other machines can reach must be stated explicitly.",
	"dev_data": "Directory for the data. Without it, the data are deleted when the command ends.",
	"dev_program": "Program file to publish, unless it was published before. " +
		"The default is the program in --data, or the demo program Bluebird Rewards.",
	"dev_clock": "Freeze the clock at this instant, such as 2026-12-01T10:00:00Z, until it is advanced.",
	"dev_dynamo_db": "URL of a DynamoDB endpoint for the data, such as DynamoDB Local. " +
		"The table is created if necessary.",
	"dev_functions": "Build the functions and run their binaries with an emulated Lambda Runtime API " +
		"and the policies of template.yaml. This requires a checkout.",
	"dev_checkpoints": "Directory to which the latest signed checkpoint of each program is written, " +
		"for perennial verify. Use a directory outside --data, so that a change of the data cannot change it.",
	"dev_webhooks": "JSON file with the connections to payment processors: {\"bluebird\": {\"stripe\": {\"secrets\": " +
		"[\"whsec_…\"]}}}. The default is the connections that perennial trigger uses.",
	"diff_old": "Older program file. Without a second file, " +
		"it is compared with the live version of its program in the table or the data directory.",
	"queues": "Failure queues in the format of the stack's output FailureQueues, " +
		"to avoid reading CloudFormation.",
	"failure_store_dev": "Address of a running perennial dev, such as http://127.0.0.1:8080.",
	"tiers":             "Tier changes if the requirements of levels have changed: members only move up, or also down.",
	"publish_effective_at": "Instant from which the version is live, such as 2026-12-05T00:00:00+01:00, " +
		"at most a year ahead. The default is now.",
	"publish_recall": "Recall the replaced version. " +
		"Orders from its period that are not accepted yet are priced by the version before it.",
	"rollback_tiers": "Tier changes if the requirements of levels differ: members only move up, or also down.",
	"rollback_version": "Version whose file is published again. " +
		"For the live version, only scheduled versions are withdrawn.",
	"rollback_recall": "Recall every later live version. " +
		"Orders from their period that are not accepted yet are priced by the given version.",
	"store_table": "Name or ARN of the DynamoDB table (TableName in the stack's outputs).",
	"tiers_preview_until": "Instant up to which to list changes, such as 2027-01-01T00:00:00+01:00. " +
		"The default is now.",
	"tiers_preview_file": "Program file to use in place of the live version, as if it were published now.",
	"tiers_preview_tier_changes": "With --file, tier changes if the requirements of levels differ: " +
		"members only move up, or also down.",
	"paypal": "perennial dev emulates PayPal, which signs its events.",
	"trigger_type": "Event type of the processor: " +
		"charge.refunded, orders/paid, payment.updated, CAPTURE, payment.captured. An unknown type prints the list.",
	"trigger_at": "Time of the event, such as 2026-12-01T10:00:00Z. The default is the stack's time. " +
		"Use the same ID and time to send an event again.",
	"keys_rotate": "Create a successor of a key with the same scopes and limits, and print it. " +
		"Both keys are valid until you revoke the old one.",
	"keys_expire_after": "Duration after which the old key expires, such as 24h. " +
		"Without it, the old key is valid until it is revoked.",
	"keys_ip_range": "IP range from which the key may be used, such as 203.0.113.0/24. " +
		"Separate several with commas. Without it, any address may use the key.",
	"token_keys_create": "Create a token key and print its secret, which is not shown again. " +
		"Two keys can be valid at a time.",
	"token_keys_public": "PEM file with an Ed25519 public key. " +
		"Tokens are then signed with EdDSA, and the ID of the key is printed.",
	"token_issuers_add": "Let members call the API with access tokens of an OpenID Connect issuer (RS256 or ES256). " +
		"Tokens must expire at most 600 seconds after they are issued.",
	"token_issuers_remove": "Remove an issuer. Its tokens stop working everywhere within a minute.",
	"token_store_secret": "With --table: name or ARN of the stack's master secret in Secrets Manager " +
		"(its resource Secret).",
	"erasures_apply": "Erase the members in a list of completed erasures, after the table was restored and before it " +
		"serves requests. The schedule deletes their data within an hour.",
	"reconcile": "Repair a restored table or data directory: rebuild accounts from their entries, complete the " +
		"transparency logs, and report the rest.",
	"drill": "Practice a restore: make a copy whose items are from different instants, reconcile it, and prove it. " +
		"The original does not change.",
	"verify": "Check the hash chains, balances, audit lists and transparency logs of a table, a data directory or " +
		"an export.",
	"verify_export": "Directory with a downloaded export of the table to S3, in DynamoDB JSON.",
	"verify_endpoint": "With --table: a DynamoDB endpoint on this machine, such as DynamoDB Local. " +
		"The default is AWS, with the credentials and the region of the environment.",
	"verify_checkpoint": "Signed checkpoint from outside the data: a file of perennial dev --checkpoints, or the " +
		"field checkpoint of GET /v1/checkpoint. Without it, the result is not anchored.",
	"verify_key": "Public key that must have signed the checkpoints of a program " +
		"(verifier_key of GET /v1/checkpoint).",
	"webhooks_cmd_replay":   "Process an event again, even if it is quarantined. Its effects occur only once.",
	"webhooks_cmd_backfill": "Request a processor's past events, and process the missed ones.",
	"webhook_store_secret":  "With --table: name or ARN of the stack's secret in Secrets Manager.",
	"webhook_store_webhooks": "Connections to payment processors: with --table the secret in Secrets Manager, " +
		"with --data the file that perennial dev uses for --webhooks, if any.",
	"resent":                  "The others resend unprocessed events automatically.",
	"webhooks_backfill_since": "Start of the period, such as 2026-12-01T10:00:00Z.",
}
