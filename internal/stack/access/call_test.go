package access_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

func leading(patterns ...string) stack.Condition {
	return stack.Condition{Operator: "ForAllValues:StringLike", Key: keys, Values: patterns}
}

// ended is the transaction that ends a reservation of a reward with limited stock.
var ended = access.Call{Operation: "dynamodb:TransactWriteItems", Resource: tableARN, Ops: []access.Op{
	{Action: "PutItem", Key: "P#p#RD#rd_1"},
	{Action: "PutItem", Key: "P#p#M#mem_1"},
	{Action: "DeleteItem", Key: "P#p#HELD#mug"},
}}

func TestReadingsDifferInLeadingKeys(t *testing.T) {
	all := []string{"P#p#RD#rd_1", "P#p#M#mem_1", "P#p#HELD#mug"}
	for reading, want := range map[access.Reading][2][]string{
		access.PerAction:        {all[:2], all[2:]},
		access.WholeTransaction: {all, all},
		access.NoLeadingKeys:    {nil, nil},
	} {
		requests := ended.Requests(reading)
		if len(requests) != 2 || requests[0].Action != "dynamodb:PutItem" ||
			requests[1].Action != "dynamodb:DeleteItem" {
			t.Fatalf("%s: %v", reading, requests)
		}
		for i, r := range requests {
			got, present := r.Context[keys]
			if !slices.Equal(got, want[i]) || present != (want[i] != nil) {
				t.Errorf("%s: %s has the keys %q, want %q", reading, r.Action, got, want[i])
			}
			if !slices.Equal(r.Context["dynamodb:EnclosingOperation"], []string{"TransactWriteItems"}) {
				t.Errorf("%s: %s has no enclosing operation", reading, r.Action)
			}
		}
	}
}

// TestCallMustBeAllowedUnderEveryReading checks that a narrow statement for deletes allows the transaction under
// one reading only, and that one statement for all writes allows it under each.
func TestCallMustBeAllowedUnderEveryReading(t *testing.T) {
	put, del := []string{"dynamodb:PutItem"}, []string{"dynamodb:DeleteItem"}
	table := []string{tableARN}
	for name, c := range map[string]struct {
		policy  access.Policy
		denied  bool
		reading access.Reading
	}{
		"no delete": {access.Policy{allow(put, table, leading("P#*"))}, true, access.PerAction},
		"two statements": {
			access.Policy{allow(put, table, leading("P#*#RD#*", "P#*#M#*")), allow(del, table, leading("P#*#HELD#*"))},
			true, access.WholeTransaction,
		},
		"without a set operator": {
			access.Policy{
				allow(
					slices.Concat(put, del), table,
					stack.Condition{Operator: "StringLikeIfExists", Key: keys, Values: []string{"*"}},
				),
			},
			true, access.PerAction,
		},
		"a required key": {
			access.Policy{
				allow(
					slices.Concat(put, del), table, leading("P#*"),
					stack.Condition{Operator: "Null", Key: keys, Values: []string{"false"}},
				),
			},
			true, access.NoLeadingKeys,
		},
		"one statement": {
			access.Policy{allow(slices.Concat(put, del), table, leading("P#*#RD#*", "P#*#M#*", "P#*#HELD#*"))},
			false,
			0,
		},
	} {
		err := c.policy.Check("redeem", ended)
		var denied *access.DeniedError
		switch {
		case !c.denied && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.denied && err == nil:
			t.Errorf("%s: allowed", name)
		case errors.As(err, &denied) && denied.Reading != c.reading:
			t.Errorf("%s: denied with %s, want %s", name, denied.Reading, c.reading)
		}
	}
}

func TestCustomerManagedKeyMustBeAllowed(t *testing.T) {
	key := "arn:aws:kms:eu-west-1:123456789012:key/k"
	get := access.Call{
		Operation: "dynamodb:GetItem", Resource: tableARN, Ops: []access.Op{{Action: "GetItem", Key: "P#p"}}, Key: key,
	}
	read := allow([]string{"dynamodb:GetItem"}, []string{tableARN})
	use := allow(
		[]string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"},
		[]string{key},
		stack.Condition{
			Operator: "StringEquals", Key: "kms:ViaService", Values: []string{"dynamodb.eu-west-1.amazonaws.com"},
		},
	)
	if err := (access.Policy{read}).Check("earn", get); err == nil {
		t.Error("the table was read without its key")
	}
	if err := (access.Policy{read, use}).Check("earn", get); err != nil {
		t.Error(err)
	}
	send := access.Call{Operation: "sqs:SendMessage", Resource: "q", Key: key}
	if err := (access.Policy{
		allow([]string{"sqs:SendMessage"}, []string{"q"}), use,
	}).Check("remind", send); err == nil {
		t.Error("a message was encrypted with a key for the table only")
	}
	use.Condition[0].Values = []string{"sqs.eu-west-1.amazonaws.com"}
	if err := (access.Policy{
		allow([]string{"sqs:SendMessage"}, []string{"q"}), use,
	}).Check("remind", send); err != nil {
		t.Error(err)
	}
	if err := (access.Policy{read, use}).Check("earn", get); err == nil {
		t.Error("the key was used for another service")
	}
}

func TestUnusedListsUnneededGrants(t *testing.T) {
	put, del := "dynamodb:PutItem", "dynamodb:DeleteItem"
	table := []string{tableARN}
	exact := []string{"P#*#RD#*", "P#*#M#*", "P#*#HELD#*"}
	for name, c := range map[string]struct {
		statement stack.Statement
		want      int
	}{
		"exactly":                  {allow([]string{put, del}, table, leading(exact...)), 0},
		"another family":           {allow([]string{put, del}, table, leading(append(exact, "P#*#O#*")...)), 2},
		"another action":           {allow([]string{put, del, "dynamodb:UpdateItem"}, table, leading(exact...)), 3},
		"a wider pattern":          {allow([]string{put, del}, table, leading("P#*")), 2},
		"an action pattern":        {allow([]string{"dynamodb:*"}, table, leading(exact...)), 3},
		"another resource":         {allow([]string{put, del}, []string{tableARN + "2"}, leading(exact...)), 6},
		"a resource that matches":  {allow([]string{put, del}, []string{"arn:aws:dynamodb:*"}, leading(exact...)), 0},
		"another service":          {allow([]string{"sqs:SendMessage"}, table), 0},
		"no condition on the keys": {allow([]string{put}, table), 1},
	} {
		unused := access.Policy{c.statement}.Unused([]access.Call{ended}, "dynamodb")
		if len(unused) != c.want {
			t.Errorf("%s: unused %q, want %d", name, unused, c.want)
		}
	}
}

func TestRecorderDeduplicatesCalls(t *testing.T) {
	var r access.Recorder
	get := func(key string) access.Call {
		return access.Call{
			Operation: "dynamodb:GetItem", Resource: tableARN, Ops: []access.Op{{Action: "GetItem", Key: key}},
		}
	}
	for _, key := range []string{"P#p#M#mem_1", "P#p#M#mem_2", "P#q#M#mem_1", "P#p#O#1", "P#p", "KEY#k"} {
		r.Record("earn", get(key))
	}
	r.Record("redeem", ended)
	if got := len(r.Calls("earn")); got != 4 {
		t.Errorf("earn has %d kinds of calls: %v", got, r.Calls("earn"))
	}
	if got := r.Calls("redeem"); len(got) != 1 || len(got[0].Ops) != 3 {
		t.Errorf("redeem has %v", got)
	}
}

func TestFamilyReplacesIDs(t *testing.T) {
	for key, want := range map[string]string{
		"P#bluebird":                      "P#*",
		"P#bluebird#PROGRAM":              "P#*#PROGRAM",
		"P#bluebird#O#1042":               "P#*#O#*",
		"P#bluebird#M#mem_1":              "P#*#M#*",
		"P#bluebird#WAIT#mug#mem_1":       "P#*#WAIT#*",
		"P#bluebird#WH@2026-12-01":        "P#*#WH@*",
		"P#bluebird#DUE#reassess#07":      "P#*#DUE#*",
		"P#bluebird#ID#parked-email#hash": "P#*#ID#*",
		"KEY#k1":                          "KEY#*",
		"PROGRAMS":                        "PROGRAMS",
	} {
		if got := access.Family(key); got != want || !access.Like(got, key) && got != "P#*" {
			t.Errorf("Family(%q) is %q, want %q", key, got, want)
		}
	}
}
