package infra

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

func TestBackgroundFailuresReachQueues(t *testing.T) {
	for _, problem := range lostFailures(readStack(t)) {
		t.Error(problem)
	}
}

func TestLostFailuresAreDetected(t *testing.T) {
	drop := func(o object, name string) {
		if _, ok := o[name]; !ok {
			t.Fatalf("the mutation does not find %s", name)
		}
		delete(o, name)
	}
	event := func(tpl *stack.Template, function, name string) object {
		for _, e := range tpl.Functions[function].Events {
			if e.Name == name {
				return e.Properties
			}
		}
		t.Fatalf("%s has no event %s", function, name)
		return nil
	}
	for mutation, mutate := range map[string]func(*stack.Template){
		"no destination of asynchronous invocations": func(tpl *stack.Template) {
			drop(tpl.Functions["RemindFunction"].Properties["EventInvokeConfig"].(object), "DestinationConfig")
		},
		"no limit of attempts": func(tpl *stack.Template) {
			drop(tpl.Functions["ReassessFunction"].Properties["EventInvokeConfig"].(object), "MaximumRetryAttempts")
		},
		"no limit of age": func(tpl *stack.Template) {
			drop(tpl.Functions["ReassessFunction"].Properties["EventInvokeConfig"].(object), "MaximumEventAgeInSeconds")
		},
		"no configuration of asynchronous invocations": func(tpl *stack.Template) {
			drop(tpl.Functions["ReassessFunction"].Properties, "EventInvokeConfig")
		},
		"no dead-letter queue of a schedule": func(tpl *stack.Template) {
			drop(event(tpl, "RemindFunction", "Hourly"), "DeadLetterConfig")
		},
		"the schedules' role may not send": func(tpl *stack.Template) {
			statements := stack.List(
				stack.At(
					stack.List(tpl.Resources["ScheduleRole"].Properties["Policies"])[0], "PolicyDocument", "Statement",
				),
			)
			drop(statements[1].(object), "Resource")
		},
		"no dead-letter queue of the rule": func(tpl *stack.Template) {
			drop(event(tpl, "RemindFunction", "Feedback"), "DeadLetterConfig")
		},
		"no queue policy": func(tpl *stack.Template) { delete(tpl.Resources, "FeedbackDeadLettersPolicy") },
		"a queue policy without its condition": func(tpl *stack.Template) {
			statements := stack.At(tpl.Resources["FeedbackDeadLettersPolicy"].Properties, "PolicyDocument", "Statement")
			drop(stack.List(statements)[0].(object), "Condition")
		},
		"the rule shares the queue of the schedules": func(tpl *stack.Template) {
			event(tpl, "RemindFunction", "Feedback")["DeadLetterConfig"] = object{
				"Arn": object{"Fn::GetAtt": []any{"ScheduleDeadLetters", "Arn"}},
			}
		},
		"no redrive policy": func(tpl *stack.Template) {
			drop(
				tpl.Resources["ReassessQueue"].Properties, "RedrivePolicy",
			)
		},
		"a message is hidden for less than six times the timeout": func(tpl *stack.Template) {
			tpl.Resources["ReassessQueue"].Properties["VisibilityTimeout"] = uint64(300)
		},
		"one message repeats the batch": func(tpl *stack.Template) {
			drop(event(tpl, "RemindFunction", "Work"), "FunctionResponseTypes")
		},
		"no destination of the stream": func(tpl *stack.Template) {
			drop(event(tpl, "RelayFunction", "Entries"), "DestinationConfig")
		},
		"failures are retained for four days": func(tpl *stack.Template) {
			drop(tpl.Resources["InvocationFailures"].Properties, "MessageRetentionPeriod")
		},
		"a queue of failures is not in the output": func(tpl *stack.Template) {
			drop(stack.At(tpl.Document, "Outputs", "FailureQueues").(object), "Value")
		},
	} {
		tpl := readStack(t)
		mutate(tpl)
		if len(lostFailures(tpl)) == 0 {
			t.Errorf("not detected: %s", mutation)
		}
	}
}

// lostFailures returns the failures of background work that no queue receives. It checks the queue of each event
// source, the source's permission to send to it, and the stack output that lists the queues.
func lostFailures(tpl *stack.Template) (problems []string) {
	c := failureCheck{tpl: tpl, queues: map[string]bool{}}
	for _, id := range tpl.FunctionIDs() {
		f := tpl.Functions[id]
		for _, e := range f.Events {
			c.event(f, e)
		}
	}
	listed := fmt.Sprint(stack.At(tpl.Document, "Outputs", "FailureQueues", "Value"))
	for queue := range c.queues {
		c.require(tpl.Resources[queue].Type == "AWS::SQS::Queue", "%s is not a queue", queue)
		c.require(
			tpl.Resources[queue].Properties["MessageRetentionPeriod"] == uint64(14*24*60*60),
			"%s retains messages for less than two weeks", queue,
		)
		c.require(strings.Contains(listed, "${"+queue+"}"), "the output FailureQueues does not list %s", queue)
	}
	return c.problems
}

// A failureCheck collects problems and the queues that receive failures.
type failureCheck struct {
	tpl      *stack.Template
	queues   map[string]bool
	problems []string
}

func (c *failureCheck) require(holds bool, format string, values ...any) {
	if !holds {
		c.problems = append(c.problems, fmt.Sprintf(format, values...))
	}
}

// queue records the queue of a reference as one that receives failures, and returns its name.
func (c *failureCheck) queue(v any, source string) string {
	name := stack.Referent(v)
	c.require(name != "", "failures of %s are lost", source)
	if name != "" {
		c.queues[name] = true
	}
	return name
}

func (c *failureCheck) event(f *stack.Function, e stack.Event) {
	source := f.ID + e.Name
	switch e.Type {
	case "ScheduleV2":
		c.asynchronous(f)
		queue := c.queue(stack.At(e.Properties, "DeadLetterConfig", "Arn"), source)
		c.require(c.roleMaySend(stack.Referent(e.Properties["RoleArn"]), queue), "%s may not send to %q", source, queue)
		c.require(e.Properties["RetryPolicy"] != nil, "%s has no limit of attempts", source)
	case "EventBridgeRule":
		c.asynchronous(f)
		queue := c.queue(stack.At(e.Properties, "DeadLetterConfig", "Arn"), source)
		c.require(c.ruleMaySend(source, queue), "%s may not send to %q", source, queue)
		c.require(e.Properties["RetryPolicy"] != nil, "%s has no limit of attempts", source)
	case "SQS":
		c.batches(f, e)
		c.queue(stack.At(c.tpl.Resources[e.Source].Properties, "RedrivePolicy", "deadLetterTargetArn"), source)
	case "DynamoDB":
		c.batches(f, e)
		c.require(e.Properties["BisectBatchOnFunctionError"] == true, "%s fails with all records of a batch", source)
		c.queue(stack.At(e.Properties, "DestinationConfig", "OnFailure", "Destination"), source)
	}
}

// asynchronous checks a function that Lambda invokes asynchronously. SAM allows its role to send to the
// destination.
func (c *failureCheck) asynchronous(f *stack.Function) {
	config := f.Properties["EventInvokeConfig"]
	c.require(stack.At(config, "MaximumRetryAttempts") != nil, "%s has no limit of attempts", f.ID)
	c.require(stack.At(config, "MaximumEventAgeInSeconds") != nil, "%s has no limit of age", f.ID)
	c.require(
		stack.At(config, "DestinationConfig", "OnFailure", "Type") == "SQS", "%s does not send failures to a queue",
		f.ID,
	)
	c.queue(stack.At(config, "DestinationConfig", "OnFailure", "Destination"), f.ID)
}

// batches checks a polling event source. AWS recommends that a message is hidden for six times the function's
// timeout.
func (c *failureCheck) batches(f *stack.Function, e stack.Event) {
	source := f.ID + e.Name
	partial := slices.Contains(stack.List(e.Properties["FunctionResponseTypes"]), any("ReportBatchItemFailures"))
	c.require(partial, "one failure of %s repeats the whole batch", source)
	if e.Type != "SQS" {
		return
	}
	hidden, _ := c.tpl.Resources[e.Source].Properties["VisibilityTimeout"].(uint64)
	c.require(
		hidden >= uint64(6*f.Timeout), "%s may receive a message twice: it is hidden for %d seconds", source, hidden,
	)
	c.require(
		stack.At(e.Properties, "ScalingConfig", "MaximumConcurrency") != nil,
		"%s can use all of the account's concurrency", source,
	)
}

// roleMaySend reports whether a role of the template may send messages to a queue.
func (c *failureCheck) roleMaySend(role, queue string) bool {
	for _, policy := range stack.List(c.tpl.Resources[role].Properties["Policies"]) {
		for _, s := range stack.List(stack.At(policy, "PolicyDocument", "Statement")) {
			if stack.At(s, "Action") == "sqs:SendMessage" && stack.Referent(stack.At(s, "Resource")) == queue {
				return true
			}
		}
	}
	return false
}

// ruleMaySend reports whether a queue's policy allows EventBridge to send to it for one rule only.
func (c *failureCheck) ruleMaySend(rule, queue string) bool {
	for _, r := range c.tpl.OfType("AWS::SQS::QueuePolicy") {
		if stack.Referent(stack.List(r.Properties["Queues"])[0]) != queue {
			continue
		}
		for _, s := range stack.List(stack.At(r.Properties, "PolicyDocument", "Statement")) {
			if stack.At(s, "Effect") == "Allow" && stack.At(s, "Principal", "Service") == "events.amazonaws.com" &&
				stack.At(s, "Action") == "sqs:SendMessage" && stack.Referent(stack.At(s, "Resource")) == queue &&
				stack.Referent(stack.At(s, "Condition", "ArnEquals", "aws:SourceArn")) == rule {
				return true
			}
		}
	}
	return false
}
