package api

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

func jsonNames(v any) []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
		if !f.Anonymous {
			names = append(names, f.Tag.Get("json"))
		}
	}
	return names
}

// TestScripts runs testdata/*.txt. A script is prose that contains requests. A request consists of these lines:
//
//   - a line like "PUT /v1/orders/1042";
//   - headers: Key selects an API key by its name in the test world, the token of a member ("member:cust-1"), or the
//     session of an operator with a role ("operator:owner"), and the value "-" removes a header;
//   - the body; the prefix "go " means that it is a Go string, and "base64 " that it is sent unchanged as base64;
//   - "=> 201", followed by the code if the request is rejected, and by "replayed" if the answer states so;
//   - the expected values of the answer as "path: JSON" with a dotted path (# is the length of a list), and
//     "name = path" to store a value as $name.
//
// After "=> each", each line "value  status code" sends the request with the value in place of §. "clock +14d" advances
// the clock, "nights 30" advances it by 30 days and runs the schedules each day, and "program generous" publishes
// testdata/generous.yaml as the next version of bluebird. "log $entry" appends an entry to the transparency log, and
// "list $member" refreshes the list items of a member, as the relay does. A blank line ends a request.
//
// A rejected request must leave every byte of the table unchanged, unless "recorded" follows the code. At the end, the
// accounts of all members whose IDs were stored must pass an audit.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	ran, replayed := 0, map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			ran++
			onBoth(t, func(t *testing.T, tab table.Table) {
				raw, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				s := &script{world: newWorld(t, tab), file: file, vars: map[string]string{}, replayed: replayed}
				s.run(strings.Split(string(raw), "\n"))
			})
		})
	}
	for _, r := range request.Routes() {
		if ran == len(files) && r.Keyed && !replayed[r.Pattern] {
			t.Errorf("no script replays %s", r.Pattern)
		}
	}
}

type script struct {
	*world
	file    string
	line    int
	version int // number of versions of bluebird after the first
	vars    map[string]string

	replayed map[string]bool // routes of replayed requests
}

var (
	requestLine = regexp.MustCompile(`^(GET|PUT|POST|PATCH|DELETE|HEAD|TRACE|OPTIONS) (/\S*)$`)
	headerLine  = regexp.MustCompile(`^([A-Z][A-Za-z-]*): (.*)$`)
	clockLine   = regexp.MustCompile(`^clock \+(\d+)([dhms])$`)
	nightsLine  = regexp.MustCompile(`^nights (\d+)$`)
	programLine = regexp.MustCompile(`^program ([a-z]+)$`)
	logLine     = regexp.MustCompile(`^log (\S+)$`)
	listLine    = regexp.MustCompile(`^list (\S+)$`)
	letLine     = regexp.MustCompile(`^(\w+) = ([\w.#]+)$`)
	variable    = regexp.MustCompile(`\$(\w+)`)
)

func (s *script) run(lines []string) {
	for i := 0; i < len(lines); i++ {
		s.line = i + 1
		if m := clockLine.FindStringSubmatch(lines[i]); m != nil {
			n, _ := strconv.Atoi(m[1])
			unit := map[string]time.Duration{
				"d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second,
			}[m[2]]
			s.advance(time.Duration(n) * unit)
		}
		if m := nightsLine.FindStringSubmatch(lines[i]); m != nil {
			n, _ := strconv.Atoi(m[1])
			s.nights(n)
		}
		if m := programLine.FindStringSubmatch(lines[i]); m != nil {
			s.version++
			s.publish("bluebird", []byte(programSource(s.t, m[1])), s.version)
		}
		if m := logLine.FindStringSubmatch(lines[i]); m != nil {
			s.logEntry("bluebird", s.expand(m[1]))
		}
		if m := listLine.FindStringSubmatch(lines[i]); m != nil {
			lists := listing.List{Table: s.table, Now: s.clock}
			if err := lists.Refresh(s.t.Context(), "bluebird", loyalty.MemberID(s.expand(m[1]))); err != nil {
				s.t.Fatal(err)
			}
		}
		if !requestLine.MatchString(lines[i]) {
			continue
		}
		end := i
		for end < len(lines) && lines[end] != "" {
			end++
		}
		s.request(lines[i:end])
		i = end
	}
	s.audit()
}

// audit recomputes the accounts of all members whose IDs the script stored, and reports differences.
func (s *script) audit() {
	for name, v := range s.vars {
		if !strings.HasPrefix(v, "mem_") {
			continue
		}
		if err := s.app.Statements.Audit(s.t.Context(), "bluebird", loyalty.MemberID(v)); err != nil {
			s.errorf("the account of $%s: %v", name, err)
		}
	}
}

func (s *script) expand(text string) string {
	return variable.ReplaceAllStringFunc(text, func(name string) string {
		if v, ok := s.vars[name[1:]]; ok {
			return v
		}
		return name
	})
}

func (s *script) request(lines []string) {
	s.t.Helper()
	m := requestLine.FindStringSubmatch(s.expand(lines[0]))
	if m == nil {
		m = requestLine.FindStringSubmatch(lines[0])
	}
	r := sentRequest{method: m[1], path: m[2], header: map[string]string{}}
	var body []string
	for i, line := range lines[1:] {
		if want, ok := strings.CutPrefix(line, "=> "); ok {
			s.line += i + 1
			s.setBody(&r, strings.Join(body, "\n"))
			if want == "each" {
				s.each(r, lines[i+2:])
				return
			}
			s.expect(s.perform(r, want), want, lines[i+2:])
			return
		}
		h := headerLine.FindStringSubmatch(line)
		switch {
		case len(body) == 0 && h != nil && h[1] == "Key":
			r.key = h[2]
			s.operator(h[2])
		case len(body) == 0 && h != nil:
			r.header[h[1]] = s.expand(h[2])
		default:
			body = append(body, line)
		}
	}
	s.fatal("the request has no =>")
}

func (s *script) setBody(r *sentRequest, text string) {
	switch {
	case strings.HasPrefix(text, "base64 "):
		r.base64 = strings.TrimPrefix(text, "base64 ")
	case strings.HasPrefix(text, "go "):
		unquoted, err := strconv.Unquote(strings.TrimPrefix(text, "go "))
		if err != nil {
			s.fatal("%v", err)
		}
		r.body = []byte(unquoted)
	case text != "":
		r.body = []byte(s.expand(text))
	}
}

func (s *script) each(r sentRequest, cases []string) {
	s.t.Helper()
	for _, line := range cases {
		s.line++
		fields := strings.Fields(line)
		if len(fields) < 2 {
			s.fatal("a case is: value, status, code")
		}
		cut := len(fields) - 1
		for _, err := strconv.Atoi(fields[cut]); err != nil && cut > 0; _, err = strconv.Atoi(fields[cut]) {
			cut--
		}
		want := strings.Join(fields[cut:], " ")
		value := s.expand(strings.TrimSpace(line[:strings.LastIndex(line, fields[cut])]))
		filled := r
		filled.path = strings.ReplaceAll(r.path, "§", value)
		if r.body != nil {
			filled.body = []byte(strings.ReplaceAll(string(r.body), "§", value))
		}
		filled.header = map[string]string{}
		for name, h := range r.header {
			filled.header[name] = strings.ReplaceAll(h, "§", value)
		}
		s.expect(s.perform(filled, want), want, nil)
	}
}

func (s *script) perform(r sentRequest, want string) answered {
	s.t.Helper()
	if s.transcript != nil {
		return s.do(r)
	}
	before := s.dump()
	a := s.do(r)
	person := strings.HasPrefix(r.key, "member:") || strings.HasPrefix(r.key, "operator:")
	if a.header["idempotent-replayed"] == "true" && (r.key == "" || person) {
		s.replay(r, a)
	}
	if a.status >= 400 && !strings.Contains(want, "recorded") {
		if diff := cmp.Diff(strings.Split(before, "\n"), strings.Split(s.dump(), "\n")); diff != "" {
			s.errorf("the refusal %d %s changed the table:\n%s", a.status, a.code(), diff)
		}
	}
	return a
}

// replay repeats a replayed request with another API key of the program, or with another token of the member. The
// answer must be the same, because Idempotency-Keys do not belong to an API key or a token.
func (s *script) replay(r sentRequest, want answered) {
	s.t.Helper()
	if r.key == "" {
		r.key = "second"
	}
	a := s.do(r)
	if a.status != want.status || a.header["idempotent-replayed"] != "true" ||
		a.status < 400 && !reflect.DeepEqual(a.json, want.json) {
		s.errorf(
			"under another API key the replay answered %d: %s\nnot %d: %s", a.status, a.body, want.status, want.body,
		)
	}
	pattern, _, _ := s.route(r)
	s.replayed[pattern] = true
}

func (s *script) expect(a answered, want string, holds []string) {
	s.t.Helper()
	got := strconv.Itoa(a.status)
	if a.status >= 400 {
		got += " " + a.code()
	}
	if a.header["idempotent-replayed"] == "true" {
		got += " replayed"
	}
	if strings.HasSuffix(want, " recorded") {
		got += " recorded"
	}
	if s.failing != nil && s.failing.err != nil { // a repeated request may be a replay
		got, want = repeated(got), repeated(want)
	}
	if got != want && s.http != nil {
		return // a gateway refuses some requests itself
	}
	if got != want {
		s.errorf("answered %s, not %s: %s", got, want, a.body)
		return
	}
	for _, line := range holds {
		s.line++
		if m := letLine.FindStringSubmatch(line); m != nil {
			v, ok := lookup(a.json, m[2])
			if !ok {
				s.fatal("the answer has no %s: %s", m[2], a.body)
			}
			s.vars[m[1]] = fmt.Sprint(v)
			continue
		}
		path, text, ok := strings.Cut(line, ": ")
		if !ok {
			s.fatal("cannot read %q", line)
		}
		s.holds(a, path, s.expand(text))
	}
}

// repeated returns the status that a request has when it is sent again.
func repeated(status string) string {
	return strings.Replace(strings.Replace(status, " replayed", "", 1), "201", "200", 1)
}

func (s *script) holds(a answered, path, text string) {
	s.t.Helper()
	var want any
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		want = text
	}
	var got any
	if name, ok := strings.CutPrefix(path, "header."); ok {
		got = a.header[name]
	} else {
		got, ok = lookup(a.json, path)
		if !ok {
			got = "(absent)"
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.errorf("%s is not as expected (-want +got):\n%s\n%s", path, diff, a.body)
	}
}

// lookup returns the value at a dotted path of decoded JSON.
func lookup(v any, path string) (any, bool) {
	for _, name := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			var ok bool
			if v, ok = x[name]; !ok {
				return nil, false
			}
		case []any:
			n, err := strconv.Atoi(name)
			if name == "#" {
				v = float64(len(x))
				continue
			}
			if err != nil || n >= len(x) {
				return nil, false
			}
			v = x[n]
		default:
			return nil, false
		}
	}
	return v, true
}

func (s *script) errorf(format string, args ...any) {
	s.t.Helper()
	s.t.Errorf("%s:%d: %s", s.file, s.line, fmt.Sprintf(format, args...))
}

func (s *script) fatal(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s:%d: %s", s.file, s.line, fmt.Sprintf(format, args...))
}
