package describe_test

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
)

// printFolded prints a text, with lines of more than 100 columns folded.
func printFolded(text string) {
	end := regexp.MustCompile("(.{80,100}) ")
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if utf8.RuneCountInString(line) > 100 {
			line = end.ReplaceAllString(line, "$1\n    ")
		}
		fmt.Println(line)
	}
}

// Explain describes a program in the order of its file, here the demo program.
func ExampleExplain() {
	p, problems := program.Compile(program.Demo())
	if err := problems.Err(); err != nil {
		fmt.Println(err)
		return
	}
	printFolded(describe.Explain(p))
	// Output:
	// Bluebird Rewards (bluebird): days are in the time zone Europe/Berlin.
	// An order earns 1 bean per 1.00 EUR, 1 bean per 150 JPY or 1 bean per 1.10 USD, for its items.
	// Discounts are deducted first, and amounts paid with points, gift cards or store credit earn nothing.
	// coffee-beans earn 2 times as much (beans-x2).
	// gift-cards earn nothing (no-gift-cards).
	// Fractions of a point are rounded down, once per order.
	// Orders earn 2 times as much, for members of Silver or Gold, from 5 December 2026, 00:00, until 7
	//     December 2026, 00:00, if order.channel == "web" && any(order.items, .category == "coffee-beans")
	//     (double-weekend).
	// - It gives all members together at most 250000 beans.
	// One order earns at most 1000 beans.
	// The orders of a member in one day earn at most 3000 beans together.
	// The orders of a member in one month earn at most 20000 beans together.
	// Joining earns 50 beans, once ever (welcome).
	// An event review.approved earns 20 beans, at most 3 times per month, if event.rating > 0 &&
	//     len(event.text) >= 50 (review).
	// An event survey.completed earns 15 beans, once per week (survey).
	// A birthday earns 100 beans, once per year (birthday).
	// The first order of a friend who used a member's code earns the member 200 beans and the friend 100
	//     beans, at most 10 times per year, if order.total >= 20 && order.currency == "EUR"
	//     (referral).
	// The 10th order earns 250 beans (tenth-order).
	// Points can be spent 14 days after the order and expire 12 months later, at the end of that month.
	// Points for events can be spent at once unless stated otherwise.
	// A refund deducts the points that the order earned: first the order's own points, then others, and
	//     newly earned points repay the rest.
	// Levels depend on points earned in 12 calendar months, including the present one:
	// - Bronze from the start.
	// - Silver from 500 beans, earning 1.25 times as much, with free_shipping.
	// - Gold from 2000 beans, earning 1.5 times as much, with free_shipping and early_access.
	// A level is kept for 12 months and 30 days of grace; members who do not qualify again by then move
	//     down one level.
	// 500 beans buy 5.00 EUR off, for orders of at least 15.00 EUR (five-off).
	// 800 beans buy 10% off but at most 20.00 EUR (ten-percent).
	// 300 beans buy free shipping (free-shipping).
	// 1200 beans buy product MUG-01 for free (free-mug).
	// - There are 200.
	// 3000 beans buy an experience, for members of Gold (tasting).
	// - There are 20.
	// - It is fulfilled manually.
	// 2500 beans buy a gift card of 25.00 EUR (gift-25).
	// - Each redemption has its own code.
	// 1500 beans buy a voucher of cinemaxx (cinema).
	// - The stock is the number of uploaded codes.
	// Points are reserved for 30 minutes; canceling a reservation returns them.
	// An order can use at most 1 reward.
	// Codes can be used for 30 days unless stated otherwise.
	// When the shop reverses a redemption because its order was refunded, its points are restored.
	// Members who consented receive reminders, but not from 20:00 to 09:00 of their local time.
	// - Marketing is sent at most 2 times a week by email.
	// - Marketing is sent at most once a week by text message.
	// - Marketing is sent at most 3 times a week in total.
	// - points-30d: 30 days before points expire, if it is about 100 beans or more, by email (not
	//     marketing).
	// - points-7d: 7 days before points expire, if it is about 100 beans or more, by email or else text
	//     message (not marketing).
	// - tier-risk: 30 days before a level ends, if the member does not qualify to keep it, by email
	//     (marketing).
	// - nearly-there: when 50 beans or less are missing for the next reward, once per month, by email
	//     (marketing).
	// - unused-code: 14 days after a code was issued, if it was not used, by email (marketing).
}

// Explain describes each section of a program, here wallets, transfers, households and advance notice.
func ExampleExplain_sections() {
	p, problems := program.Compile([]byte(`version: 1
program: corner
name: The Corner Shop
points: { one: point, other: points }
timezone: Europe/Berlin
earn:
  purchase:
    rates: { EUR: 1 per 1.00 }
    pending: 14 days
    expires: { after: 12 months }
wallets:
  - id: stamps
    points: { one: stamp, other: stamps }
    earns: { EUR: 1 per 10.00 }
    expires: { after: 3 months }
transfers: { min: 100, limit: 1 per day, accept: 7 days }
households: { size: 6, share: 30% }
advance_notice: 30 days
`))
	if err := problems.Err(); err != nil {
		fmt.Println(err)
		return
	}
	printFolded(describe.Explain(p))
	// Output:
	// The Corner Shop (corner): days are in the time zone Europe/Berlin.
	// An order earns 1 point per 1.00 EUR, for its items.
	// Discounts are deducted first, and amounts paid with points, gift cards or store credit earn nothing.
	// Fractions of a point are rounded down, once per order.
	// Points can be spent 14 days after the order and expire 12 months later, at the end of that month.
	// A refund deducts the points that the order earned: first the order's own points, then others, and
	//     newly earned points repay the rest.
	// There are also stamps (stamps): they can be spent at once and expire 3 months later, at the end of
	//     that month.
	// - Orders also earn 1 stamp per 10.00 EUR, on the paid amount of items that earn points.
	// - If a refund deducts more than the balance, newly earned points repay the rest.
	// Members receive notice 30 days before points expire and levels end. Without notice both are extended
	//     by the same period: once for members who cannot receive messages (their account shows the notice),
	//     and up to 2 times for others.
	// This does not apply to other wallets and tier groups.
	// Members can transfer points to each other, at least 100 points at a time; transferred points keep
	//     their expiry.
	// - A member can do this once per day.
	// - The recipient must accept within 7 days; otherwise the points are returned.
	// A household of up to 6 members can redeem 30% of each other's points at a time; levels and expiry
	//     remain separate for each member.
}
