package jobs

import (
	"context"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/messages"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/switches"
)

// A feedback is an event of SES that reports what happened to an email. It arrives through EventBridge. The section
// "Contents of event data that Amazon SES sends to EventBridge" of the SES developer guide describes the format.
type feedback struct {
	Source string `json:"source"`
	Detail struct {
		Type string `json:"eventType"` // Bounce, Complaint, Delivery or Open
		Mail struct {
			Destination []string            `json:"destination"`
			Tags        map[string][]string `json:"tags"`
		} `json:"mail"`
		Bounce struct {
			Type string `json:"bounceType"` // Permanent, Transient or Undetermined
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

// ends returns the reason why no more email may be sent to the address, for members.FailedAddress. It returns "" if
// more email may be sent.
func (f feedback) ends() (why string) {
	switch {
	case f.Detail.Type == "Bounce" && f.Detail.Bounce.Type == "Permanent":
		return members.Bounced
	case f.Detail.Type == "Complaint":
		return members.Complained
	}
	return ""
}

// handleFeedback records the feedback for an email. After a permanent bounce or a complaint, no more email is sent to
// the address. After any bounce, an advance notice in the email counts as not sent, so that another channel can send
// it. After a bounce that is not permanent, the same message is not sent again, because SES has already tried for
// hours, and automatic replies cause such bounces too.
func (r remindHandler) handleFeedback(ctx context.Context, f feedback) error {
	program, member, message := f.tag("program"), loyalty.MemberID(f.tag("member")), f.tag("message")
	if program == "" || member == "" || message == "" || member == notify.NoMember {
		return nil // the email is a test, or this program did not send it
	}
	reminder, err := r.Messages.Delivery(ctx, program, member, message, map[string]string{
		"Bounce": messages.FigureFailed, "Complaint": messages.FigureComplained, "Delivery": messages.FigureDelivered,
		"Open": messages.FigureOpened,
	}[f.Detail.Type], f.ends() == "")
	if err == nil && f.Detail.Type == "Bounce" {
		err = r.revokeNotices(ctx, program, member, message)
	}
	if err != nil {
		return err
	}
	r.Log.InfoContext(
		ctx, "feedback", "type", f.Detail.Type, "member", member, "message", message, "reminder", reminder,
	)
	why, giftMessage := f.ends(), strings.HasPrefix(message, messages.GiftMessagePrefix)
	switch {
	case why == "" || len(f.Detail.Mail.Destination) == 0:
		return nil
	case giftMessage && why == members.Bounced:
		return r.GiftMessages.MarkBounced(ctx, program, member, message)
	case giftMessage:
		return nil // the address belongs to a friend, so the member's own address remains valid
	}
	return r.stop(ctx, program, member, f.Detail.Mail.Destination[0], why)
}

// revokeNotices revokes the advance notices in a message that did not arrive, if the program requires advance notice.
// The feedback may be delivered twice. A notice that could not be revoked the first time is revoked the second time.
func (r remindHandler) revokeNotices(ctx context.Context, program string, m loyalty.MemberID, message string) error {
	p, err := r.Programs.Live(ctx, program)
	if err != nil || p.AdvanceNotice.Period.IsZero() {
		return err
	}
	return r.Notices.Unnotify(ctx, p, m, message, ledger.By{Actor: "reminders", Switch: switches.Exempt})
}

// stop records that no more email may be sent to an address.
func (r remindHandler) stop(ctx context.Context, program string, m loyalty.MemberID, address, why string) error {
	p, err := r.Programs.Live(ctx, program)
	if err != nil {
		return err
	}
	return r.Consents.AddressFailed(ctx, p, m,
		members.FailedAddress{Channel: loyalty.Email, Address: address, Why: why, At: r.Now()})
}
