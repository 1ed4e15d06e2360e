package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// MaxAnswer is the maximum size of a response of a provider's API.
const MaxAnswer = 1 << 20

// ErrUnreachable means that a provider's API could not be reached.
var ErrUnreachable = errors.New("payments: a processor's API could not be reached")

// An AnswerError reports that a provider's API returned a status other than 200.
type AnswerError struct{ Status int }

func (e *AnswerError) Error() string {
	return "payments: the processor's API returned " + strconv.Itoa(e.Status)
}

// Final reports whether a repeated request would get the same response.
func (e *AnswerError) Final() bool {
	return e.Status/100 == 4 && e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// Base returns the base URL of the provider's API. It returns the URL in the settings. If the settings contain none, it
// returns the parameter live or test, according to the stage of the connection.
func (c Connection) Base(live, test string) string {
	if c.Stage == app.Live {
		test = live
	}
	return cmp.Or(strings.TrimSuffix(c.API, "/"), test)
}

// Get sends a GET request and returns the body of the response. It does not follow redirects. The function prepare may
// set headers, or be nil.
func (c Connection) Get(ctx context.Context, address string, prepare func(*http.Request)) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("payments: fetch: %w", err)
	}
	if prepare != nil {
		prepare(req)
	}
	return c.Do(req)
}

// Do sends a request and returns the body of the response. If the request fails, it returns an *AnswerError or an error
// that wraps ErrUnreachable.
func (c Connection) Do(req *http.Request) ([]byte, error) {
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &AnswerError{resp.StatusCode}
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("%w: read its response: %w", ErrUnreachable, err)
	}
	if len(raw) > MaxAnswer {
		return nil, fmt.Errorf("%w: its response is larger than %d bytes", ErrUnreachable, MaxAnswer)
	}
	return raw, nil
}

// DecodeList decodes a page of a provider's list of events or orders.
func DecodeList(raw []byte, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("payments: a processor's list of events has an unknown format: %w", err)
	}
	return nil
}

// ReadBackID returns the ID of an event that Retrieve creates from an object. If the object has not changed, the ID is
// the same.
func ReadBackID(f loyalty.Fact, object []byte) string {
	return fmt.Sprintf("readback:%s:%s", f.ID, Digest(object))
}
