package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestClientReadsResponses sends requests on one connection and reads responses with a length, in chunks, and without
// a body.
func TestClientReadsResponses(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key"), body)
	})
	mux.HandleFunc("GET /long", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, long) })
	mux.HandleFunc("POST /empty", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(mux)
	defer server.Close()
	c, err := dial(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.conn.Close()
	for range 2 {
		for _, x := range []struct {
			request
			status int
			want   string
		}{
			{request{"POST", "/echo", "k1", []byte("abc")}, http.StatusCreated, "Bearer sk k1 abc"},
			{request{method: "GET", path: "/long"}, http.StatusOK, long},
			{request{method: "POST", path: "/empty"}, http.StatusOK, ""},
			{request{method: "GET", path: "/none"}, http.StatusNotFound, "404 page not found\n"},
		} {
			status, err := c.send("sk", x.request)
			if err != nil || status != x.status || c.body.String() != x.want {
				t.Fatalf("%s: %d %q, %v; want %d %q", x.path, status, c.body.String(), err, x.status, x.want)
			}
		}
	}
}

func TestClientRejectsUnknownResponses(t *testing.T) {
	for _, response := range []string{
		"", "HTTP/1.1 200", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
	} {
		c := newClient(nil, strings.NewReader(response))
		if status, err := c.receive(); err == nil {
			t.Errorf("%q: status %d without an error", response, status)
		}
	}
}

// TestWorkerRepeatsWhenUnavailable also checks that any other failure is an error.
func TestWorkerRepeatsWhenUnavailable(t *testing.T) {
	var statuses []int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(statuses[0])
		statuses = statuses[1:]
	}))
	defer server.Close()
	c, err := dial(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.conn.Close()
	for _, x := range []struct {
		statuses []int
		fails    bool
	}{
		{[]int{200}, false},
		{[]int{503, 503, 201}, false},
		{[]int{503, 409}, true},
		{[]int{503, 503, 503, 503, 503, 503, 503, 503, 503, 503}, true},
	} {
		statuses = x.statuses
		w := &worker{client: c}
		if err := w.getMember("mem_1"); (err != nil) != x.fails || len(statuses) > 0 {
			t.Errorf("%v: %v, and %v were not requested", x.statuses, err, statuses)
		}
	}
}
