package api

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/program"
)

// reminded returns a world with the demo program, and Ada, who consented to both purposes by email and has 200 beans.
func reminded(t *testing.T) (*world, string) {
	w := newWorld(t, memory(t))
	return w, w.remind()
}

// remind publishes the demo program and enrolls Ada.
func (w *world) remind() string {
	w.t.Helper()
	w.publish("bluebird", program.Demo(), 1)
	w.app.Programs.Forget("bluebird")
	ada := w.must("POST",
		"/v1/members", `{"external_id": "ada", "email": "ada@example.com", "phone": "+491701234567", "name": "Ada <b>",
		"locale": "de", "consents": [
		{"channel": "email", "purpose": "transactional", "granted": true, "wording": "terms-3", "source": "checkout"},
		{"channel": "email", "purpose": "marketing", "granted": true, "wording": "news-1", "source": "checkout"}]}`)
	w.must("POST", "/v1/members/"+ada+"/adjustments", `{"points": 150, "reason": "a good start"}`)
	return ada
}

func (w *world) fetch(method, path, body string, want int) map[string]any {
	w.t.Helper()
	r := sentRequest{method: method, path: path}
	if body != "" {
		r.body = []byte(body)
	}
	a := w.do(r)
	if a.status != want {
		w.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	m, _ := a.json.(map[string]any)
	return m
}

func TestConsentsAreGivenTakenBackAndLogged(t *testing.T) {
	w, ada := reminded(t)
	w.fetch(
		"PATCH", "/v1/members/"+ada,
		`{"consents": [{"channel": "email", "purpose": "marketing", "granted": false, "source": "app"}]}`, 200,
	)
	w.fetch(
		"PATCH", "/v1/members/"+ada,
		`{"consents": [{"channel": "email", "purpose": "marketing", "granted": false, "source": "app"}]}`, 200,
	)
	got := w.fetch("GET", "/v1/members/"+ada+"/consents", "", 200)
	data, _ := json.Marshal(got["data"])
	if len(got["data"].([]any)) != 2 || len(got["log"].([]any)) != 3 ||
		!strings.Contains(string(data), `"granted":false`) {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{
		`{"consents": [{"channel": "fax", "purpose": "marketing", "granted": true, "wording": "x", "source": "app"}]}`,
		`{"consents": [{"channel": "email", "purpose": "spam", "granted": true, "wording": "x", "source": "app"}]}`,
		`{"consents": [{"channel": "email", "purpose": "marketing", "granted": true, "source": "app"}]}`,
		`{"consents": [{"channel": "email", "purpose": "marketing", "wording": "x", "source": "app"}]}`,
		`{"consents": [{"channel": "email", "purpose": "marketing", "granted": true, "wording": "x", "source": ""}]}`,
		`{"consents": [{"channel": "email", "purpose": "marketing", "granted": false, "source": "a"},
			{"channel": "email", "purpose": "marketing", "granted": false, "source": "b"}]}`,
		`{"phone": "0170 1234567"}`,
	} {
		w.fetch("PATCH", "/v1/members/"+ada, bad, 422)
	}
	if got := w.fetch("GET", "/v1/members/"+ada+"/consents", "", 200); len(got["log"].([]any)) != 3 {
		t.Errorf("%v", got)
	}
}

func TestALinkTakesBackOneConsentAndLookingTakesNone(t *testing.T) {
	w, ada := reminded(t)
	links := w.office(w.app).Links
	sub := notify.Subscription{
		Program: "bluebird", Member: loyalty.MemberID(ada), Channel: loyalty.Email, Purpose: loyalty.Marketing,
	}
	path := strings.TrimPrefix(links.Unsubscribe(sub), "https://api.test")
	given := func() (n int) {
		for _, c := range w.fetch("GET", "/v1/members/"+ada+"/consents", "", 200)["data"].([]any) {
			if c.(map[string]any)["granted"] == true {
				n++
			}
		}
		return n
	}
	none := map[string]string{"Authorization": ""}
	if a := w.do(sentRequest{method: "GET", path: path, header: none}); a.status != 200 ||
		!strings.Contains(string(a.body), "<form") || given() != 2 {
		t.Errorf("%d %s, %d consents", a.status, a.body, given())
	}
	for range 2 {
		if a := w.do(sentRequest{method: "POST", path: path, header: none}); a.status != 200 || given() != 1 {
			t.Errorf("%d %s, %d consents", a.status, a.body, given())
		}
	}
	for _, bad := range []string{path + "x", path[:len(path)-2], "/v1/unsubscribe/abc", "/v1/unsubscribe/YWJj.YWJj"} {
		if a := w.do(sentRequest{method: "POST", path: bad, header: none}); a.status != 404 {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
}

func TestAPreviewSaysWhatWouldBeSaidAndWhyItIsNot(t *testing.T) {
	w, ada := reminded(t)
	got := w.fetch(
		"POST", "/v1/reminders/preview",
		`{"member": "`+ada+`", "reminder": "points-30d", "at": "2027-12-20T10:00:00Z"}`, 200,
	)
	if !strings.Contains(got["text"].(string), "31. Dezember 2027") || got["language"] != "de" ||
		got["suppressed_reason"] != nil {
		t.Errorf("%v", got)
	}
	if html := got["html"].(string); !strings.Contains(html, "Ada &lt;b&gt;") || strings.Contains(html, "Ada <b>") {
		t.Error(html)
	}
	got = w.fetch(
		"POST", "/v1/reminders/preview",
		`{"member": "`+ada+`", "reminder": "points-30d", "at": "2027-12-20T23:00:00Z"}`, 200,
	)
	if got["suppressed_reason"] != "quiet_hours" {
		t.Errorf("%v", got["suppressed_reason"])
	}
	// The points expire in a year, so there is no reminder yet.
	w.fetch("POST", "/v1/reminders/preview", `{"member": "`+ada+`", "reminder": "points-30d"}`, 422)
	w.fetch("POST", "/v1/reminders/preview", `{"member": "`+ada+`", "reminder": "nothing"}`, 422)
	w.fetch("POST", "/v1/reminders/preview", `{"member": "mem_nobody", "reminder": "points-30d"}`, 404)
	// A preview takes no recipients.
	w.fetch(
		"POST", "/v1/reminders/preview", `{"member": "`+ada+`", "reminder": "points-30d", "to": ["a@x.example"]}`, 400,
	)
	if len(w.outbox.Messages()) != 0 {
		t.Error("a preview was sent")
	}
}

// Links lead to the address at which the request arrived according to API Gateway, and never to an address from a
// header.
func TestLinksOfAPreviewLeadToTheAddressOfTheRequest(t *testing.T) {
	for _, c := range []struct{ domain, stage, want string }{
		{
			"a1b2.execute-api.eu-central-1.amazonaws.com", "",
			"https://a1b2.execute-api.eu-central-1.amazonaws.com/v1/unsubscribe/",
		},
		{
			"a1b2.execute-api.eu-central-1.amazonaws.com", "v2",
			"https://a1b2.execute-api.eu-central-1.amazonaws.com/v2/v1/unsubscribe/",
		},
		{"loyalty.example.com", "", "https://loyalty.example.com/v1/unsubscribe/"},
	} {
		w, ada := reminded(t)
		w.domain, w.stage = c.domain, c.stage
		a := w.do(sentRequest{
			method: "POST", path: "/v1/reminders/preview",
			header: map[string]string{"X-Forwarded-Host": "evil.example", "Host": "evil.example"},
			body:   []byte(`{"member": "` + ada + `", "reminder": "points-30d", "at": "2027-12-20T10:00:00Z"}`),
		})
		text, _ := a.json.(map[string]any)["text"].(string)
		if !strings.Contains(text, c.want) || strings.Contains(text, "evil") {
			t.Errorf("%+v: %s", c, text)
		}
	}
}

func TestATestGoesToFiveAddressesAtMostAndIsMarked(t *testing.T) {
	w, ada := reminded(t)
	body := `{"member": "` + ada + `", "reminder": "points-30d", "at": "2027-12-20T10:00:00Z", "to": [`
	w.fetch("POST", "/v1/reminders/test", body+`]}`, 422)
	w.fetch(
		"POST", "/v1/reminders/test",
		body+`"a@x.example","b@x.example","c@x.example","d@x.example","e@x.example","f@x.example"]}`, 422,
	)
	w.fetch("POST", "/v1/reminders/test", body+`"a@x.example\r\nBcc: b@x.example"]}`, 422)
	w.fetch("POST", "/v1/reminders/test", body+`"a@x.example","b@x.example"]}`, 200)
	sent := w.outbox.Messages()
	if len(sent) != 2 || sent[0].To != "a@x.example" || !strings.HasPrefix(sent[0].Subject, "[Test] ") ||
		sent[0].Member == loyalty.MemberID(ada) {
		t.Errorf("%+v", sent)
	}
}

func TestATestByTextMessageHasTheWordsOfOne(t *testing.T) {
	w, ada := reminded(t)
	w.fetch(
		"POST", "/v1/reminders/test",
		`{"member": "`+ada+
			`", "reminder": "points-30d", "at": "2027-12-20T10:00:00Z", "to": ["a@x.example", "+491701234567"]}`,
		200,
	)
	sent := w.outbox.Messages()
	if len(sent) != 2 || sent[0].Channel != loyalty.Email || sent[1].Channel != loyalty.SMS ||
		!strings.HasPrefix(sent[1].Text, "[Test] Bluebird") || strings.Contains(sent[1].Text, "\n") {
		t.Errorf("%+v", sent)
	}
}

func TestTheLinkOfATestTakesNothingBack(t *testing.T) {
	w, ada := reminded(t)
	w.fetch(
		"POST", "/v1/reminders/test",
		`{"member": "`+ada+`", "reminder": "points-30d", "at": "2027-12-20T10:00:00Z", "to": ["a@x.example"]}`, 200,
	)
	path := strings.TrimPrefix(w.outbox.Messages()[0].Unsubscribe, "https://api.test")
	before := w.dump()
	if a := w.do(
		sentRequest{method: "POST", path: path, header: map[string]string{"Authorization": ""}},
	); a.status != 200 || w.dump() != before {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestTomorrowIsForeseenAndNothingIsWritten(t *testing.T) {
	w, ada := reminded(t)
	w.advance(time.Date(2027, 12, 1, 10, 0, 0, 0, time.UTC).Sub(start)) // the reminder of the expiry is due tomorrow
	before := w.dump()
	for range 2 {
		got := w.fetch("GET", "/v1/reminders/scheduled", "", 200)
		counts, _ := got["counts"].(map[string]any)
		if counts["points-30d"] != 1.0 || got["evaluated"] != 1.0 ||
			got["data"].([]any)[0].(map[string]any)["member"] != ada {
			t.Errorf("%v", got)
		}
	}
	if w.dump() != before {
		t.Error("something was written")
	}
	w.fetch(
		"PATCH", "/v1/members/"+ada,
		`{"consents": [{"channel": "email", "purpose": "transactional", "granted": false, "source": "app"}]}`, 200,
	)
	got := w.fetch("GET", "/v1/reminders/scheduled", "", 200)
	if excluded, _ := got["suppressed"].(map[string]any); excluded["consent"] != 1.0 || len(got["data"].([]any)) != 0 {
		t.Errorf("%v", got)
	}
}

// Reminders of tomorrow cover the member's whole local day. Reminders that wait until this morning are sent today.
func TestTomorrowIsFromMidnightToMidnight(t *testing.T) {
	w, _ := reminded(t)
	messages := "  messages:\n    - { id: late, at: [\"2027-12-02T15:00\"], channels: [email], title: A, text: B }\n"
	w.publish("bluebird", []byte(strings.Replace(string(program.Demo()), "  messages:\n", messages, 1)), 2)
	w.app.Programs.Forget("bluebird")
	for _, c := range []struct{ now, want string }{
		{"2027-11-30T10:00:00Z", ""},
		{
			"2027-11-30T23:00:00Z", "points-30d 2027-12-02T08:00:00Z, late 2027-12-02T14:00:00Z, ",
		}, // in Berlin it is already 1 December
		{"2027-12-01T10:00:00Z", "points-30d 2027-12-02T08:00:00Z, late 2027-12-02T14:00:00Z, "},
		{"2027-12-02T06:00:00Z", ""}, // in Berlin it is already 2 December: both are sent today
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		w.advance(now.Sub(w.app.Now()))
		before, got := w.dump(), ""
		for _, x := range w.fetch("GET", "/v1/reminders/scheduled", "", 200)["data"].([]any) {
			m := x.(map[string]any)
			got += m["reminder"].(string) + " " + m["at"].(string) + ", "
		}
		if got != c.want {
			t.Errorf("%s: %s", c.now, got)
		}
		if w.dump() != before {
			t.Errorf("%s: something was written", c.now)
		}
	}
}

func TestTomorrowsPagesHaveEveryMemberOnce(t *testing.T) {
	w, ada := reminded(t)
	want := map[string]int{ada: 1}
	for i := range 6 {
		m := w.must("POST", "/v1/members", `{"email": "m`+strconv.Itoa(i)+`@example.com", "consents": [
			{"channel": "email", "purpose": "transactional", "granted": true, "wording": "terms-3",
			"source": "checkout"}]}`)
		w.must("POST", "/v1/members/"+m+"/adjustments", `{"points": 150, "reason": "a good start"}`)
		want[m] = 1
	}
	w.advance(time.Date(2027, 12, 1, 10, 0, 0, 0, time.UTC).Sub(start))
	got, before := map[string]int{}, w.dump()
	for cursor := ""; ; {
		page := w.fetch("GET", "/v1/reminders/scheduled?page_size=2"+cursor, "", 200)
		for _, x := range page["data"].([]any) {
			got[x.(map[string]any)["member"].(string)]++
		}
		if page["next_cursor"] == nil {
			break
		}
		if page["evaluated"] != 2.0 {
			t.Errorf("a page is about %v members", page["evaluated"])
		}
		cursor = "&cursor=" + page["next_cursor"].(string)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if w.dump() != before {
		t.Error("something was written")
	}
	if a := w.do(sentRequest{method: "GET", path: "/v1/reminders/scheduled?cursor=AAAA"}); a.status != 400 {
		t.Error(a.status)
	}
}

func TestTheReportListsEveryReminder(t *testing.T) {
	w, _ := reminded(t)
	got := w.fetch("GET", "/v1/reports/reminders?from=2026-11&to=2026-12", "", 200)
	if data := got["data"].([]any); len(data) != 5 || data[0].(map[string]any)["sent"] != 0.0 ||
		data[0].(map[string]any)["lift"] != nil {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{"from=2026-13", "from=2027-01&to=2026-12", "from=2020-01&to=2026-12", "from=x"} {
		if a := w.do(sentRequest{method: "GET", path: "/v1/reports/reminders?" + bad}); a.status != 400 {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
}
