// Package cost states what requests use of the table and of the logs, and estimates what they cost on AWS.
//
// Usage is measured: tests in the packages that serve the requests compare usage.json with what they count, exactly
// (package costtest). Durations are measured on the functions' binaries (measured.json, which says how). Prices are
// those of a dated list (prices.json), and what neither is measured nor priced is assumed (assumptions.json); a test in
// infra compares the assumed resources with template.yaml.
//
// A ledger entry counts as one invocation of the function relay. Under load, one invocation reads up to 100 entries, so
// that a million entries cost less. The alarms of the idle stack watch 68 metrics, of which AWS charges nothing for
// the first ten. An order with up to 100 line items costs the same as a small one if the SKUs differ in numbers, like
// MUGS-0042 or EANs, and share a few categories. With 100 random SKUs of 16 characters, it costs 2 write units more. An
// account of more than 1 KB costs 2 write units more for each order; the account of a member who has ordered each month
// for two years is smaller.
//
// The package deliberately measures nothing itself, knows no free tiers, discounts and data transfer, and counts
// dollars in floating point, because it only estimates.
package cost
