package dynamotable_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
)

func TestSlowAttemptIsRetried(t *testing.T) {
	tab, s := play(t, silent, ok)
	tab.Timeout = 30 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // far longer than needed
	defer cancel()
	if err := tab.Transact(ctx, entry...); err != nil || s.names() != tx+" "+tx {
		t.Errorf("got %v after %s, want success at the second attempt", err, s.names())
	}
}

func TestMissingConnectionReturnsErrBusy(t *testing.T) {
	tab, _ := play(t)
	tab.Client = dynamotable.Local("http://127.0.0.1:1")
	if err := tab.Transact(t.Context(), alone...); outcomeOf(err) != busy {
		t.Errorf("got %v, want busy", err)
	}
}

func TestCancelReturnsImmediately(t *testing.T) {
	t.Run("before the first attempt nothing is sent", func(t *testing.T) {
		tab, s := play(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := tab.Transact(ctx, entry...); !errors.Is(err, context.Canceled) || outcomeOf(err) != refusal ||
			s.names() != "" {
			t.Errorf("got %v after %q, want the context's error", err, s.names())
		}
	})
	t.Run("during an attempt the outcome is unknown", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tab, s := play(t, func(s *script, w http.ResponseWriter, r *http.Request) { cancel(); silent(s, w, r) })
		if err := tab.Transact(ctx, entry...); !errors.Is(err, context.Canceled) || outcomeOf(err) != unknown ||
			s.names() != tx {
			t.Errorf("got %v after %q, want unknown", err, s.names())
		}
	})
	t.Run("between refused attempts the table is busy", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tab, s := play(t, canceled("TransactionConflict", "None"))
		tab.Sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
		if err := tab.Transact(ctx, entry...); !errors.Is(err, context.Canceled) || outcomeOf(err) != busy ||
			s.names() != tx {
			t.Errorf("got %v after %q, want busy", err, s.names())
		}
	})
}

func TestPatienceLimitsUnansweredCalls(t *testing.T) {
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
	within("a write with a short deadline", took, 700*time.Millisecond, 700*time.Millisecond)
}

// asks makes a call to a DynamoDB that never responds, with a simulated clock, and returns the duration of the
// call.
func asks(t *testing.T, call func(context.Context, *dynamotable.Table) error) (took time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		tab := &dynamotable.Table{Name: "perennial", Client: dynamotable.NewClient(dynamodb.New(dynamodb.Options{
			Region: "eu-central-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: neverAnswers{},
		}))}
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
