package app

import (
	"github.com/perennial-loyalty/perennial/internal/approvals"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/messages"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/vouchers"
)

// Stores contains a ledger and the stores that use it. NewStores sets all fields.
type Stores struct {
	Ledger        *ledger.Ledger
	Limits        limits.Store
	Adjustments   service.Adjustments
	Approvals     approvals.Approvals
	Budgets       ledger.Budgets
	Catalog       catalog.Catalog
	Codes         inventory.Codes
	Consents      members.Consents
	Conversions   service.Conversions
	Deliveries    service.Deliveries
	DueQueue      ledger.DueQueue
	Events        service.Events
	Fulfillments  service.Fulfillments
	GiftMessages  messages.GiftMessages
	Households    members.Households
	Members       members.Members
	Messages      messages.Messages
	Notices       messages.Notices
	Orders        service.Orders
	Payments      service.Payments
	Quotes        service.Quotes
	Redemptions   service.Redemptions
	Referrals     members.Referrals
	ReminderQueue members.ReminderQueue
	Reminders     messages.Reminders
	Statements    ledger.Statements
	Stock         inventory.Stock
	Transfers     service.Transfers
	Vouchers      vouchers.Vouchers
	Waitlists     inventory.Waitlists
}

// NewStores returns the given ledger with the stores that use it.
func NewStores(l *ledger.Ledger) Stores {
	return Stores{
		Ledger:        l,
		Limits:        limits.Store{Ledger: l},
		Adjustments:   service.Adjustments{Ledger: l},
		Approvals:     approvals.Approvals{Ledger: l},
		Budgets:       ledger.Budgets{Ledger: l},
		Catalog:       catalog.Catalog{Ledger: l},
		Codes:         inventory.Codes{Ledger: l},
		Consents:      members.Consents{Ledger: l},
		Conversions:   service.Conversions{Ledger: l},
		Deliveries:    service.Deliveries{Ledger: l},
		DueQueue:      ledger.DueQueue{Ledger: l},
		Events:        service.Events{Ledger: l},
		Fulfillments:  service.Fulfillments{Ledger: l},
		GiftMessages:  messages.GiftMessages{Ledger: l},
		Households:    members.Households{Ledger: l},
		Members:       members.Members{Ledger: l},
		Messages:      messages.Messages{Ledger: l},
		Notices:       messages.Notices{Ledger: l},
		Orders:        service.Orders{Ledger: l},
		Payments:      service.Payments{Ledger: l},
		Quotes:        service.Quotes{Ledger: l},
		Redemptions:   service.Redemptions{Ledger: l},
		Referrals:     members.Referrals{Ledger: l},
		ReminderQueue: members.ReminderQueue{Ledger: l},
		Reminders:     messages.Reminders{Ledger: l},
		Statements:    ledger.Statements{Ledger: l},
		Stock:         inventory.Stock{Ledger: l},
		Transfers:     service.Transfers{Ledger: l},
		Vouchers:      vouchers.Vouchers{Ledger: l},
		Waitlists:     inventory.Waitlists{Ledger: l},
	}
}
