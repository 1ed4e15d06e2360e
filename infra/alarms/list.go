package alarms

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// List returns all alarms, in the order of the dashboard.
func List() []Alarm {
	list := slices.Concat(requests(), webhooks(), functionFailures(), capacity(), schedulesAndQueues(), table())
	for i := range list {
		if list[i].Section == "" {
			list[i].Section = list[i].ID
		}
		if list[i].Missing == "" {
			list[i].Missing = notBreaching
		}
	}
	return list
}

func requests() []Alarm {
	return []Alarm{
		{
			ID:          "ApiErrors",
			Description: "The API answered requests with a status of 500 or more.",
			Metrics:     []Metric{reported(apiErrors, "Sum")},
			Unit:        "responses", Threshold: 0, Period: 60, Periods: 1, Release: Every,
			Related: []Metric{ofAPI("5xx", "Sum"), ofAPI("4xx", "Sum"), ofAPI("Count", "Sum")},
		},
		{
			ID:          "ApiLatency",
			Description: "One request in a hundred takes more than three seconds.",
			Metrics:     []Metric{ofAPI("Latency", "p99")},
			Unit:        "milliseconds", Threshold: 3000, Period: 300, Periods: 3,
			Related: []Metric{ofAPI("Latency", "p50")},
		},
		{
			ID:          "InvariantViolations",
			Description: "A command was refused because its result would have broken an invariant of the ledger.",
			Metrics:     []Metric{reported(telemetry.InvariantViolations, "Sum")},
			Unit:        "commands", Threshold: 0, Period: 60, Periods: 1,
		},
		{
			ID:          "GuessedCodes",
			Description: "A client of an API key is guessing uploaded codes.",
			Metrics:     []Metric{reported(telemetry.CodeGuesses, "Sum")},
			Unit:        "clients", Threshold: 0, Period: 60, Periods: 1,
		},
		{
			ID:          "AdjustmentLimits",
			Description: "An API key reached its daily limit for points that are added manually.",
			Metrics:     []Metric{reported(telemetry.AdjustmentLimits, "Sum")},
			Unit:        "requests", Threshold: 0, Period: 60, Periods: 1,
		},
		{
			ID:          "EnrollmentLimits",
			Description: "One client or IP address enrolls members faster than its limit allows.",
			Metrics:     []Metric{reported(telemetry.EnrollmentLimits, "Sum")},
			Unit:        "requests", Threshold: 20, Period: 300, Periods: 1,
		},
	}
}

func webhooks() []Alarm {
	return []Alarm{
		{
			ID:          "SignatureFailures",
			Description: "More than 20 webhooks in a minute were not signed by the payment processor.",
			Metrics:     []Metric{reported(telemetry.SignatureFailures, "Sum")},
			Unit:        "webhooks", Threshold: 20, Period: 60, Periods: 1,
		},
		{
			ID: "QuarantinedWebhooks",
			Description: "Events of a payment processor were quarantined; " +
				"perennial webhooks list --quarantined shows them.",
			Metrics: []Metric{reported(telemetry.Quarantined, "Sum")},
			Unit:    "events", Threshold: 0, Period: 60, Periods: 1,
		},
		{
			ID:          "SilentProvider",
			Description: "A connected payment processor has sent no event for twice its usual gap.",
			Metrics:     []Metric{reported(telemetry.SilentProvider, "Maximum")},
			Unit:        "processors", Threshold: 0, Period: 3600, Periods: 1,
		},
	}
}

// functionFailures returns one alarm for all functions together. It also returns one alarm for the current version of
// each function, which stops the deployment of this function. Such an alarm has no data before the new version runs.
// Therefore an alarm that the old version raised does not stop a deployment that repairs it.
func functionFailures() []Alarm {
	list := []Alarm{
		{
			ID: "FunctionErrors",
			Description: "Functions reported failures: " +
				"responses of 500 or more, or events that could not be processed.",
			Metrics: []Metric{reported(telemetry.Errors, "Sum")},
			Unit:    "failures", Threshold: 0, Period: 300, Periods: 1,
			Related: each(functions, func(f function) Metric {
				return reported(telemetry.Errors, "Sum", Dimension{"function", f.name})
			}),
		},
		{
			ID: "LambdaErrors",
			Description: "The current version of a function ended without an answer: " +
				"a crash, a timeout or too little memory.",
			Metrics: each(functions, func(f function) Metric {
				return Metric{"AWS/Lambda", "Errors", []Dimension{
					{"FunctionName", f.ref()}, {"Resource", f.ref() + ":live"}, {"ExecutedVersion", f.version()},
				}, "Sum"}
			}),
			Expression: filled("SUM", len(functions)),
			Unit:       "invocations", Threshold: 0, Period: 60, Periods: 1, Release: Every,
		},
	}
	for _, f := range functions {
		list = append(list, Alarm{
			ID:      f.title() + "ReleaseErrors",
			Section: "ReleaseErrors",
			Description: "The current version of the function " + f.name +
				" reported failures. Its deployment is rolled back.",
			Metrics: []Metric{
				reported(telemetry.Errors, "Sum", Dimension{"function", f.name}, Dimension{"version", f.version()}),
			},
			Unit: "failures", Threshold: 0, Period: 60, Periods: 1, Release: Release(f.id()),
		})
	}
	return list
}

// capacity returns the alarms for functions that approach their timeout, and for Lambda's concurrency.
func capacity() []Alarm {
	steady := slices.DeleteFunc(slices.Clone(functions), func(f function) bool { return !f.steady })
	return []Alarm{
		{
			ID:          "Timeouts",
			Description: "Functions stopped before their work was done, because their time was over.",
			Metrics:     []Metric{reported(telemetry.Timeouts, "Sum")},
			Unit:        "invocations", Threshold: 0, Period: 300, Periods: 1,
		},
		{
			ID:          "LambdaDuration",
			Description: "One invocation in a hundred takes more than 80 % of the function's timeout.",
			Metrics:     each(steady, func(f function) Metric { return f.metric("Duration", "p99") }),
			Expression:  shares(steady),
			Unit:        "percent of the timeout", Threshold: 80, Period: 300, Periods: 3,
		},
		{
			ID: "LambdaThrottles",
			Description: "Lambda refused invocations, " +
				"because a function or the account is at the limit of its concurrency.",
			Metrics:    each(functions, func(f function) Metric { return f.metric("Throttles", "Sum") }),
			Expression: filled("SUM", len(functions)),
			Unit:       "invocations", Threshold: 0, Period: 300, Periods: 1,
		},
		{
			ID: "IteratorAge",
			Description: "The relay is more than five minutes behind the table's stream, " +
				"which keeps records for a day.",
			Metrics: []Metric{function{name: "relay"}.metric("IteratorAge", "Maximum")},
			Unit:    "milliseconds", Threshold: 300_000, Period: 60, Periods: 5,
		},
	}
}

func schedulesAndQueues() []Alarm {
	var list []Alarm
	for _, f := range scheduled {
		list = append(list, Alarm{
			ID:      f.title() + "Late",
			Section: "ScheduleLate",
			Description: "The schedule of " + f.name +
				" was handled more than an hour late, or did not run for two hours.",
			Metrics: []Metric{
				reported(telemetry.ScheduleLateSeconds, "Maximum", Dimension{"function", f.name}),
			},
			Unit: "seconds", Threshold: 3600, Period: 3600, Periods: 2, Missing: breaching,
		})
	}
	for _, q := range workQueues {
		list = append(list, Alarm{
			ID:          q + "Age",
			Section:     "QueueAge",
			Description: "A message has waited in " + q + " for more than five minutes.",
			Metrics:     []Metric{ofQueue(q, "ApproximateAgeOfOldestMessage")},
			Unit:        "seconds", Threshold: 300, Period: 60, Periods: 5,
		})
	}
	lost := each(scheduled, func(f function) Metric { return f.metric("DestinationDeliveryFailures", "Sum") })
	lost = append(lost, each(scheduled, func(f function) Metric { return f.metric("AsyncEventsDropped", "Sum") })...)
	return append(list,
		Alarm{
			ID:          "DeadLetters",
			Description: "Failed work waits in a queue; perennial failures list shows it.",
			Metrics: each(failureQueues, func(q string) Metric {
				return ofQueue(q, "ApproximateNumberOfMessagesVisible")
			}),
			Expression: filled("SUM", len(failureQueues)),
			Unit:       "messages", Threshold: 0, Period: 60, Periods: 1,
		},
		Alarm{
			ID:          "LostEvents",
			Description: "Lambda gave up an asynchronous event, or could not send it to the queue InvocationFailures.",
			Metrics:     lost,
			Expression:  filled("SUM", len(lost)),
			Unit:        "events", Threshold: 0, Period: 60, Periods: 1,
		})
}

func table() []Alarm {
	return []Alarm{
		{
			ID:          "TableErrors",
			Description: "DynamoDB answered more than ten calls with a failure of its own.",
			Metrics:     each(tableOperations, func(o string) Metric { return ofOperation(o, "SystemErrors", "Sum") }),
			Expression:  filled("SUM", len(tableOperations)),
			Unit:        "calls", Threshold: 10, Period: 300, Periods: 1,
		},
		{
			ID: "TableThrottles",
			Description: "DynamoDB refused more than ten calls, because the table, " +
				"its index or a key was over its throughput.",
			Metrics: []Metric{reported(telemetry.Throttles, "Sum")},
			Unit:    "calls", Threshold: 10, Period: 300, Periods: 1,
			Related: []Metric{ofTable("ReadThrottleEvents"), ofTable("WriteThrottleEvents")},
		},
		{
			ID:          "TableConflicts",
			Description: "More than one percent of the transactions conflicted with another one.",
			Metrics: []Metric{
				reported(telemetry.Conflicts, "Sum"),
				ofOperation("TransactWriteItems", "SuccessfulRequestLatency", "SampleCount"),
			},
			Expression: "IF(FILL(m0, 0) > 10, 100 * FILL(m0, 0) / (FILL(m0, 0) + FILL(m1, 0)), 0)",
			Unit:       "percent of the transactions", Threshold: 1, Period: 300, Periods: 1,
			Related: []Metric{ofTable("TransactionConflict")},
		},
		{
			ID:          "PITRDisabled",
			Description: "Point-in-time recovery of the table is off, so the table cannot be restored.",
			Metrics:     []Metric{reported(telemetry.PITRDisabled, "Maximum")},
			Unit:        "1 if it is off", Threshold: 0, Period: 3600, Periods: 1,
		},
	}
}
