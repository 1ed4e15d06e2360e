package dynamotable_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
)

// A lossy is a proxy between a table and DynamoDB that loses every third write: either the request before it is
// executed, or the response afterwards. The client sees a server error or a broken connection.
type lossy struct {
	endpoint string

	mu                   sync.Mutex
	rng                  *rand.Rand
	off                  bool
	lostBefore, lostDone int
}

func (l *lossy) draw() (loss, how int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	loss, how = l.rng.IntN(6), l.rng.IntN(2)
	if l.off {
		loss = 2
	}
	return loss, how
}

func (l *lossy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	loss, how := l.draw()
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "Item") &&
		!strings.HasSuffix(r.Header.Get("X-Amz-Target"), "WriteItems") {
		loss = 2
	}
	if loss == 0 {
		l.count(&l.lostBefore)
		lose(w, how)
		return
	}
	body, _ := io.ReadAll(r.Body)
	onward, err := http.NewRequestWithContext(
		context.WithoutCancel(r.Context()), r.Method, l.endpoint, bytes.NewReader(body),
	)
	if err != nil {
		panic(err)
	}
	onward.Header = r.Header
	answer, err := http.DefaultClient.Do(onward)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	if loss == 1 {
		l.count(&l.lostDone)
		lose(w, how)
		return
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}

func (l *lossy) count(n *int) {
	l.mu.Lock()
	*n++
	l.mu.Unlock()
}

func lose(w http.ResponseWriter, how int) {
	if how == 0 {
		internalError(nil, w, nil)
		return
	}
	reset(nil, w, nil)
}

// openLossy opens a table through a lossy proxy, and the same table directly.
func openLossy(t *testing.T) (tab, direct *dynamotable.Table, l *lossy) {
	direct = dynamotest.Open(t)
	l = &lossy{endpoint: dynamotest.Endpoint(t), rng: rand.New(rand.NewPCG(seedtest.Of(t), 1))}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	tab = &dynamotable.Table{
		Client: dynamotable.Local(server.URL), Name: direct.Name,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	return tab, direct, l
}

// TestReportedOutcomeIsTrueDespiteLostMessages has several writers earn on one account: each writes a new entry,
// the account that it read, and a counter. Despite lost responses, every write that is reported as applied was
// applied once, and every write that is reported as refused was not applied.
func TestReportedOutcomeIsTrueDespiteLostMessages(t *testing.T) {
	tab, direct, l := openLossy(t)
	account, counter := table.Key{PK: "m", SK: "ACCOUNT"}, table.Key{PK: "s", SK: "1"}
	outcomes := map[outcome]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range 25 {
				cause := table.Key{PK: fmt.Sprintf("O#%d-%d", w, i), SK: "000001"}
				got := earn(t, tab, direct, cause, account, counter)
				mu.Lock()
				outcomes[got]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	entries := 0
	for w := range 4 {
		for i := range 25 {
			it, err := direct.Get(t.Context(), table.Key{PK: fmt.Sprintf("O#%d-%d", w, i), SK: "000001"})
			if err != nil {
				t.Fatal(err)
			}
			entries += int(it.Version)
		}
	}
	for _, key := range []table.Key{account, counter} {
		it, err := direct.Get(t.Context(), key)
		if err != nil || int(it.Version) != entries ||
			!strings.Contains(string(it.Doc), fmt.Sprintf(`"n":%d`, entries)) {
			t.Errorf("%d entries, but %s is %s at version %d, %v", entries, key, it.Doc, it.Version, err)
		}
	}
	t.Logf("%v; %d requests and %d answers were lost", outcomes, l.lostBefore, l.lostDone)
	if outcomes[success] < 50 || l.lostBefore < 5 || l.lostDone < 5 {
		t.Error("too few losses and outcomes for a meaningful test")
	}
}

// earn commits a cause and compares the table with the reported outcome.
func earn(t *testing.T, tab, direct *dynamotable.Table, cause, account, counter table.Key) outcome {
	for range 20 {
		now, err := direct.Get(t.Context(), account)
		if err != nil {
			t.Error(err)
			return refusal
		}
		now.Doc = fmt.Appendf(nil, `{"n":%d}`, now.Version+1)
		entry := table.Item{Key: cause, Doc: json.RawMessage(`{"by":"` + cause.PK + `"}`)}
		got := outcomeOf(tab.Transact(t.Context(), table.Put(entry), table.Put(now), table.Add(counter, "n", 1, 0)))
		there, err := direct.Get(t.Context(), cause)
		if err != nil {
			t.Error(err)
		}
		if done := there.Version == 1; done != (got == success) && got != unknown || got == refusal {
			t.Errorf("%s was reported as %s; it is at version %d", cause, got, there.Version)
		}
		if there.Version > 0 || got == unknown {
			return got
		}
	}
	return busy
}

// TestSinglePutIsNeverMistakenForAnotherWriters writes one item repeatedly through a lossy proxy. There is only one
// writer, so every conflict would be with its own write.
func TestSinglePutIsNeverMistakenForAnotherWriters(t *testing.T) {
	tab, direct, l := openLossy(t)
	key := table.Key{PK: "p", SK: "s"}
	for i := range 120 {
		it, err := direct.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		it.Doc = fmt.Appendf(nil, `{"i":%d}`, i)
		err = tab.Transact(t.Context(), table.Put(it))
		if got := outcomeOf(err); got != success && got != unknown && got != busy {
			t.Fatalf("put %d: %v", i, err)
		}
		now, getErr := direct.Get(t.Context(), key)
		if getErr != nil || err == nil && now.Version != it.Version+1 || now.Version > it.Version+1 {
			t.Fatalf("put %d at version %d resulted in version %d (%v, %v)", i, it.Version, now.Version, err, getErr)
		}
	}
	if l.lostDone < 5 {
		t.Errorf("only %d answers were lost", l.lostDone)
	}
}

// TestSingleAddIsAppliedOnce counts through a lossy proxy.
func TestSingleAddIsAppliedOnce(t *testing.T) {
	tab, direct, l := openLossy(t)
	key := table.Key{PK: "p", SK: "s"}
	for i := range 120 {
		before, err := direct.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		got := outcomeOf(tab.Transact(t.Context(), table.Add(key, "n", 1, 0)))
		after, err := direct.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		added := after.Version - before.Version
		if added < 0 || added > 1 || (added == 1) != (got == success) && got != unknown {
			t.Fatalf("add %d was reported as %s and done %d times", i, got, added)
		}
	}
	if l.lostDone < 5 {
		t.Errorf("only %d answers were lost", l.lostDone)
	}
}
