package payments

import (
	"errors"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A body is one JSON object without repeated names that is nested at most maxDepth deep. Brackets in texts do not count.
func TestDecodeIsStrict(t *testing.T) {
	nested := func(n int, open, inner, end string) string {
		return `{"a":` + strings.Repeat(open, n-1) + inner + strings.Repeat(end, n-1) + `}`
	}
	for body, code := range map[string]loyalty.Code{
		`{}`: "", " \t\r\n{}": "", `{"b":1}`: "", `{"a":null}`: "",
		``: malformed, ` `: malformed, `null`: malformed, `[]`: malformed, `1`: malformed, `"{"`: malformed, `{`: malformed, `{}{}`: malformed,
		`{"a":1,"a":2}`: malformed, "{\"a\":\"\xff\"}": malformed,
		nested(maxDepth, `[`, ``, `]`): "", nested(maxDepth+1, `[`, ``, `]`): "json_too_deep",
		nested(maxDepth, `{"b":`, `1`, `}`): "", nested(maxDepth+1, `{"b":`, `1`, `}`): "json_too_deep",
		nested(1, ``, `[`+strings.Repeat(`[],`, maxDepth)+`[]]`, ``):                                                      "",
		nested(1, ``, `[`+strings.Repeat(`{},`, maxDepth)+`{}]`, ``):                                                      "",
		nested(1, ``, `"`+strings.Repeat(`[`, maxDepth)+`"`, ``):                                                          "",
		nested(1, ``, `"`+strings.Repeat(`{`, maxDepth)+`"`, ``):                                                          "",
		nested(1, ``, `"`+strings.Repeat(`\"[`, 3*maxDepth)+`"`, ``):                                                      "",
		nested(1, ``, `"`+strings.Repeat(`]`, maxDepth)+`"`, ``):                                                          "",
		nested(maxDepth+1, `[`, `"`+strings.Repeat(`]`, maxDepth)+`"`, `]`):                                               "json_too_deep",
		nested(maxDepth+1, `[`, `"`+strings.Repeat(`}`, maxDepth)+`"`, `]`):                                               "json_too_deep",
		nested(maxDepth+1, `[`, `"\\"`, `]`):                                                                              "json_too_deep",
		`{"a":"\\","b":` + strings.Repeat(`[`, maxDepth) + strings.Repeat(`]`, maxDepth) + `}`:                            "json_too_deep",
		`{"a":[` + strings.Repeat(`[]`+",", 3) + strings.Repeat(`[`, maxDepth-2) + strings.Repeat(`]`, maxDepth-2) + `]}`: "",
	} {
		var into struct {
			A any `json:"a"`
		}
		err := decode([]byte(body), &into)
		var strange *oddity
		errors.As(err, &strange)
		if (err == nil) != (code == "") || code != "" && strange.code != code {
			t.Errorf("%.80s: %v, want %q", body, err, code)
		}
	}
}
