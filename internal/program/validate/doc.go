// Package validate finds mistakes that the form of a program file does not show: rewards that are worth too much,
// unreachable levels and rewards, conditions that are always true or never, overlapping rules, points that expire too
// early, and programs that grow without bound. It also runs the example orders of a file.
//
// It reports problems and warnings. It also reads the keys clawback, goodwill, birthday_change_cooldown and fraud.
package validate
