package dynamodbapi

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// tokenLife is the time for which DynamoDB remembers the client token of a successful transaction.
const tokenLife = 10 * time.Minute

// tokens makes transactions idempotent, as described in "Idempotency" in "Amazon DynamoDB Transactions: How it works".
// If a successful request is repeated with the same token, the repetition succeeds and changes nothing. The same token
// with other parameters is an error. A failed transaction may be repeated with its token.
type tokens struct {
	mu    sync.Mutex
	known map[string]*remembered
}

type remembered struct {
	request [sha256.Size]byte
	done    bool // false while the transaction is in progress
	at      time.Time
}

// once runs a transaction. If an earlier transaction with the same ClientRequestToken succeeded, once does nothing.
func (t *tokens) once(in *transactInput, now time.Time, do func() error) error {
	token := in.ClientRequestToken
	if token == "" {
		return do()
	}
	if len(token) > 36 {
		return invalid("ClientRequestToken has more than 36 characters")
	}
	done, err := t.begin(token, in, now)
	if done || err != nil {
		return err
	}
	err = do()
	t.end(token, err == nil)
	return err
}

func (t *tokens) begin(token string, in *transactInput, now time.Time) (done bool, err error) {
	text, err := json.Marshal(in.TransactItems, json.Deterministic(true))
	if err != nil {
		return false, internal(err)
	}
	request := sha256.Sum256(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	for old, r := range t.known {
		if r.done && now.Sub(r.at) > tokenLife {
			delete(t.known, old)
		}
	}
	r := t.known[token]
	switch {
	case r == nil:
		if t.known == nil {
			t.known = map[string]*remembered{}
		}
		t.known[token] = &remembered{request: request, at: now}
		return false, nil
	case r.request != request:
		return false, fail("IdempotentParameterMismatchException",
			"ClientRequestToken was used with different parameters")
	case !r.done:
		return false, fail(
			"TransactionInProgressException", "The transaction with the given request token is already in progress",
		)
	}
	return true, nil
}

func (t *tokens) end(token string, succeeded bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if succeeded {
		t.known[token].done = true
		return
	}
	delete(t.known, token)
}
