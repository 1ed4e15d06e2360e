package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
)

const sender = "hello@bluebird.test"

// parameterChange deploys the same code with one more parameter, which enables email. Afterwards the functions must
// use it.
func parameterChange(w *world) {
	test := fmt.Sprintf(`{"member": %q, "reminder": "nearly-there", "to": ["tester@example.com"]}`, w.enroll("nia", 60))
	w.want(w.call(success, "POST", "/v1/reminders/test", test), "suppressed.0", "tester@example.com")

	if _, err := sesv2.NewFromConfig(w.config).CreateEmailIdentity(w.Context(), &sesv2.CreateEmailIdentityInput{
		EmailIdentity: aws.String(sender),
	}); err != nil {
		w.Fatal(err)
	}
	w.deploy(append(parameters, "HostedZoneId="+w.zone, "MailFrom=Bluebird Rewards <"+sender+">")...)
	w.want(w.call(success, "POST", "/v1/reminders/test", test), "sent.0", "tester@example.com")
	if !w.mailed("tester@example.com", "40 beans") {
		w.Errorf("SES has no email to the tester: %+v", w.mail())
	}
}

// reminded makes a schedule send a reminder through SES. The member is in a time zone where it is midday, outside the
// quiet hours.
func reminded(w *world) {
	member := w.enroll("oda", 60)
	zone := "Etc/GMT"
	if ahead := 12 - time.Now().UTC().Hour(); ahead != 0 {
		zone = fmt.Sprintf("Etc/GMT%+d", -ahead) // in these names, zones with a positive number are west of Greenwich
	}
	w.call(success, "PATCH", "/v1/members/"+member, fmt.Sprintf(`{"timezone": %q}`, zone))
	w.call(success, "PATCH", "/v1/members/"+member,
		`{"consents": [{"channel": "email", "purpose": "marketing", "granted": true, "wording": "news-1", `+
			`"source": "end-to-end test"}]}`)
	w.start("RemindFunctionHourly")
	w.eventually("the member gets a reminder", func() bool { return w.mailed("oda@example.com", "40 beans") })
}

// An email is an email that the emulator's SES sent.
type email struct {
	To               []string
	Subject          string
	BodyText, Source string
}

func (w *world) mailed(to, text string) bool {
	w.Helper()
	for _, m := range w.mail() {
		if len(m.To) == 1 && m.To[0] == to && strings.Contains(m.BodyText, text) && strings.Contains(m.Source, sender) {
			return true
		}
	}
	return false
}

// mail returns the emails that SES sent.
func (w *world) mail() (sent []email) {
	w.Helper()
	var out struct {
		Messages map[string][]email
	}
	if err := json.Unmarshal(w.signed("ses", "GET", "/_ministack/ses/messages", nil, ""), &out); err != nil {
		w.Fatal(err)
	}
	for _, account := range out.Messages {
		sent = append(sent, account...)
	}
	return sent
}
