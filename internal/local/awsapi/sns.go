package awsapi

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

// A TextMessage is a message that a function sends to a phone through SNS.
type TextMessage struct {
	MessageID  string // the ID that SNS assigns
	To         string // a phone number in the format E.164
	Text       string
	Attributes map[string]string // message attributes, such as AWS.SNS.SMS.SenderID
}

var (
	phoneNumber   = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)
	attributeName = regexp.MustCompile(
		`^(MessageAttributes\.entry\.[0-9]+)\.(Name|Value\.DataType|Value\.StringValue)$`,
	)
)

type publishResponse struct {
	XMLName   xml.Name `xml:"http://sns.amazonaws.com/doc/2010-03-31/ PublishResponse"`
	MessageID string   `xml:"PublishResult>MessageId"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

// sns serves Publish with a phone number.
func (s *Server) sns(r *request) ([]access.Call, func(http.ResponseWriter) error, error) {
	form, err := url.ParseQuery(string(r.body))
	if err != nil {
		return nil, nil, invalid("InvalidParameter", err.Error())
	}
	if r.operation = form.Get("Action"); r.operation != "Publish" {
		return nil, nil, unknown(r)
	}
	m := TextMessage{MessageID: rand.Text(), Attributes: map[string]string{}}
	for name := range form {
		switch parts := attributeName.FindStringSubmatch(name); {
		case name == "Action", name == "Version":
		case name == "PhoneNumber":
			m.To = form.Get(name)
		case name == "Message":
			m.Text = form.Get(name)
		case parts == nil:
			return nil, nil, invalid("InvalidParameter", "Invalid parameter: "+name+" is not supported here")
		case parts[2] == "Name":
			m.Attributes[form.Get(name)] = form.Get(parts[1] + ".Value.StringValue")
		}
	}
	if !phoneNumber.MatchString(m.To) {
		return nil, nil, invalid(
			"InvalidParameter", "Invalid parameter: PhoneNumber Reason: "+m.To+" is not valid to publish to",
		)
	}
	if strings.TrimSpace(m.Text) == "" {
		return nil, nil, invalid("InvalidParameter", "Invalid parameter: Empty message")
	}
	return []access.Call{{Operation: "sns:Publish", Resource: m.To}}, func(w http.ResponseWriter) error {
		if err := rejected(s.Text(context.WithoutCancel(r.Context()), m), "InvalidParameter"); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/xml")
		return xml.NewEncoder(w).Encode(publishResponse{MessageID: m.MessageID, RequestID: rand.Text()})
	}, nil
}
