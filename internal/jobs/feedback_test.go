package jobs

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/program"
)

func TestBounceUsesOtherChannelAndComplaintStopsMarketing(t *testing.T) {
	b, p := newBench(t, 0), &provider{}
	b.now = noon
	m := b.remember(t, 1)
	b.remindAll(t, p)
	b.now = secondNotice
	b.remindAll(t, p)
	if len(p.took) != 1 || p.took[0].Channel != loyalty.Email {
		t.Fatal(said(p))
	}
	tell := func(kind, detail string) {
		t.Helper()
		event := fmt.Sprintf(`{"source":"aws.ses","detail-type":"x","detail":{"eventType":%q,`+
			`"mail":{"destination":[%q],"tags":{"program":["bluebird"],"member":[%q],"message":[%q]}}%s}}`,
			kind, p.took[0].To, m, p.took[0].ID, detail)
		for range 2 { // it may be delivered twice
			if _, err := b.remind(p).Invoke(t.Context(), []byte(event)); err != nil {
				t.Fatal(err)
			}
		}
	}
	tell("Delivery", "")
	tell("Bounce", `,"bounce":{"bounceType":"Permanent"}`)
	if at := b.noticed(t, m); !at.IsZero() {
		t.Errorf("noticed at %s", at)
	}
	b.now = b.now.Add(time.Hour)
	b.remindAll(t, p)
	if len(p.took) != 2 || p.took[1].Channel != loyalty.SMS {
		t.Fatalf("%v", p.took)
	}
	tell("Complaint", "")
	contact, err := b.Consents.Contact(t.Context(), "bluebird", m)
	if err != nil || len(contact.Failed) != 1 {
		t.Errorf("%+v %v", contact.Failed, err)
	}
	if c := contact.Consents; c.Allow(loyalty.Email, loyalty.Marketing) ||
		!c.Allow(loyalty.Email, loyalty.Transactional) || !c.Allow(loyalty.SMS, loyalty.Marketing) {
		t.Errorf("after the complaint: %+v", c)
	}
	figures, err := b.Messages.Figures(t.Context(), "bluebird", noon, b.now)
	if err != nil {
		t.Fatal(err)
	}
	got := figures["points-7d"]
	if got["sent"] != 2 || got["delivered"] != 1 || got["failed"] != 1 || got["complained"] != 1 {
		t.Error(got)
	}
}

func TestBounceOfTestMessageChangesNoMember(t *testing.T) {
	b, p := newBench(t, 0), &provider{}
	for _, kind := range []string{"Bounce", "Complaint"} {
		event := fmt.Sprintf(
			`{"source":"aws.ses","detail":{"eventType":%q,"mail":{"destination":["x@x.example"],`+
				`"tags":{"program":["bluebird"],"member":[%q],"message":["test_1"]}},`+
				`"bounce":{"bounceType":"Permanent"}}}`,
			kind, notify.NoMember,
		)
		if _, err := b.remind(p).Invoke(t.Context(), []byte(event)); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestBouncedNoticePostponesExpiry checks that points do not expire after a bounced notice, if the program requires
// advance notice.
func TestBouncedNoticePostponesExpiry(t *testing.T) {
	for _, bounce := range []string{"", "Permanent", "Transient"} {
		b, p := newBench(t, 0), &provider{}
		b.now = noon
		b.publishAgain(t, string(program.Demo())+"\nadvance_notice: 20 days\n", 1)
		m := b.remember(t, 1)
		b.remindAll(t, p)
		b.now = firstNotice
		b.remindAll(t, p)
		if len(p.took) != 1 || p.took[0].Reminder != "points-30d" {
			t.Fatal(said(p))
		}
		if bounce != "" {
			for range 2 { // it may be delivered twice
				event := fmt.Sprintf(
					`{"source":"aws.ses","detail":{"eventType":"Bounce","mail":{"destination":[%q],`+
						`"tags":{"program":["bluebird"],"member":[%q],"message":[%q]}},"bounce":{"bounceType":%q}}}`,
					p.took[0].To, m, p.took[0].ID, bounce,
				)
				if _, err := b.remind(p).Invoke(t.Context(), []byte(event)); err != nil {
					t.Fatal(err)
				}
			}
		}
		b.runUntil(t, p, time.Date(2028, 1, 1, 6, 0, 0, 0, time.UTC))
		got, err := b.Members.Get(t.Context(), b.program, m)
		if retained := active(got.Account) == 200; err != nil || retained != (bounce != "") {
			t.Errorf("%q: %+v %v", bounce, got.Account.Lots, err)
		}
		ids := map[string]bool{}
		for _, m := range p.took {
			if bounce == "Transient" && ids[m.ID] {
				t.Errorf("%s was sent again", m.ID)
			}
			ids[m.ID] = true
		}
	}
}
