// Package remind selects the messages that are due for a member: which reminders apply, when and through which
// channels they are sent, how often, and which members are held out. It also decides notices in the member's account
// and measures the lift of reminders.
//
// It sends no messages. It records only the account's notices.
package remind
