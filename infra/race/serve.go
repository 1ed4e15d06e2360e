package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/perennial-loyalty/perennial/infra/race/handwritten"
)

// serveHandwritten runs the hand-written service until ctx ends.
func serveHandwritten(ctx context.Context, dsn, key string) error {
	store, err := handwritten.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer store.Close()
	handler, err := handwritten.Handler(ctx, store, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	return serve(ctx, handler, key)
}

// constantResponse is about as long as Perennial's response to an order with one line item. Clients use its ID as the
// ID of a redemption.
var constantResponse = fmt.Appendf(nil, `{"id":"rd_constant","padding":"%s"}`, bytes.Repeat([]byte("x"), 700))

// serveConstant runs a server that reads each request and returns a constant response, until ctx ends.
func serveConstant(ctx context.Context) error {
	return serve(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(constantResponse)
	}), "")
}

// serve listens on a free port, prints the URL and the key in the form that startServer reads, and serves requests
// until ctx ends. The garbage collector has the same setting as in perennial dev.
func serve(ctx context.Context, handler http.Handler, key string) error {
	debug.SetGCPercent(400)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("race: listen: %w", err)
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	ready := map[string]string{"url": "http://" + listener.Addr().String(), "key": key}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return fmt.Errorf("race: %w", err)
	}
	if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("race: serve: %w", err)
	}
	return nil
}
