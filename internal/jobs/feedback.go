package jobs

import (
	"context"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// A feedback is what SES reports of an e-mail through EventBridge. Its form is that of "Contents of event data that
// Amazon SES sends to EventBridge" in the SES developer guide.
type feedback struct {
	Source string `json:"source"`
	Detail struct {
		Type string `json:"eventType"` // Bounce, Complaint, Delivery, Open
		Mail struct {
			Destination []string            `json:"destination"`
			Tags        map[string][]string `json:"tags"`
		} `json:"mail"`
		Bounce struct {
			Type string `json:"bounceType"` // Permanent, Transient, Undetermined
		} `json:"bounce"`
	} `json:"detail"`
}

func readFeedback(payload []byte) (f feedback, ok bool) {
	err := json.Unmarshal(payload, &f)
	return f, err == nil && f.Source == "aws.ses"
}

func (f feedback) tag(name string) string {
	if values := f.Detail.Mail.Tags[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// ends is why e-mail to the address is to end, as ledger.FailedAddress has it; empty if it is not.
func (f feedback) ends() (why string) {
	switch {
	case f.Detail.Type == "Bounce" && f.Detail.Bounce.Type == "Permanent":
		return ledger.Bounced
	case f.Detail.Type == "Complaint":
		return ledger.Complained
	}
	return ""
}

// hear takes note of what became of an e-mail. A bounce that is to stay and a complaint end e-mail to the address, and what
// came back counts as not told, so that another channel may tell it. After any other bounce nothing is said again: SES has
// tried for hours, and an automatic answer comes as such a bounce too.
func (r remind) hear(ctx context.Context, f feedback) error {
	program, member, message := f.tag("program"), loyalty.MemberID(f.tag("member")), f.tag("message")
	if program == "" || member == "" || message == "" || member == notify.Nobody {
		return nil // not one of ours, or a test
	}
	reminder, err := r.Ledger.Delivery(ctx, program, member, message, map[string]string{
		"Bounce": ledger.FigureFailed, "Complaint": ledger.FigureComplained, "Delivery": ledger.FigureDelivered, "Open": ledger.FigureOpened,
	}[f.Detail.Type], f.ends() == "")
	if err == nil && f.Detail.Type == "Bounce" {
		err = r.untold(ctx, program, member, message)
	}
	if err != nil {
		return err
	}
	r.Log.InfoContext(ctx, "feedback", "type", f.Detail.Type, "member", member, "message", message, "reminder", reminder)
	why, letter := f.ends(), strings.HasPrefix(message, ledger.LetterPrefix)
	switch {
	case why == "" || len(f.Detail.Mail.Destination) == 0:
		return nil
	case letter && why == ledger.Bounced:
		return r.Ledger.LetterCameBack(ctx, program, member, message)
	case letter:
		return nil // whose address it is, is no member's affair: nothing ends for the member
	}
	return r.stop(ctx, program, member, f.Detail.Mail.Destination[0], why)
}

// untold takes back the notices that a message gave, where the program promises no surprise: it did not arrive. The
// report may come twice, and what the first time was not taken back is the second time.
func (r remind) untold(ctx context.Context, program string, m loyalty.MemberID, message string) error {
	p, err := r.Programs.Live(ctx, program)
	if err != nil || p.AdvanceNotice.Period.IsZero() {
		return err
	}
	return r.Ledger.Unnotify(ctx, p, m, message, ledger.By{Actor: "reminders"})
}

// stop ends e-mail to an address.
func (r remind) stop(ctx context.Context, program string, m loyalty.MemberID, address, why string) error {
	p, err := r.Programs.Live(ctx, program)
	if err != nil {
		return err
	}
	return r.Ledger.AddressFailed(ctx, p, m, ledger.FailedAddress{Channel: loyalty.Email, Address: address, Why: why, At: r.Now()})
}
