package dynamotable_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
)

// An outcome is a class of results of Transact.
type outcome string

const (
	success  outcome = "success"
	conflict outcome = "conflict"
	busy     outcome = "busy"
	unknown  outcome = "unknown"
	refusal  outcome = "refusal"
)

func outcomeOf(err error) outcome {
	var c *table.ConflictError
	switch {
	case err == nil:
		return success
	case errors.As(err, &c):
		return conflict
	case errors.Is(err, table.ErrBusy):
		return busy
	case errors.Is(err, table.ErrUnknown):
		return unknown
	}
	return refusal
}

var (
	alone   = []table.Op{table.Put(item("a", 3))}
	made    = []table.Op{table.Put(item("a", 0))}
	removed = []table.Op{table.Delete(item("a", 3))}
	counted = []table.Op{table.Add(item("a", 0).Key, "n", -1, 0)}
	raised  = []table.Op{table.Add(item("a", 0).Key, "n", 1, 0)}
	entry   = []table.Op{table.Put(item("entry", 0)), table.Put(item("account", 3))} // the ledger's usual transaction
	both    = []table.Op{table.Put(item("a", 3)), table.Put(item("b", 5))}
)

const (
	put, tx, get = "PutItem", "TransactWriteItems", "BatchGetItem"
	tx5          = "TransactWriteItems TransactWriteItems TransactWriteItems TransactWriteItems TransactWriteItems"
	put5         = "PutItem PutItem PutItem PutItem PutItem"
)

func times(n int, a answer) []answer {
	as := make([]answer, n)
	for i := range as {
		as[i] = a
	}
	return as
}

func TestEveryResponseOfDynamoDBHasAnOutcome(t *testing.T) {
	var (
		raced  = canceled("TransactionConflict", "None")
		beaten = canceled("None", "ConditionalCheckFailed "+image("account", "4", "1"))
	)
	for name, c := range map[string]struct {
		ops      []table.Op
		answers  []answer
		want     outcome
		requests string
	}{
		// Nothing is lost: every refusal is certain.
		"a conflict with another transaction is retried": {
			entry, append(times(3, raced), ok), success,
			"TransactWriteItems TransactWriteItems TransactWriteItems TransactWriteItems",
		},
		"a lasting conflict is busy": {entry, times(5, raced), busy, tx5},
		"a plain write in conflict is retried": {
			alone, []answer{conflictAlone, conflictAlone, ok}, success, "PutItem PutItem PutItem",
		},
		"throttling is retried": {alone, []answer{
			fault(400, "ThrottlingException"), fault(400, "ProvisionedThroughputExceededException"),
			fault(400, "RequestLimitExceeded"), ok,
		}, success, "PutItem PutItem PutItem PutItem"},
		"a throttled part of a transaction is retried": {
			both,
			[]answer{canceled("ThrottlingError", "None"), canceled("None", "ProvisionedThroughputExceeded"), ok},
			success, tx + " " + tx + " " + tx,
		},
		"lasting throttling is busy": {
			removed, times(5, fault(400, "ThrottlingException")), busy,
			"DeleteItem DeleteItem DeleteItem DeleteItem DeleteItem",
		},
		"a failed condition is a conflict": {
			alone, []answer{checkFailed(image("a", "4", "7"))}, conflict, put,
		},
		"a failed condition takes precedence over a race": {
			entry,
			[]answer{canceled("TransactionConflict", "ConditionalCheckFailed "+image("account", "4", "1"))},
			conflict, tx,
		},
		"invalid input is not retried":        {alone, []answer{fault(400, "ValidationException")}, refusal, put},
		"an invalid operation is not retried": {both, []answer{canceled("ValidationError", "None")}, refusal, tx},
		"a missing permission is not retried": {alone, []answer{fault(400, "AccessDeniedException")}, refusal, put},
		"a token of another request is refused": {
			entry, []answer{fault(400, "IdempotentParameterMismatchException")}, refusal, tx,
		},

		// A response is lost, and a later one determines the outcome.
		"a lost response is retried": {
			entry, []answer{internalError, ok}, success, tx + " " + tx,
		},
		"a broken connection is retried": {
			entry, []answer{reset, ok}, success, tx + " " + tx,
		},
		"a truncated response is retried": {
			entry, []answer{cutOff, ok}, success, tx + " " + tx,
		},
		"a gateway error is retried": {
			alone, []answer{says(503, "no"), says(408, "late"), ok}, success, "PutItem PutItem PutItem",
		},
		"a transaction in progress is retried": {
			entry, []answer{inProgress, inProgress, ok}, success, tx + " " + tx + " " + tx,
		},
		"a transaction that stays in progress is read back": {
			entry, append(times(5, inProgress), written), success, tx5 + " " + get,
		},
		"a plain put that meets its own write succeeds": {
			alone,
			[]answer{internalError, checkFailed(image("a", "4", "7")), written},
			success,
			"PutItem PutItem BatchGetItem",
		},
		"a plain put of a new item that meets its own write succeeds": {
			made, []answer{reset, checkFailed(image("a", "1", "7")), written}, success, "PutItem PutItem BatchGetItem",
		},
		"a transaction with a forgotten token succeeds": {
			entry, []answer{internalError, beaten, written}, success, tx + " " + tx + " " + get,
		},
		"a plain put that meets another write is a conflict": {
			alone,
			[]answer{reset, checkFailed(image("a", "4", "8")), found(image("a", "4", "8"))},
			conflict,
			"PutItem PutItem BatchGetItem",
		},
		"a transaction whose guard another writer put is a conflict": {
			entry,
			[]answer{reset, beaten, found(image("entry", "1", "8"), image("account", "4", "1"))},
			conflict,
			tx + " " + tx + " " + get,
		},
		"a missing guard and a newer account are a conflict": {
			entry, []answer{reset, beaten, found(image("account", "4", "1"))}, conflict, tx + " " + tx + " " + get,
		},
		"a transaction of two puts is found by both": {
			both,
			[]answer{
				reset,
				canceled(
					"ConditionalCheckFailed "+image("a", "4", "7"), "ConditionalCheckFailed "+image("b", "6", "7"),
				),
				found(image("b", "6", "7"), image("a", "4", "7")),
			},
			success, tx + " " + tx + " BatchGetItem",
		},
		"a newer account does not hide its entry": {
			entry,
			[]answer{reset, beaten, found(image("entry", "1", "7"), image("account", "9", "1"))},
			success,
			tx + " " + tx + " " + get,
		},
		"an equal entry with a different account is a conflict": {
			entry,
			[]answer{reset, beaten, found(image("entry", "1", "7"), image("account", "4", "1"))},
			conflict,
			tx + " " + tx + " " + get,
		},
		"an equal entry with an unchanged account is unknown": {
			entry, append(times(5, reset), found(image("entry", "1", "7"), image("account", "3", "1"))), unknown,
			tx5 + " " + get,
		},
		"two puts with one newer item are unknown": {
			both, append(times(5, reset), found(image("b", "6", "7"), image("a", "5", "9"))), unknown, tx5 + " " + get,
		},
		"one different put of several is a conflict": {
			both,
			[]answer{
				reset,
				canceled(
					"ConditionalCheckFailed "+image("a", "4", "7"), "ConditionalCheckFailed "+image("b", "6", "8"),
				),
				found(image("b", "6", "8"), image("a", "4", "7")),
			},
			conflict, tx + " " + tx + " BatchGetItem",
		},

		// A response is lost, and no later one determines the outcome.
		"an item that is found later was written": {
			made, append(times(5, reset), written), success, put5 + " " + get,
		},
		"an absent item may still be written": {
			made, append(times(5, reset), found()), unknown, put5 + " " + get,
		},
		"an item two versions later is unknown": {
			alone,
			[]answer{reset, checkFailed(image("a", "5", "8")), found(image("a", "5", "8"))},
			unknown,
			"PutItem PutItem BatchGetItem",
		},
		"a failed read is unknown": {
			made, append(times(5, reset), fault(400, "AccessDeniedException")), unknown, put5 + " " + get,
		},
		"a refusal after a lost response is unknown": {
			made, []answer{reset, fault(400, "ValidationException"), found()}, unknown, "PutItem PutItem BatchGetItem",
		},
		"throttling after a lost response is unknown": {
			made, append([]answer{reset}, append(times(4, conflictAlone), found())...), unknown, put5 + " " + get,
		},
		"a token mismatch after a lost response is unknown": {
			entry,
			[]answer{reset, fault(400, "IdempotentParameterMismatchException"), found()},
			unknown,
			tx + " " + tx + " " + get,
		},
		"a delete cannot be recognized": {
			removed, []answer{reset, checkFailed("")}, unknown, "DeleteItem DeleteItem",
		},
		"an add cannot be recognized": {counted, times(5, reset), unknown, tx5},
		"an add with an unknown outcome is not replanned": {
			raised, []answer{reset, canceled("ConditionalCheckFailed")}, unknown, tx + " " + tx,
		},
		"an absent guard may still be written if only a floor failed": {
			[]table.Op{table.Put(item("entry", 0)), counted[0]},
			[]answer{reset, canceled("None", "ConditionalCheckFailed "+image("a", "9", "0")), found()},
			unknown,
			tx + " " + tx + " " + get,
		},

		// Counters.
		"a single add has a token": {
			counted, []answer{internalError, ok}, success, tx + " " + tx,
		},
		"an add to an absent item creates it": {
			raised, []answer{canceled("ConditionalCheckFailed"), ok}, success, tx + " " + tx,
		},
		"another writer may create the item first": {
			raised,
			[]answer{
				canceled("ConditionalCheckFailed"), canceled("ConditionalCheckFailed " + image("a", "1", "1")), ok,
			},
			success, tx + " " + tx + " " + tx,
		},
		"an item that is created and deleted repeatedly is busy": {
			raised, append(times(4, canceled("ConditionalCheckFailed")), canceled("ConditionalCheckFailed")), busy,
			tx5,
		},
		"an add below the floor is a conflict": {
			counted, []answer{canceled("ConditionalCheckFailed " + image("a", "4", "0"))}, conflict, tx,
		},
		"an add to an absent item below the floor is a conflict": {
			counted, []answer{canceled("ConditionalCheckFailed")}, conflict, tx,
		},
		"an add above the int64 range is refused": {
			raised,
			[]answer{canceled("ConditionalCheckFailed " + image("a", "4", "9223372036854775807"))},
			refusal,
			tx,
		},
		"an add below the int64 range is refused": {
			[]table.Op{table.Add(item("a", 0).Key, "n", math.MinInt64, 0)},
			[]answer{canceled("ConditionalCheckFailed " + image("a", "4", "-1"))},
			refusal, tx,
		},
		"an add to a non-integer is refused": {
			counted, []answer{canceled("ConditionalCheckFailed " + image("a", "4", "0.5"))}, refusal, tx,
		},
		"a stale put takes precedence over an add to an absent item": {
			[]table.Op{raised[0], table.Put(item("b", 3))},
			[]answer{canceled("ConditionalCheckFailed", "ConditionalCheckFailed "+image("b", "4", "1"))},
			conflict,
			tx,
		},
	} {
		t.Run(name, func(t *testing.T) {
			tab, s := play(t, c.answers...)
			err := tab.Transact(t.Context(), c.ops...)
			if got := outcomeOf(err); got != c.want {
				t.Errorf("got %v (%s), want %s", err, got, c.want)
			}
			if s.names() != c.requests {
				t.Errorf("requests were %s, want %s", s.names(), c.requests)
			}
			s.checkTokens(c.ops)
			s.checkJitter()
		})
	}
}

// checkTokens checks that all attempts share one token, or that each plan has its own token if an Add was replanned.
func (s *script) checkTokens(ops []table.Op) {
	s.t.Helper()
	tokens, adds := s.tokens(), false
	for _, op := range ops {
		adds = adds || op.Kind == table.OpAdd
	}
	for i, token := range tokens {
		if len(token) < 16 || len(token) > 36 {
			s.t.Errorf("token %q, want 16 to 36 characters", token)
		}
		if i > 0 && !adds {
			s.t.Errorf("attempts at one plan have the tokens %q, want one", tokens)
		}
	}
}

// checkJitter checks the pauses against their limits.
func (s *script) checkJitter() {
	s.t.Helper()
	for i, pause := range s.pauses {
		if longest := 50 * time.Millisecond << i; pause < 0 || pause >= longest {
			s.t.Errorf("pause %d was %v, want less than %v", i, pause, longest)
		}
	}
}

func TestReplannedAddHasNewToken(t *testing.T) {
	tab, s := play(t, internalError, ok)
	if err := tab.Transact(t.Context(), raised...); err != nil || len(s.tokens()) != 1 {
		t.Errorf("got %v and the tokens %q, want success with one token", err, s.tokens())
	}
	tab, s = play(t, canceled("ConditionalCheckFailed"), internalError, ok)
	if err := tab.Transact(t.Context(), raised...); err != nil || len(s.tokens()) != 2 {
		t.Errorf("got %v and the tokens %q, want success with two tokens", err, s.tokens())
	}
	if made := s.requests()[2].body.TransactItems[0]["Put"]; made == nil {
		t.Errorf("the second plan is %v, want a put of the item", s.requests()[2].body.TransactItems)
	}
}

func TestCallsHaveDifferentTokens(t *testing.T) {
	tab, s := play(t, ok, ok)
	for range 2 {
		if err := tab.Transact(t.Context(), entry...); err != nil {
			t.Fatal(err)
		}
	}
	if tokens := s.tokens(); len(tokens) != 2 {
		t.Errorf("tokens %q, want two", tokens)
	}
}

func TestConflictContainsCurrentItem(t *testing.T) {
	tab, _ := play(t, canceled("None", "ConditionalCheckFailed "+image("account", "4", "1")))
	var c *table.ConflictError
	if err := tab.Transact(t.Context(), entry...); !errors.As(err, &c) {
		t.Fatalf("got %v, want a conflict", err)
	}
	if c.Op != 1 || c.Key.SK != "account" || c.Current.Version != 4 || string(c.Current.Doc) != `{"n":1}` {
		t.Errorf("conflict %+v, want the account at version 4", c)
	}
}

func TestReadsAreRetried(t *testing.T) {
	tab, s := play(t, internalError, reset, fault(400, "ThrottlingException"), cutOff, stored(image("a", "4", "1")))
	it, err := tab.Get(t.Context(), item("a", 0).Key)
	if err != nil || it.Version != 4 || !s.requests()[0].body.ConsistentRead {
		t.Errorf("got %+v, %v, want version 4, read consistently", it, err)
	}
	tab, s = play(t, times(5, internalError)...)
	if _, err := tab.Get(t.Context(), item("a", 0).Key); !errors.Is(err, table.ErrBusy) ||
		strings.Count(s.names(), "GetItem") != 5 {
		t.Errorf("got %v after %s, want busy after five attempts", err, s.names())
	}
	tab, s = play(t, fault(400, "ResourceNotFoundException"))
	if _, err := tab.Get(t.Context(), item("a", 0).Key); outcomeOf(err) != refusal || s.names() != "GetItem" {
		t.Errorf("got %v after %s, want a refusal at once", err, s.names())
	}
}

func TestRefusalsAreReported(t *testing.T) {
	for _, c := range []struct {
		answer answer
		ops    []table.Op
		want   []dynamotable.Refusal
	}{
		{canceled("TransactionConflict", "None"), entry, []dynamotable.Refusal{dynamotable.Conflict}},
		{canceled("ThrottlingError", "None"), entry, []dynamotable.Refusal{dynamotable.Throttle}},
		{
			canceled("ProvisionedThroughputExceeded", "TransactionConflict"), entry,
			[]dynamotable.Refusal{dynamotable.Conflict},
		},
		{conflictAlone, alone, []dynamotable.Refusal{dynamotable.Conflict}},
		{fault(400, "ProvisionedThroughputExceededException"), alone, []dynamotable.Refusal{dynamotable.Throttle}},
		{fault(400, "ThrottlingException"), alone, []dynamotable.Refusal{dynamotable.Throttle}},
		{fault(400, "RequestLimitExceeded"), alone, []dynamotable.Refusal{dynamotable.Throttle}},
		{internalError, alone, nil},
	} {
		tab, _ := play(t, c.answer, ok)
		var got []dynamotable.Refusal
		tab.Refused = func(_ context.Context, why dynamotable.Refusal) { got = append(got, why) }
		if err := tab.Transact(t.Context(), c.ops...); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("reported %v, want %v; %v", got, c.want, err)
		}
	}
}
