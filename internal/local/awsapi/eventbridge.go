package awsapi

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

// A BusEvent is an event that a function sends to an EventBridge bus.
type BusEvent struct {
	ID         string // the ID that EventBridge assigns
	Bus        string // the name of the bus
	Source     string
	DetailType string
	Detail     jsontext.Value // a JSON object
	Time       time.Time
}

// maxEvents is the maximum number of events in one PutEvents request.
const maxEvents = 10

type putEventsInput struct{ Entries []putEventsEntry }

type putEventsEntry struct {
	EventBusName, Source, DetailType, Detail string

	Time float64 // in seconds since 1970; 0 for now
}

type putEventsOutput struct {
	Entries          []putEventsResult
	FailedEntryCount int
}

type putEventsResult struct {
	EventId                 string `json:"EventId,omitzero"`
	ErrorCode, ErrorMessage string `json:",omitzero"`
}

// eventBridge serves PutEvents. As in EventBridge, an invalid event fails alone, and the other events of the request
// are accepted.
func (s *Server) eventBridge(r *request) ([]access.Call, func(http.ResponseWriter) error, error) {
	if r.operation != "PutEvents" {
		return nil, nil, unknown(r)
	}
	var in putEventsInput
	if err := decode(r.body, &in); err != nil {
		return nil, nil, err
	}
	if len(in.Entries) == 0 || len(in.Entries) > maxEvents {
		return nil, nil, invalid("ValidationException", "PutEvents takes 1 to 10 entries")
	}
	var calls []access.Call
	for _, e := range in.Entries {
		calls = append(
			calls, access.Call{Operation: "events:PutEvents", Resource: s.arn("events", "event-bus/"+e.EventBusName)},
		)
	}
	return calls, func(w http.ResponseWriter) error {
		var out putEventsOutput
		for _, e := range in.Entries {
			result, err := s.putEvent(r.Context(), e)
			if err != nil {
				return err
			}
			if result.ErrorCode != "" {
				out.FailedEntryCount++
			}
			out.Entries = append(out.Entries, result)
		}
		return respond(w, out)
	}, nil
}

func (s *Server) putEvent(ctx context.Context, e putEventsEntry) (putEventsResult, error) {
	detail := jsontext.Value(e.Detail)
	if !detail.IsValid() || detail.Kind() != '{' {
		return putEventsResult{ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed."}, nil
	}
	if e.Source == "" || e.DetailType == "" {
		return putEventsResult{
			ErrorCode: "InvalidArgument", ErrorMessage: "Parameter Source or DetailType is not valid.",
		}, nil
	}
	at := s.Now()
	if e.Time != 0 {
		at = time.UnixMilli(int64(e.Time * 1000)).UTC()
	}
	event := BusEvent{rand.Text(), e.EventBusName, e.Source, e.DetailType, detail, at}
	return putEventsResult{EventId: event.ID}, s.Put(context.WithoutCancel(ctx), event)
}
