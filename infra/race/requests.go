package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// A scenario is a kind of operation. An operation is one request, or two requests for a reservation and its commit.
type scenario struct {
	name string
	hot  bool // true if all operations are for the same member
	run  func(w *worker, member string) error

	// sql is the SQL that the hand-written service runs for one operation. It is a script for pgbench with the
	// variables member and id. It is empty if the operation writes nothing.
	sql string
}

const (
	sqlEarn   = "SELECT * FROM put_order('p-' || :id, 'mem_' || :member, sha256('x'), repeat('x', 320), 5998);\n"
	sqlRedeem = "SELECT * FROM create_redemption('rd_' || :id, 'p-' || :id, sha256('x'), 'mem_' || :member, " +
		"'free-shipping', 300, %v);\n"
	sqlCommit = "SELECT * FROM commit_redemption('rd_' || :id);\n"
)

var scenarios = []scenario{
	{name: "earn", run: (*worker).earn, sql: sqlEarn},
	{name: "earn, one member", hot: true, run: (*worker).earn, sql: sqlEarn},
	{name: "redeem at once", run: (*worker).redeem, sql: fmt.Sprintf(sqlRedeem, true)},
	{name: "reserve, then commit", run: (*worker).reserveAndCommit, sql: fmt.Sprintf(sqlRedeem, false) + sqlCommit},
	{name: "GET member", run: (*worker).getMember},
	{name: "quote", run: (*worker).quote},
}

// A worker sends one request at a time to one server.
type worker struct {
	*client
	key    string
	prefix string // the prefix of the IDs that this worker creates
	next   int    // the number of operations so far
	buffer []byte // the buffer for the body of a request
}

// order contains the fields of an order with one line item. The fields for the member, the time and the status are
// added before and after it.
const order = `","currency":"EUR","channel":"web",` +
	`"line_items":[{"id":"1","sku":"BEAN-1","category":"coffee-beans","quantity":1,"amount":2999}],` +
	`"shipping":490,"tenders":[{"kind":"card","amount":3489}]`

// operate performs one operation.
func (w *worker) operate(s *scenario, member string) error {
	w.next++
	return s.run(w, member)
}

// id returns a unique ID for the current operation.
func (w *worker) id() string { return w.prefix + strconv.Itoa(w.next) }

// attempts is the maximum number of times that a request is sent while the server is temporarily unavailable.
const attempts = 10

// do sends a request, which must succeed. If the request conflicts with another request, do repeats it, as clients
// must.
func (w *worker) do(r request) (err error) {
	status := http.StatusServiceUnavailable
	for n := 0; n < attempts && status == http.StatusServiceUnavailable; n++ {
		if status, err = w.send(w.key, r); err != nil {
			return err
		}
	}
	if status/100 != 2 {
		return fmt.Errorf("race: %s %s: %d %s", r.method, r.path, status, w.body.Bytes())
	}
	return nil
}

// orderBody returns the body of a request for an order that is placed now.
func (w *worker) orderBody(member, status string) []byte {
	w.buffer = append(append(append(w.buffer[:0], `{"member":"`...), member...), `","placed_at":"`...)
	w.buffer = time.Now().UTC().AppendFormat(w.buffer, "2006-01-02T15:04:05.000Z")
	w.buffer = append(append(append(w.buffer, order...), status...), '}')
	return w.buffer
}

func (w *worker) earn(member string) error {
	body := w.orderBody(member, `,"status":"paid"`)
	return w.do(request{method: "PUT", path: "/v1/orders/" + w.id(), body: body})
}

func (w *worker) quote(member string) error {
	return w.do(request{method: "POST", path: "/v1/quotes", body: w.orderBody(member, "")})
}

func (w *worker) getMember(member string) error {
	return w.do(request{method: "GET", path: "/v1/members/" + member})
}

func (w *worker) redeem(member string) error { return w.createRedemption(member, "true") }

func (w *worker) createRedemption(member, commit string) error {
	w.buffer = append(append(append(w.buffer[:0], `{"member":"`...), member...), `","reward":"free-shipping",`...)
	w.buffer = append(append(append(w.buffer, `"commit":`...), commit...), '}')
	return w.do(request{method: "POST", path: "/v1/redemptions", idempotencyKey: w.id(), body: w.buffer})
}

func (w *worker) reserveAndCommit(member string) error {
	if err := w.createRedemption(member, "false"); err != nil {
		return err
	}
	id, err := w.responseID()
	if err != nil {
		return err
	}
	return w.do(request{
		method: "POST", path: "/v1/redemptions/" + id + "/commit", idempotencyKey: "commit-" + w.id(),
	})
}

// responseID returns the ID in the last response. It must be the first field of the response.
func (w *worker) responseID() (string, error) {
	rest, found := bytes.CutPrefix(w.body.Bytes(), []byte(`{"id":"`))
	id, _, ends := bytes.Cut(rest, []byte(`"`))
	if !found || !ends {
		return "", errors.New("race: the response does not begin with an ID")
	}
	return string(id), nil
}
