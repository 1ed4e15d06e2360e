package erasure

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A listed value is a page of GET /v1/erasures, an erasure on such a page, or a line that was logged for an erasure.
type listed struct {
	Data []listed `json:"data"`

	Program     string           `json:"program"` // only in log lines
	Member      loyalty.MemberID `json:"member"`
	Status      Status           `json:"status"` // not in log lines, which all state completed erasures
	RequestedAt time.Time        `json:"requested_at"`
	DueAt       time.Time        `json:"due_at"`
	CompletedAt time.Time        `json:"completed_at"`
}

// ReadList yields the erasures of a program from a file that contains JSON values: pages of GET /v1/erasures, and lines
// of the function's log. It ignores other values.
func ReadList(r io.Reader, program string) iter.Seq2[Erasure, error] {
	return func(yield func(Erasure, error) bool) {
		d := jsontext.NewDecoder(r)
		for {
			var page listed
			if err := json.UnmarshalDecode(d, &page); err != nil {
				if !errors.Is(err, io.EOF) {
					yield(Erasure{}, fmt.Errorf("erasure: read the list: %w", err))
				}
				return
			}
			for _, x := range append(page.Data, page) {
				if x.Member == "" || x.Program != "" && x.Program != program || x.CompletedAt.IsZero() {
					continue
				}
				e := Erasure{
					Member: x.Member, Status: Completed, Requested: x.RequestedAt, Due: x.DueAt,
					Completed: x.CompletedAt,
				}
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}
