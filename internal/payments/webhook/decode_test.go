package webhook

import (
	"errors"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A body is one JSON object without repeated names, nested at most maxDepth deep. Brackets in texts do not count.
func TestDecodeIsStrict(t *testing.T) {
	nested := func(n int, open, inner, end string) string {
		return `{"a":` + strings.Repeat(open, n-1) + inner + strings.Repeat(end, n-1) + `}`
	}
	text := func(s string) string { return `"` + strings.Repeat(s, maxDepth) + `"` }
	flat := func(s string) string { return `[` + strings.Repeat(s+`,`, maxDepth) + s + `]` }
	deep := strings.Repeat(`[`, maxDepth) + strings.Repeat(`]`, maxDepth)
	for code, bodies := range map[loyalty.Code][]string{
		"": {
			`{}`, " \t\r\n{}", `{"b":1}`, `{"a":null}`,
			nested(maxDepth, `[`, ``, `]`), nested(maxDepth, `{"b":`, `1`, `}`),
			nested(1, ``, flat(`[]`), ``), nested(1, ``, flat(`{}`), ``),
			nested(1, ``, text(`[`), ``), nested(1, ``, text(`{`), ``), nested(1, ``, text(`]`), ``),
			nested(1, ``, text(`\"[\"[\"[`), ``),
			`{"a":[` + strings.Repeat(`[],`, 3) + deep[2:len(deep)-2] + `]}`,
		},
		MalformedJSON: {
			``, ` `, `null`, `[]`, `1`, `"{"`, `{`, `{}{}`, `{"a":1,"a":2}`, "{\"a\":\"\xff\"}",
		},
		JSONTooDeep: {
			nested(maxDepth+1, `[`, ``, `]`), nested(maxDepth+1, `{"b":`, `1`, `}`),
			nested(maxDepth+1, `[`, text(`]`), `]`), nested(maxDepth+1, `[`, text(`}`), `]`),
			nested(maxDepth+1, `[`, `"\\"`, `]`), `{"a":"\\","b":` + deep + `}`,
		},
	} {
		for _, body := range bodies {
			var into struct {
				A any `json:"a"`
			}
			err := Decode([]byte(body), &into)
			var unusable *UnusableError
			errors.As(err, &unusable)
			if (err == nil) != (code == "") || code != "" && unusable.Code != code {
				t.Errorf("%.80s: %v, want %q", body, err, code)
			}
		}
	}
}
