package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxAnswer is the maximum number of bytes that are read from a response.
const maxAnswer = 64 << 20

// ask sends a request to the API at the address base, such as that of a running perennial dev. It returns the status
// and the body of every response, also of a rejection.
func ask(
	ctx context.Context, method, base, path string, headers http.Header, body []byte,
) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header = headers
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("no response from the API at %s (is perennial dev running?): %w", base, err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, nil, fmt.Errorf("read the response: %w", err)
	}
	return resp.StatusCode, answer, nil
}
