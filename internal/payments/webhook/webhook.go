// Package webhook defines the contract between the receiver of webhooks (package payments) and the payment providers,
// and the tools that the providers share: signatures, strict JSON, amounts and requests to a provider's API.
//
// A provider is a package that implements Provider. It converts webhooks to facts in the ledger's form. It contains
// neither rules about points nor storage, and it keeps no state except cached tokens and certificates.
package webhook

import (
	"context"
	"crypto/x509"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A Provider verifies and reads the webhooks of one connection to a payment provider. It is safe for concurrent use.
type Provider interface {
	// Verify returns the messages of a request if the provider signed it. Otherwise, it returns a *Rejection, or
	// another error if the signature cannot be verified at the moment. It uses unsigned data only to find the
	// signatures. Its duration does not depend on the content of a signature. If a request consists of several
	// messages with their own signatures, one valid message is sufficient, and Read rejects the invalid ones.
	Verify(ctx context.Context, r Request) ([]Message, error)

	// Read returns the event in a verified message. It returns an *UnusableError, with the fields of the event that
	// are known, if the event must go to quarantine, and another error if the provider's API cannot be reached. Stored
	// messages are read again, without their Type and Transmission. The result then differs only if the data of the
	// provider's API has changed.
	Read(ctx context.Context, m Message) (Event, error)
}

// A Lister is a Provider whose API lists past events.
type Lister interface {
	// List returns a page of the events since an instant. The cursor is empty for the first page, and otherwise Next
	// of the previous page. Events may be in any order, and a page may repeat events.
	List(ctx context.Context, since time.Time, cursor string) (Page, error)
}

// A Retriever is a Provider whose API returns the current state of an object.
type Retriever interface {
	// Retrieve returns the object of a fact as the message of an event at the fact's clock. It reports false if the
	// API has no such objects.
	Retrieve(ctx context.Context, f loyalty.Fact) (m Message, ok bool, err error)
}

// A Connection contains the settings of a program's connection to a provider, and the dependencies of the provider.
type Connection struct {
	app.Processor

	Stage app.Stage
	HTTP  *http.Client
	Roots *x509.CertPool // roots for certificates; nil for the system's
	Now   func() time.Time
}

// A Request is a webhook as received.
type Request struct {
	Header Header
	Topic  string // for Shopify: the topic in the address
	Body   []byte
	At     time.Time // when the request arrived
}

// Header contains the headers of a request by their names in lower case.
type Header map[string]string

// A Message is a verified event as the provider sent it. The receiver stores ID, Topic and Body.
type Message struct {
	Body         []byte
	Topic        string // for Shopify: the topic in the address
	ID           string // the event's ID, if a signed header contains it
	Transmission string // for PayPal: the transmission ID
	Type         string // the event's type, if Verify determined it and Read must not interpret the body
}

// A Page is one page of a provider's list of events. Next is empty on the last page.
type Page struct {
	Messages []Message
	Next     string
}

// An Event is the report of a provider in the terms of this project.
type Event struct {
	ID     string // identity, from signed data; empty if the event has none
	Type   string // the provider's name for the event type
	At     time.Time
	Live   *bool   // whether the money is real; nil if the event does not state it
	Mark   string  // fingerprint of the content, if the report also depends on the provider's API; otherwise empty
	Report *Report // nil if the event contains nothing that counts
}

// A Report is what an event states about one payment. Its email address is not hashed yet.
type Report struct {
	service.Report
	Address string
}

// An UnusableError is the reason why a verified event goes to quarantine and no part of it counts.
type UnusableError struct {
	Code   loyalty.Code
	Detail string
}

func (e *UnusableError) Error() string { return string(e.Code) + ": " + e.Detail }

// Unusable returns an *UnusableError.
func Unusable(code loyalty.Code, detail string) error { return &UnusableError{code, detail} }

// Invalid returns an *UnusableError for content that does not have the expected form.
func Invalid(detail string) error { return Unusable(loyalty.ValidationFailed, detail) }

// Moving returns the facts that move money. It also returns a refund total of zero, because the total may have been
// positive before.
func Moving(facts ...loyalty.Fact) (moving []loyalty.Fact) {
	for _, f := range facts {
		if f.Money.Amount > 0 || f.Kind == loyalty.FactRefunded {
			moving = append(moving, f)
		}
	}
	return moving
}

// Messages returns the events of a list as messages of a topic, which is empty except for Shopify.
func Messages(topic string, events []jsontext.Value) (all []Message) {
	for _, e := range events {
		all = append(all, Message{Topic: topic, Body: e})
	}
	return all
}
