package access

import (
	"fmt"
	"slices"
	"strings"
)

// A Reading is an assumption about how DynamoDB authorizes a transaction: it determines the value of the condition key
// dynamodb:LeadingKeys. AWS documents this value only for single and batch operations.
type Reading int

const (
	PerAction        Reading = iota // each action has the keys of only those items to which the action applies
	WholeTransaction                // each action has the keys of all items in the transaction
	NoLeadingKeys                   // the condition key is absent
)

// readings lists all possible readings.
var readings = []Reading{PerAction, WholeTransaction, NoLeadingKeys}

func (r Reading) String() string {
	switch r {
	case PerAction:
		return "leading keys per action"
	case WholeTransaction:
		return "leading keys of the whole transaction"
	}
	return "no leading keys"
}

// An Op is one item that a DynamoDB call reads or writes.
type Op struct {
	Action string // the name of an action, such as PutItem
	Key    string // the partition key; for a query over the index, the partition key of the index
}

// A Call is one call of an AWS API.
type Call struct {
	Operation string // such as dynamodb:TransactWriteItems or sqs:SendMessage
	Resource  string // an ARN; for a DynamoDB call, the ARN of the table or index
	Ops       []Op   // for a DynamoDB call: the items
	Key       string // the ARN of the KMS key that encrypts the resource; empty if AWS manages the key
}

// behalf lists, by service, the KMS actions that a caller needs to use a resource with a customer-managed key. The
// caller needs them because the service uses the key on behalf of the caller. See "Authorizing use of your customer
// managed key" in the DynamoDB developer guide (CreateGrant is needed only to create a table), "Key management" in the
// SQS developer guide, and "Permissions for the KMS key" in the Secrets Manager user guide.
var behalf = map[string][]string{
	"dynamodb": {
		"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo",
	},
	"sqs":            {"kms:Decrypt", "kms:GenerateDataKey"},
	"secretsmanager": {"kms:Decrypt"},
}

// Requests returns the requests that AWS must authorize for the call, if the reading is correct. AWS allows the call
// only if it allows all of these requests.
func (c Call) Requests(reading Reading) []Request {
	if len(c.Ops) == 0 {
		return append([]Request{{Action: c.Operation, Resource: c.Resource}}, c.keyRequests()...)
	}
	var requests []Request
	var actions []string
	for _, op := range c.Ops {
		if slices.Contains(actions, op.Action) {
			continue
		}
		actions = append(actions, op.Action)
		r := Request{Action: "dynamodb:" + op.Action, Resource: c.Resource, Context: map[string][]string{}}
		if keys := c.leadingKeys(op.Action, reading); keys != nil {
			r.Context["dynamodb:LeadingKeys"] = keys
		}
		if c.isTransaction() {
			r.Context["dynamodb:EnclosingOperation"] = []string{"TransactWriteItems"}
		}
		requests = append(requests, r)
	}
	return append(requests, c.keyRequests()...)
}

func (c Call) isTransaction() bool { return c.Operation == "dynamodb:TransactWriteItems" }

// leadingKeys returns the value of dynamodb:LeadingKeys for an action of the call. It returns nil if the condition key
// is absent.
func (c Call) leadingKeys(action string, reading Reading) (keys []string) {
	if c.isTransaction() && reading == NoLeadingKeys {
		return nil
	}
	for _, op := range c.Ops {
		if c.isTransaction() && reading == WholeTransaction || op.Action == action {
			keys = append(keys, op.Key)
		}
	}
	return keys
}

func (c Call) keyRequests() (requests []Request) {
	if c.Key == "" {
		return nil
	}
	service, _, _ := strings.Cut(c.Operation, ":")
	via := service + "." + strings.Split(c.Key, ":")[3] + ".amazonaws.com"
	for _, action := range behalf[service] {
		requests = append(requests, Request{
			Action: action, Resource: c.Key, Context: map[string][]string{"kms:ViaService": {via}},
		})
	}
	return requests
}

// A DeniedError reports a call that a function's policies do not allow.
type DeniedError struct {
	Function string
	Call     Call
	Request  Request // the denied request
	Reading  Reading
}

func (e *DeniedError) Error() string {
	text := fmt.Sprintf("AccessDeniedException: function %s is not authorized to perform: %s on resource: %s",
		e.Function, e.Request.Action, e.Request.Resource)
	if len(e.Call.Ops) > 0 {
		text += fmt.Sprintf(" (%s, %s %q)", e.Call.Operation, e.Reading, e.Request.Context["dynamodb:LeadingKeys"])
	}
	return text
}

// Check returns a *DeniedError unless the policy allows the call under every reading.
func (p Policy) Check(function string, c Call) error {
	for _, reading := range readings {
		for _, r := range c.Requests(reading) {
			allowed, err := p.Decide(r)
			if err != nil {
				return err
			}
			if !allowed {
				return &DeniedError{Function: function, Call: c, Request: r, Reading: reading}
			}
		}
		if !c.isTransaction() {
			break // only transactions depend on the reading
		}
	}
	return nil
}
