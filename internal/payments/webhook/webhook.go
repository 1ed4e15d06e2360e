// Package webhook defines the contract between the receiver of webhooks (package payments) and the payment providers.
// It also contains functions that the providers share: for signatures, strict JSON, amounts and requests to a
// provider's API.
//
// A provider is a package that implements Provider. It converts webhooks to facts for the ledger. It contains neither
// rules about points nor storage, and it has no state except cached tokens and certificates.
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
	// Verify returns the messages of a request if the provider signed it. Otherwise, it returns a *Rejection. If the
	// signature cannot be verified at the moment, it returns another error. Verify uses unsigned data only to find the
	// signatures. Its duration does not depend on the content of a signature. If a request consists of several messages
	// with their own signatures, one valid message is sufficient, and Read rejects the invalid ones.
	Verify(ctx context.Context, r Request) ([]Message, error)

	// Read returns the event in a verified message. If the event must be quarantined, Read returns an *UnusableError
	// and the known fields of the event. If the provider's API cannot be reached, it returns another error. When a
	// stored event is replayed, Read gets the message without Type and Transmission. The result is then the same unless
	// the data in the provider's API has changed.
	Read(ctx context.Context, m Message) (Event, error)
}

// A Lister is a Provider whose API lists past events.
type Lister interface {
	// List returns a page of the events since an instant. The cursor is empty for the first page. For other pages, it
	// is the Next of the previous page. Events may be in any order, and a page may repeat events.
	List(ctx context.Context, since time.Time, cursor string) (Page, error)
}

// A Retriever is a Provider whose API returns the current state of an object.
type Retriever interface {
	// Retrieve reads the object of a fact and returns it as the message of an event with the fact's clock. It reports
	// false if the API has no objects for this kind of fact.
	Retrieve(ctx context.Context, f loyalty.Fact) (m Message, ok bool, err error)
}

// A Connection contains the settings of a program's connection to a provider, and the dependencies that the provider
// needs.
type Connection struct {
	app.Processor

	Stage app.Stage
	HTTP  *http.Client
	Roots *x509.CertPool // the trusted root certificates; nil selects the certificates of the system
	Now   func() time.Time
}

// A Request is a webhook request as it was received.
type Request struct {
	Header Header
	Topic  string // for Shopify: the topic, which is part of the address
	Body   []byte
	At     time.Time // the time at which the request arrived
}

// Header contains the headers of a request. Their names are in lower case.
type Header map[string]string

// A Message is a verified event as the provider sent it. The receiver stores ID, Topic and Body.
type Message struct {
	Body         []byte
	Topic        string // for Shopify: the topic, which is part of the address
	ID           string // the ID of the event, if a signed header contains it
	Transmission string // for PayPal: the transmission ID
	Type         string // the type of the event, if Read must not interpret the body
}

// A Page is one page of a provider's list of events. Next is empty on the last page.
type Page struct {
	Messages []Message
	Next     string
}

// An Event is an event of a provider, converted to the types of this project.
type Event struct {
	ID     string // the ID of the event, from signed data; empty if there is none
	Type   string // the provider's name for the type of the event
	At     time.Time
	Live   *bool   // true for real money, false for test money; nil if the event does not state it
	Mark   string  // a fingerprint of the content; empty if the report does not depend on the provider's API
	Report *Report // nil if the event contains no facts

	Privacy *PrivacyRequest // nil unless the event is a privacy request
}

// A PrivacyRequest is the request of a person, which a shop's platform forwards, to export or erase personal data. The
// receiver stores neither its body nor its email address.
type PrivacyRequest struct {
	Kind     PrivacyKind
	Customer string   // the provider's ID of the customer, as in service.Report; may be empty
	Address  string   // the customer's email address; may be empty
	Payments []string // the payments whose payer must be forgotten
}

// PrivacyKind is the kind of a privacy request.
type PrivacyKind string

const (
	ExportRequest      PrivacyKind = "export"       // of a customer's data
	ErasureRequest     PrivacyKind = "erasure"      // of a customer's data
	ShopErasureRequest PrivacyKind = "shop_erasure" // of the data of a shop that removed the app
)

// A Report contains the facts that an event states about one payment. Its email address is not hashed yet.
type Report struct {
	service.Report
	Address string
}

// An UnusableError states why a verified event is quarantined. No part of such an event counts.
type UnusableError struct {
	Code   loyalty.Code
	Detail string
}

func (e *UnusableError) Error() string { return string(e.Code) + ": " + e.Detail }

// Unusable returns an *UnusableError.
func Unusable(code loyalty.Code, detail string) error { return &UnusableError{code, detail} }

// Invalid returns an *UnusableError for an event that does not have the expected form.
func Invalid(detail string) error { return Unusable(loyalty.ValidationFailed, detail) }

// Moving returns the facts that move money. A fact with a total of refunds counts even if the total is zero, because
// the total may have been greater before.
func Moving(facts ...loyalty.Fact) (moving []loyalty.Fact) {
	for _, f := range facts {
		if f.Money.Amount > 0 || f.Kind == loyalty.FactRefunded {
			moving = append(moving, f)
		}
	}
	return moving
}

// Messages converts the events of a list to messages. The argument topic is empty except for Shopify.
func Messages(topic string, events []jsontext.Value) (all []Message) {
	for _, e := range events {
		all = append(all, Message{Topic: topic, Body: e})
	}
	return all
}
