package awsapi

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/mail"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

// An Email is an email that a function sends through SES.
type Email struct {
	MessageID        string // the ID that SES assigns
	From             string
	To               []string
	Subject          string
	Text, HTML       string
	Headers          map[string]string
	Tags             map[string]string
	ConfigurationSet string // the ARN of the configuration set; empty for none. Without one, SES reports no delivery
}

// ErrRejected reports that a provider permanently rejects a message.
var ErrRejected = errors.New("awsapi: the message is rejected")

type sendEmailInput struct {
	FromEmailAddress     string
	ConfigurationSetName string
	Destination          struct{ ToAddresses []string }
	EmailTags            []nameValue
	Content              struct {
		Simple struct {
			Subject content
			Body    struct{ Text, Html content }
			Headers []nameValue
		}
	}
}

type (
	nameValue struct{ Name, Value string }
	content   struct{ Data, Charset string }
)

// ses serves SendEmail of API version 2, for simple messages only.
func (s *Server) ses(r *request) ([]access.Call, func(http.ResponseWriter) error, error) {
	r.operation = "SendEmail"
	var in sendEmailInput
	if err := decode(r.body, &in); err != nil {
		return nil, nil, err
	}
	from, err := mail.ParseAddress(in.FromEmailAddress)
	if err != nil || len(in.Destination.ToAddresses) == 0 {
		return nil, nil, invalid("BadRequestException", "an email needs a sender and a recipient")
	}
	domain := from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	calls := []access.Call{{Operation: "ses:SendEmail", Resource: s.arn("ses", "identity/"+domain)}}
	set := ""
	if in.ConfigurationSetName != "" {
		set = s.arn("ses", "configuration-set/"+in.ConfigurationSetName)
		calls = append(calls, access.Call{Operation: "ses:SendEmail", Resource: set})
	}
	return calls, func(w http.ResponseWriter) error {
		e := Email{
			MessageID: rand.Text(), From: in.FromEmailAddress, To: in.Destination.ToAddresses,
			Subject: in.Content.Simple.Subject.Data, Text: in.Content.Simple.Body.Text.Data,
			HTML:    in.Content.Simple.Body.Html.Data,
			Headers: byName(in.Content.Simple.Headers), Tags: byName(in.EmailTags), ConfigurationSet: set,
		}
		if err := rejected(s.Email(context.WithoutCancel(r.Context()), e), "MessageRejected"); err != nil {
			return err
		}
		return respond(w, map[string]string{"MessageId": e.MessageID})
	}, nil
}

func byName(all []nameValue) map[string]string {
	m := map[string]string{}
	for _, one := range all {
		m[one.Name] = one.Value
	}
	return m
}

// rejected converts ErrRejected to an error of the service with the given code. It returns other errors unchanged.
func rejected(err error, code string) error {
	if errors.Is(err, ErrRejected) {
		return invalid(code, err.Error())
	}
	return err
}
