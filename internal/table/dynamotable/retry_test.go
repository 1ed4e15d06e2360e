package dynamotable_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
)

// An outcome is a class of what Transact may return.
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
	entry   = []table.Op{table.Put(item("entry", 0)), table.Put(item("account", 3))} // what the ledger commits
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

func TestEveryAnswerOfDynamoDBHasItsOutcome(t *testing.T) {
	var (
		raced  = cancelled("TransactionConflict", "None")
		beaten = cancelled("None", "ConditionalCheckFailed "+image("account", "4", "1"))
	)
	for name, c := range map[string]struct {
		ops      []table.Op
		answers  []answer
		want     outcome
		requests string
	}{
		// Nothing lost: every refusal is certain.
		"a conflict with another transaction is tried again": {entry, append(times(3, raced), ok), success, "TransactWriteItems TransactWriteItems TransactWriteItems TransactWriteItems"},
		"a conflict that lasts is busy":                      {entry, times(5, raced), busy, tx5},
		"a plain write in conflict is tried again":           {alone, []answer{conflictAlone, conflictAlone, ok}, success, "PutItem PutItem PutItem"},
		"throttling is tried again": {alone, []answer{
			fault(400, "ThrottlingException"), fault(400, "ProvisionedThroughputExceededException"), fault(400, "RequestLimitExceeded"), ok,
		}, success, "PutItem PutItem PutItem PutItem"},
		"a throttled part of a transaction is tried again": {both, []answer{cancelled("ThrottlingError", "None"), cancelled("None", "ProvisionedThroughputExceeded"), ok}, success, tx + " " + tx + " " + tx},
		"throttling that lasts is busy":                    {removed, times(5, fault(400, "ThrottlingException")), busy, "DeleteItem DeleteItem DeleteItem DeleteItem DeleteItem"},
		"a condition that did not hold is a conflict":      {alone, []answer{checkFailed(image("a", "4", "7"))}, conflict, put},
		"it outweighs a race on another item":              {entry, []answer{cancelled("TransactionConflict", "ConditionalCheckFailed "+image("account", "4", "1"))}, conflict, tx},
		"invalid input is refused at once":                 {alone, []answer{fault(400, "ValidationException")}, refusal, put},
		"an invalid part is refused at once":               {both, []answer{cancelled("ValidationError", "None")}, refusal, tx},
		"no permission is refused at once":                 {alone, []answer{fault(400, "AccessDeniedException")}, refusal, put},
		"a token that was used otherwise is refused":       {entry, []answer{fault(400, "IdempotentParameterMismatchException")}, refusal, tx},

		// An answer lost, and a later one tells.
		"a lost answer is asked for again":                                {entry, []answer{internalError, ok}, success, tx + " " + tx},
		"so it is over a broken connection":                               {entry, []answer{reset, ok}, success, tx + " " + tx},
		"so it is when the answer is cut off":                             {entry, []answer{cutOff, ok}, success, tx + " " + tx},
		"so it is when a gateway is down":                                 {alone, []answer{says(503, "no"), says(408, "late"), ok}, success, "PutItem PutItem PutItem"},
		"a transaction in progress is asked for again":                    {entry, []answer{inProgress, inProgress, ok}, success, tx + " " + tx + " " + tx},
		"one in progress for long is looked for":                          {entry, append(times(5, inProgress), written), success, tx5 + " " + get},
		"a plain put that meets its own success succeeds":                 {alone, []answer{internalError, checkFailed(image("a", "4", "7")), written}, success, "PutItem PutItem BatchGetItem"},
		"a plain put of something new does too":                           {made, []answer{reset, checkFailed(image("a", "1", "7")), written}, success, "PutItem PutItem BatchGetItem"},
		"a transaction whose token was forgotten does too":                {entry, []answer{internalError, beaten, written}, success, tx + " " + tx + " " + get},
		"a plain put that meets somebody else's is a conflict":            {alone, []answer{reset, checkFailed(image("a", "4", "8")), found(image("a", "4", "8"))}, conflict, "PutItem PutItem BatchGetItem"},
		"a transaction whose guard is somebody else's is a conflict":      {entry, []answer{reset, beaten, found(image("entry", "1", "8"), image("account", "4", "1"))}, conflict, tx + " " + tx + " " + get},
		"one without its guard whose account moved is a conflict":         {entry, []answer{reset, beaten, found(image("account", "4", "1"))}, conflict, tx + " " + tx + " " + get},
		"puts are found one by one":                                       {both, []answer{reset, cancelled("ConditionalCheckFailed "+image("a", "4", "7"), "ConditionalCheckFailed "+image("b", "6", "7")), found(image("b", "6", "7"), image("a", "4", "7"))}, success, tx + " " + tx + " BatchGetItem"},
		"an account that moved on does not hide its entry":                {entry, []answer{reset, beaten, found(image("entry", "1", "7"), image("account", "9", "1"))}, success, tx + " " + tx + " " + get},
		"an entry like ours beside an account that is not is another's":   {entry, []answer{reset, beaten, found(image("entry", "1", "7"), image("account", "4", "1"))}, conflict, tx + " " + tx + " " + get},
		"an entry like ours while the account stands still tells nothing": {entry, append(times(5, reset), found(image("entry", "1", "7"), image("account", "3", "1"))), unknown, tx5 + " " + get},
		"two puts of which one moved on tell nothing":                     {both, append(times(5, reset), found(image("b", "6", "7"), image("a", "5", "9"))), unknown, tx5 + " " + get},
		"a put that differs in one of several is a conflict":              {both, []answer{reset, cancelled("ConditionalCheckFailed "+image("a", "4", "7"), "ConditionalCheckFailed "+image("b", "6", "8")), found(image("b", "6", "8"), image("a", "4", "7"))}, conflict, tx + " " + tx + " BatchGetItem"},

		// An answer lost, and none that tells.
		"what is there after all was done":                         {made, append(times(5, reset), written), success, put5 + " " + get},
		"what is not there may still come":                         {made, append(times(5, reset), found()), unknown, put5 + " " + get},
		"an item that moved on twice tells nothing":                {alone, []answer{reset, checkFailed(image("a", "5", "8")), found(image("a", "5", "8"))}, unknown, "PutItem PutItem BatchGetItem"},
		"reading back may fail":                                    {made, append(times(5, reset), fault(400, "AccessDeniedException")), unknown, put5 + " " + get},
		"a refusal after a lost answer says nothing of the first":  {made, []answer{reset, fault(400, "ValidationException"), found()}, unknown, "PutItem PutItem BatchGetItem"},
		"nor does throttling":                                      {made, append([]answer{reset}, append(times(4, conflictAlone), found())...), unknown, put5 + " " + get},
		"nor does another token's use":                             {entry, []answer{reset, fault(400, "IdempotentParameterMismatchException"), found()}, unknown, tx + " " + tx + " " + get},
		"a delete leaves nothing to recognise":                     {removed, []answer{reset, checkFailed("")}, unknown, "DeleteItem DeleteItem"},
		"an add leaves nothing to recognise":                       {counted, times(5, reset), unknown, tx5},
		"an add is not planned anew while it may have been done":   {raised, []answer{reset, cancelled("ConditionalCheckFailed")}, unknown, tx + " " + tx},
		"a guard that is absent may come while only a floor holds": {[]table.Op{table.Put(item("entry", 0)), counted[0]}, []answer{reset, cancelled("None", "ConditionalCheckFailed "+image("a", "9", "0")), found()}, unknown, tx + " " + tx + " " + get},

		// Counters.
		"a lone add has a token":                            {counted, []answer{internalError, ok}, success, tx + " " + tx},
		"an add to nothing makes the item":                  {raised, []answer{cancelled("ConditionalCheckFailed"), ok}, success, tx + " " + tx},
		"it may be made by another meanwhile":               {raised, []answer{cancelled("ConditionalCheckFailed"), cancelled("ConditionalCheckFailed " + image("a", "1", "1")), ok}, success, tx + " " + tx + " " + tx},
		"an item that comes and goes is busy":               {raised, append(times(4, cancelled("ConditionalCheckFailed")), cancelled("ConditionalCheckFailed")), busy, tx5},
		"an add below the floor is a conflict":              {counted, []answer{cancelled("ConditionalCheckFailed " + image("a", "4", "0"))}, conflict, tx},
		"an add to nothing below the floor is too":          {counted, []answer{cancelled("ConditionalCheckFailed")}, conflict, tx},
		"an add beyond an int64 is refused":                 {raised, []answer{cancelled("ConditionalCheckFailed " + image("a", "4", "9223372036854775807"))}, refusal, tx},
		"an add beyond the least int64 is refused too":      {[]table.Op{table.Add(item("a", 0).Key, "n", math.MinInt64, 0)}, []answer{cancelled("ConditionalCheckFailed " + image("a", "4", "-1"))}, refusal, tx},
		"an add to what is not whole is refused":            {counted, []answer{cancelled("ConditionalCheckFailed " + image("a", "4", "0.5"))}, refusal, tx},
		"a stale put beside an add to nothing is the cause": {[]table.Op{raised[0], table.Put(item("b", 3))}, []answer{cancelled("ConditionalCheckFailed", "ConditionalCheckFailed "+image("b", "4", "1"))}, conflict, tx},
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
			s.wantTokens(c.ops)
			s.wantJitter()
		})
	}
}

// wantTokens holds the script to one token for all attempts, or one for each plan where an Add was planned anew.
func (s *script) wantTokens(ops []table.Op) {
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

// wantJitter holds the pauses to their bounds.
func (s *script) wantJitter() {
	s.t.Helper()
	for i, pause := range s.pauses {
		if longest := 50 * time.Millisecond << i; pause < 0 || pause >= longest {
			s.t.Errorf("pause %d was %v, want less than %v", i, pause, longest)
		}
	}
}

func TestAnAddPlannedAnewHasAnotherToken(t *testing.T) {
	tab, s := play(t, internalError, ok)
	if err := tab.Transact(t.Context(), raised...); err != nil || len(s.tokens()) != 1 {
		t.Errorf("got %v and the tokens %q, want success with one token", err, s.tokens())
	}
	tab, s = play(t, cancelled("ConditionalCheckFailed"), internalError, ok)
	if err := tab.Transact(t.Context(), raised...); err != nil || len(s.tokens()) != 2 {
		t.Errorf("got %v and the tokens %q, want success with two tokens", err, s.tokens())
	}
	if made := s.requests()[2].body.TransactItems[0]["Put"]; made == nil {
		t.Errorf("the second plan is %v, want a put of the item", s.requests()[2].body.TransactItems)
	}
}

func TestTwoCallsNeverShareAToken(t *testing.T) {
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

func TestAConflictCarriesTheItemAsItIs(t *testing.T) {
	tab, _ := play(t, cancelled("None", "ConditionalCheckFailed "+image("account", "4", "1")))
	var c *table.ConflictError
	if err := tab.Transact(t.Context(), entry...); !errors.As(err, &c) {
		t.Fatalf("got %v, want a conflict", err)
	}
	if c.Op != 1 || c.Key.SK != "account" || c.Current.Version != 4 || string(c.Current.Doc) != `{"n":1}` {
		t.Errorf("conflict %+v, want the account at version 4", c)
	}
}

func TestAnAttemptThatTakesTooLongIsLost(t *testing.T) {
	tab, s := play(t, silent, ok)
	tab.Timeout = 30 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // far more than it takes
	defer cancel()
	if err := tab.Transact(ctx, entry...); err != nil || s.names() != tx+" "+tx {
		t.Errorf("got %v after %s, want success at the second attempt", err, s.names())
	}
}

func TestNoConnectionMeansThatNothingWasDone(t *testing.T) {
	tab, _ := play(t)
	tab.Client = dynamotable.Local("http://127.0.0.1:1")
	if err := tab.Transact(t.Context(), alone...); outcomeOf(err) != busy {
		t.Errorf("got %v, want busy", err)
	}
}

func TestCancellingReturnsAtOnce(t *testing.T) {
	t.Run("before the first attempt nothing is asked", func(t *testing.T) {
		tab, s := play(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := tab.Transact(ctx, entry...); !errors.Is(err, context.Canceled) || outcomeOf(err) != refusal || s.names() != "" {
			t.Errorf("got %v after %q, want the context's error", err, s.names())
		}
	})
	t.Run("during an attempt the outcome is unknown", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tab, s := play(t, func(s *script, w http.ResponseWriter, r *http.Request) { cancel(); silent(s, w, r) })
		if err := tab.Transact(ctx, entry...); !errors.Is(err, context.Canceled) || outcomeOf(err) != unknown || s.names() != tx {
			t.Errorf("got %v after %q, want unknown", err, s.names())
		}
	})
	t.Run("between attempts that were refused it is busy", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tab, s := play(t, cancelled("TransactionConflict", "None"))
		tab.Sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
		if err := tab.Transact(ctx, entry...); !errors.Is(err, context.Canceled) || outcomeOf(err) != busy || s.names() != tx {
			t.Errorf("got %v after %q, want busy", err, s.names())
		}
	})
}

func TestReadsAreTriedAgain(t *testing.T) {
	tab, s := play(t, internalError, reset, fault(400, "ThrottlingException"), cutOff, stored(image("a", "4", "1")))
	it, err := tab.Get(t.Context(), item("a", 0).Key)
	if err != nil || it.Version != 4 || !s.requests()[0].body.ConsistentRead {
		t.Errorf("got %+v, %v, want version 4, read consistently", it, err)
	}
	tab, s = play(t, times(5, internalError)...)
	if _, err := tab.Get(t.Context(), item("a", 0).Key); !errors.Is(err, table.ErrBusy) || strings.Count(s.names(), "GetItem") != 5 {
		t.Errorf("got %v after %s, want busy after five attempts", err, s.names())
	}
	tab, s = play(t, fault(400, "ResourceNotFoundException"))
	if _, err := tab.Get(t.Context(), item("a", 0).Key); outcomeOf(err) != refusal || s.names() != "GetItem" {
		t.Errorf("got %v after %s, want a refusal at once", err, s.names())
	}
}

// asks runs a call over a DynamoDB that never answers, on a clock of its own, and returns how long the call took.
func asks(t *testing.T, call func(context.Context, *dynamotable.Table) error) (took time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		tab := &dynamotable.Table{Name: "perennial", Client: dynamodb.New(dynamodb.Options{
			Region: "eu-central-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: neverAnswers{},
		})}
		start := time.Now()
		err = call(t.Context(), tab)
		took = time.Since(start)
	})
	return took, err
}

type neverAnswers struct{}

func (neverAnswers) Do(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestPatienceBoundsACallThatIsNeverAnswered(t *testing.T) {
	within := func(name string, took, least, most time.Duration) {
		t.Helper()
		if took < least || took > most {
			t.Errorf("%s took %s, want %s to %s", name, took, least, most)
		}
	}
	took, err := asks(t, func(ctx context.Context, tab *dynamotable.Table) error {
		_, err := tab.Get(ctx, item("a", 0).Key)
		return err
	})
	if outcomeOf(err) != busy {
		t.Errorf("got %v, want busy", err)
	}
	within("a read", took, 2*time.Second, 3*time.Second)
	took, err = asks(t, func(ctx context.Context, tab *dynamotable.Table) error { return tab.Transact(ctx, entry...) })
	if outcomeOf(err) != unknown {
		t.Errorf("got %v, want unknown", err)
	}
	within("a write", took, 4*time.Second, 6*time.Second)
	took, err = asks(t, func(ctx context.Context, tab *dynamotable.Table) error {
		ctx, cancel := context.WithTimeout(ctx, 700*time.Millisecond)
		defer cancel()
		return tab.Transact(ctx, entry...)
	})
	if outcomeOf(err) != unknown {
		t.Errorf("got %v, want unknown", err)
	}
	within("a write whose caller has less time", took, 700*time.Millisecond, 700*time.Millisecond)
}

func TestRefusalsAreReported(t *testing.T) {
	for _, c := range []struct {
		answer answer
		ops    []table.Op
		want   []dynamotable.Refusal
	}{
		{cancelled("TransactionConflict", "None"), entry, []dynamotable.Refusal{dynamotable.Conflict}},
		{cancelled("ThrottlingError", "None"), entry, []dynamotable.Refusal{dynamotable.Throttle}},
		{cancelled("ProvisionedThroughputExceeded", "TransactionConflict"), entry, []dynamotable.Refusal{dynamotable.Conflict}},
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
