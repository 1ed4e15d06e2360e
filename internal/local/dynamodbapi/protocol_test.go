package dynamodbapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/local/dynamodbapi"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A service is an API for a table in memory, with its reported changes.
type service struct {
	t   *testing.T
	tab table.Table
	url string

	mu      sync.Mutex
	now     time.Time
	changes []dynamodbapi.Change
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{t: t, tab: memory(t), now: time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)}
	server := httptest.NewServer(&dynamodbapi.API{
		Table: s.tab, Name: "perennial", Now: func() time.Time { return s.now },
		Changed: func(changes []dynamodbapi.Change) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.changes = append(s.changes, changes...)
		},
	})
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// call sends a request and returns the status and the response.
func (s *service) call(operation, body string) (int, map[string]any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(raw, &out); err != nil {
		s.t.Fatalf("%s: %v: %s", operation, err, raw)
	}
	return resp.StatusCode, out
}

// want requires a status and, for an error, the code at the end of __type. It returns the response.
func (s *service) want(status int, code, operation, body string) map[string]any {
	s.t.Helper()
	got, out := s.call(operation, body)
	name, _ := out["__type"].(string)
	if _, after, ok := strings.Cut(name, "#"); ok {
		name = after
	}
	if got != status || name != code {
		s.t.Errorf("%s %s: %d %v, not %d %s", operation, body, got, out, status, code)
	}
	return out
}

// image returns an item in DynamoDB's JSON.
func image(sk string, version int, doc string) string {
	return fmt.Sprintf(`{"pk":{"S":"p"},"sk":{"S":%q},"v":{"N":"%d"},"doc":{"M":%s}}`, sk, version, doc)
}

func (s *service) put(sk string, version int, doc string) {
	s.t.Helper()
	condition := `"ConditionExpression":"attribute_not_exists(pk)"`
	if version > 1 {
		condition = fmt.Sprintf(
			`"ConditionExpression":"v = :read","ExpressionAttributeValues":{":read":{"N":"%d"}}`, version-1,
		)
	}
	s.want(200, "", "PutItem", `{"TableName":"perennial","Item":`+image(sk, version, doc)+`,`+condition+`}`)
}

// stored returns the stored document of an item, or "" if it is absent.
func (s *service) stored(sk string) string {
	s.t.Helper()
	it, err := s.tab.Get(s.t.Context(), table.Key{PK: "p", SK: sk})
	if err != nil {
		s.t.Fatal(err)
	}
	return string(it.Doc)
}

func TestConditionsUseStoredItem(t *testing.T) {
	s := newService(t)
	s.put("a", 1, `{"n":{"N":"5"},"s":{"S":"x"},"m":{"M":{"k":{"N":"1.50"}}},"z":{"NULL":true}}`)
	for condition, holds := range map[string]bool{
		"attribute_exists(pk)":                                    true,
		"attribute_not_exists(pk)":                                false,
		"attribute_exists(doc.n) AND attribute_not_exists(doc.x)": true,
		"attribute_exists(doc.m.k)":                               true,
		"attribute_exists(doc.s.k)":                               false,
		"v = :one":                                                true,
		"v <> :one":                                               false,
		"doc.n = :five":                                           true,
		"doc.n = :text":                                           false,
		"doc.s = :text":                                           true,
		"doc.s <> :one":                                           true,
		"doc.x <> :one":                                           false,
		"doc.n < :five":                                           false,
		"doc.n <= :five":                                          true,
		"doc.n > :one":                                            true,
		"doc.n >= :text":                                          false,
		"doc.m.k = :half":                                         true,
		"doc.n BETWEEN :one AND :five":                            true,
		"doc.n between :five and :one":                            false,
		"doc.s BETWEEN :one AND :five":                            false,
		"doc.x BETWEEN :one AND :five":                            false,
		"#f = :five":                                              false,
		"doc.#f = :five":                                          true,
		"v = :five OR doc.n = :five":                              true,
		"v = :five OR doc.n = :five AND v = :five":                false,
		"(v = :one OR doc.n = :one) AND attribute_exists(doc.z)":                                   true,
		"attribute_exists(pk) AND (attribute_not_exists(doc.#f) OR doc.#f BETWEEN :one AND :five)": true,
	} {
		body := `{"TransactItems":[{"ConditionCheck":{"TableName":"perennial","Key":{"pk":{"S":"p"},"sk":{"S":"a"}},` +
			`"ConditionExpression":"` + condition + `"` + placeholders(condition) + `}}]}`
		status, out := s.call("TransactWriteItems", body)
		if (status == 200) != holds || status != 200 && !strings.Contains(fmt.Sprint(out), "ConditionalCheckFailed") {
			t.Errorf("%s: %d %v", condition, status, out)
		}
	}
}

// placeholders returns the names and values that the expressions of these tests use.
func placeholders(expression string) string {
	values := []string{}
	for name, v := range map[string]string{
		":one": `{"N":"1"}`, ":five": `{"N":"5.0"}`, ":half": `{"N":"1.5"}`, ":text": `{"S":"x"}`, ":zero": `{"N":"0"}`,
	} {
		if strings.Contains(expression, name) {
			values = append(values, fmt.Sprintf("%q:%s", name, v))
		}
	}
	out := ""
	if len(values) > 0 {
		out = `,"ExpressionAttributeValues":{` + strings.Join(values, ",") + `}`
	}
	if strings.Contains(expression, "#f") {
		out += `,"ExpressionAttributeNames":{"#f":"n"}`
	}
	return out
}

func TestUpdatesUseStoredItem(t *testing.T) {
	s := newService(t)
	s.put("a", 1, `{"n":{"N":"5"}}`)
	update := func(expression string) string {
		return `{"TransactItems":[{"Update":{"TableName":"perennial","Key":{"pk":{"S":"p"},"sk":{"S":"a"}},` +
			`"UpdateExpression":"` + expression + `"` + placeholders(expression) + `}}]}`
	}
	s.want(200, "", "TransactWriteItems", update("SET doc.#f = if_not_exists(doc.#f, :zero) + :five, v = v + :one"))
	s.want(200, "", "TransactWriteItems", update("set doc.x = if_not_exists(doc.x, :zero) - :one, v = v + :one"))
	if got, want := s.stored("a"), `{"n":10,"x":-1}`; got != want {
		t.Errorf("the document is %s, not %s", got, want)
	}
	for _, expression := range []string{
		"SET doc.#f = :one",                       // the version is unchanged
		"SET doc.#f = :text + :one, v = v + :one", // text is not a number
		"SET doc.y.z = :one, v = v + :one",        // the map y is missing
		"SET doc.#f = doc.y, v = v + :one",        // the attribute y is missing
		"SET pk = :text, v = v + :one",
		"SET other = :text, v = v + :one",
		"REMOVE doc.#f", "ADD doc.#f :one", "SET doc.#f = doc.#f * :one", "SET", "SET doc.#f :one",
	} {
		s.want(400, "ValidationException", "TransactWriteItems", update(expression))
	}
	if got, want := s.stored("a"), `{"n":10,"x":-1}`; got != want {
		t.Errorf("the document is now %s", got)
	}
}

func TestUnsupportedRequestsChangeNothing(t *testing.T) {
	s := newService(t)
	s.put("a", 1, `{}`)
	item := image("b", 1, `{}`)
	for _, c := range []struct{ name, code, operation, body string }{
		{"another operation", "UnknownOperationException", "BatchWriteItem", `{}`},
		{"a scan without segments", "ValidationException", "Scan", `{"TableName":"perennial"}`},
		{
			"a scan of a segment that does not exist", "ValidationException", "Scan",
			`{"TableName":"perennial","Segment":2,"TotalSegments":2}`,
		},
		{
			"a scan with a filter", "ValidationException", "Scan",
			`{"TableName":"perennial","TotalSegments":1,"FilterExpression":"v = v"}`,
		},
		{
			"a scan that starts in another segment", "ValidationException", "Scan",
			`{"TableName":"perennial","Segment":1,"TotalSegments":2,` +
				`"ExclusiveStartKey":{"pk":{"S":"q"},"sk":{"S":"a"}}}`,
		},
		{"no JSON", "SerializationException", "PutItem", `{`},
		{"another table", "ResourceNotFoundException", "PutItem", `{"TableName":"other","Item":` + item + `}`},
		{
			"another parameter", "ValidationException", "PutItem",
			`{"TableName":"perennial","Item":` + item + `,"ReturnValues":"ALL_OLD"}`,
		},
		{
			"another attribute", "ValidationException", "PutItem",
			`{"TableName":"perennial","Item":{"x":{"S":"y"},` + item[1:] + `}`,
		},
		{
			"no version", "ValidationException", "PutItem",
			`{"TableName":"perennial","Item":{"pk":{"S":"p"},"sk":{"S":"b"},"doc":{"M":{}}}}`,
		},
		{
			"a version too far", "ValidationException", "PutItem",
			`{"TableName":"perennial","Item":` + image("b", 2, `{}`) + `}`,
		},
		{
			"a set", "ValidationException", "PutItem",
			`{"TableName":"perennial","Item":` + image("b", 1, `{"s":{"SS":["x"]}}`) + `}`,
		},
		{
			"two types", "ValidationException", "PutItem",
			`{"TableName":"perennial","Item":` + image("b", 1, `{"s":{"S":"x","N":"1"}}`) + `}`,
		},
		{
			"a bad number", "ValidationException", "PutItem",
			`{"TableName":"perennial","Item":` + image("b", 1, `{"s":{"N":"one"}}`) + `}`,
		},
		{
			"a bad condition", "ValidationException", "PutItem",
			`{"TableName":"perennial","Item":` + item + `,"ConditionExpression":"begins_with(pk, sk)"}`,
		},
		{
			"a negation", "ValidationException", "PutItem",
			`{"TableName":"perennial","Item":` + item + `,"ConditionExpression":"NOT attribute_exists(pk)"}`,
		},
		{
			"an open parenthesis", "ValidationException", "PutItem",
			`{"TableName":"perennial","Item":` + item + `,"ConditionExpression":"(attribute_exists(pk)"}`,
		},
		{
			"an undefined value", "ValidationException", "PutItem",
			`{"TableName":"perennial","Item":` + item + `,"ConditionExpression":"v = :read"}`,
		},
		{
			"an unused value", "ValidationException", "PutItem",
			`{"TableName":"perennial","Item":` + item + `,"ExpressionAttributeValues":{":x":{"N":"1"}}}`,
		},
		{"no key", "ValidationException", "DeleteItem", `{"TableName":"perennial","Key":{"pk":{"S":"p"}}}`},
		{
			"an empty key", "ValidationException", "DeleteItem",
			`{"TableName":"perennial","Key":{"pk":{"S":"p"},"sk":{"S":""}}}`,
		},
		{"no writes", "ValidationException", "TransactWriteItems", `{"TransactItems":[]}`},
		{
			"two writes in one operation", "ValidationException",
			"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"perennial","Item":` + item +
				`},"Delete":{"TableName":"perennial","Key":{"pk":{"S":"p"},"sk":{"S":"a"}}}}]}`,
		},
		{
			"two operations on one item", "ValidationException",
			"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"perennial","Item":` + item +
				`}},{"Delete":{"TableName":"perennial","Key":{"pk":{"S":"p"},"sk":{"S":"b"}}}}]}`,
		},
		{"a duplicate key", "ValidationException", "BatchGetItem", `{"RequestItems":{"perennial":{"Keys":[` +
			`{"pk":{"S":"p"},"sk":{"S":"a"}},{"pk":{"S":"p"},"sk":{"S":"a"}}]}}}`},
		{"a filter", "ValidationException", "Query", `{"TableName":"perennial","KeyConditionExpression":"pk = :p",` +
			`"ExpressionAttributeValues":{":p":{"S":"p"}},"FilterExpression":"v = :p"}`},
		{
			"another index", "ValidationException",
			"Query", `{"TableName":"perennial","IndexName":"other","KeyConditionExpression":"ipk = :p",` +
				`"ExpressionAttributeValues":{":p":{"S":"p"}}}`,
		},
		{
			"a consistent index", "ValidationException",
			"Query", `{"TableName":"perennial","IndexName":"index","KeyConditionExpression":"ipk = :p",` +
				`"ExpressionAttributeValues":{":p":{"S":"p"}},"ConsistentRead":true}`,
		},
		{
			"a key condition on another attribute", "ValidationException",
			"Query", `{"TableName":"perennial","KeyConditionExpression":"v = :p",` +
				`"ExpressionAttributeValues":{":p":{"S":"p"}}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			s.want(400, c.code, c.operation, c.body)
		})
	}
	s.t = t
	if got := s.stored("b"); got != "" {
		t.Errorf("the table contains %s", got)
	}
	if len(s.changes) != 1 {
		t.Errorf("got %d changes, want only that of the first put", len(s.changes))
	}
}

func TestCanceledTransactionReturnsReasonsAndItems(t *testing.T) {
	s := newService(t)
	s.put("a", 1, `{"n":{"N":"1"}}`)
	part := func(sk, more string) string {
		return `{"Put":{"TableName":"perennial","Item":` + image(sk, 1, `{}`) +
			`,"ConditionExpression":"attribute_not_exists(pk)"` + more + `}}`
	}
	const old = `,"ReturnValuesOnConditionCheckFailure":"ALL_OLD"`
	out := s.want(400, "TransactionCanceledException", "TransactWriteItems",
		`{"TransactItems":[`+part("b", old)+`,`+part("a", old)+`]}`)
	stored := map[string]any{
		"pk": map[string]any{"S": "p"}, "sk": map[string]any{"S": "a"}, "v": map[string]any{"N": "1"},
		"doc": map[string]any{"M": map[string]any{"n": map[string]any{"N": "1"}}},
	}
	want := []any{
		map[string]any{"Code": "None"},
		map[string]any{"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": stored},
	}
	if diff := cmp.Diff(want, out["CancellationReasons"]); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	out = s.want(400, "TransactionCanceledException", "TransactWriteItems", `{"TransactItems":[`+part("a", "")+`]}`)
	if strings.Contains(fmt.Sprint(out), "Item") {
		t.Errorf("an item that was not requested: %v", out)
	}
	out = s.want(400, "ConditionalCheckFailedException",
		"PutItem", `{"TableName":"perennial","Item":`+image("a", 1, `{}`)+
			`,"ConditionExpression":"attribute_not_exists(pk)"`+old+`}`)
	if diff := cmp.Diff(any(stored), out["Item"]); diff != "" {
		t.Errorf("item (-want +got):\n%s", diff)
	}
	if s.stored("b") != "" {
		t.Error("a part of the canceled transaction was applied")
	}
}

func TestTokenMakesTransactionIdempotentForTenMinutes(t *testing.T) {
	s := newService(t)
	s.put("a", 1, `{"n":{"N":"1"}}`)
	add := func(token, delta string) string {
		return `{"ClientRequestToken":"` + token +
			`","TransactItems":[{"Update":{"TableName":"perennial","Key":{"pk":{"S":"p"},"sk":{"S":"a"}},` +
			`"UpdateExpression":"SET doc.n = doc.n + :d, v = v + :one","ConditionExpression":"doc.n < :most",` +
			`"ExpressionAttributeValues":{":d":{"N":"` + delta + `"},":one":{"N":"1"},":most":{"N":"10"}}}}]}`
	}
	for range 3 {
		s.want(200, "", "TransactWriteItems", add("t1", "9"))
	}
	if got := s.stored("a"); got != `{"n":10}` {
		t.Errorf("after repetitions the document is %s", got)
	}
	s.want(400, "IdempotentParameterMismatchException", "TransactWriteItems", add("t1", "8"))
	s.want(400, "TransactionCanceledException", "TransactWriteItems", add("t2", "-5"))
	s.put("a", 3, `{"n":{"N":"1"}}`)
	s.want(200, "", "TransactWriteItems", add("t2", "-5")) // a canceled transaction may be repeated
	s.now = s.now.Add(10*time.Minute + time.Second)
	s.want(200, "", "TransactWriteItems", add("t1", "8")) // the token has expired
	if got := s.stored("a"); got != `{"n":4}` {
		t.Errorf("the document is %s", got)
	}
}

func TestIndexListsKeysInPages(t *testing.T) {
	s := newService(t)
	for i := range 5 {
		it := table.Item{
			Key: table.Key{PK: "p", SK: fmt.Sprint(i)}, Index: table.Key{PK: "due", SK: "x"}, Doc: []byte(`{"n":1}`),
		}
		if err := s.tab.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	start := ""
	for range 10 {
		out := s.want(200, "",
			"Query", `{"TableName":"perennial","IndexName":"index",`+
				`"KeyConditionExpression":"ipk = :p AND isk BETWEEN :a AND :b",`+
				`"ExpressionAttributeValues":{":p":{"S":"due"},":a":{"S":"x"},":b":{"S":"y"}},"Limit":2,`+
				`"ScanIndexForward":false`+start+`}`)
		for _, it := range out["Items"].([]any) {
			got = append(got, fmt.Sprint(it))
		}
		last, ok := out["LastEvaluatedKey"]
		if !ok {
			break
		}
		text, err := json.Marshal(last)
		if err != nil {
			t.Fatal(err)
		}
		start = `,"ExclusiveStartKey":` + string(text)
	}
	var want []string
	for i := 4; i >= 0; i-- {
		want = append(want, fmt.Sprintf("map[ipk:map[S:due] isk:map[S:x] pk:map[S:p] sk:map[S:%d]]", i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
}

func TestChangesAreReportedWithBothImages(t *testing.T) {
	s := newService(t)
	s.put("a", 1, `{"n":{"N":"1"}}`)
	s.put("a", 2, `{"n":{"N":"2"}}`)
	s.want(400, "ConditionalCheckFailedException",
		"DeleteItem", `{"TableName":"perennial","Key":{"pk":{"S":"p"},"sk":{"S":"a"}},`+
			`"ConditionExpression":"v = :r","ExpressionAttributeValues":{":r":{"N":"1"}}}`)
	s.want(200, "",
		"DeleteItem", `{"TableName":"arn:aws:dynamodb:local:000000000000:table/perennial","Key":{"pk":{"S":"p"},`+
			`"sk":{"S":"a"}},`+
			`"ConditionExpression":"v = :r","ExpressionAttributeValues":{":r":{"N":"2"}}}`)
	var got []string
	for _, c := range s.changes {
		text, err := json.Marshal([]any{c.Key, c.Old, c.New})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(text))
	}
	const key = `{"pk":{"S":"p"},"sk":{"S":"a"}}`
	first := `{"doc":{"M":{"n":{"N":"1"}}},"pk":{"S":"p"},"sk":{"S":"a"},"v":{"N":"1"}}`
	second := `{"doc":{"M":{"n":{"N":"2"}}},"pk":{"S":"p"},"sk":{"S":"a"},"v":{"N":"2"}}`
	want := []string{
		"[" + key + ",null," + first + "]", "[" + key + "," + first + "," + second + "]",
		"[" + key + "," + second + ",null]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
