// Package cost states how much of the table and of the logs requests use, and estimates their cost on AWS.
//
// Usage is measured: tests in the packages that serve the requests compare the usage that they count with usage.json,
// exactly (package costtest). Durations are measured with the functions' binaries (measured.json describes the method).
// Prices come from a dated list (prices.json). All other quantities are assumptions (assumptions.json); a test in infra
// compares the assumed resources with template.yaml.
//
// A ledger entry counts as one invocation of the function relay. Under load, one invocation reads up to 100 entries, so
// that a million entries cost less. The alarms of the idle stack watch 68 metrics, of which AWS charges nothing for
// the first ten. An order with up to 100 line items costs the same as a small one if the SKUs differ in numbers, like
// MUGS-0042 or EANs, and share a few categories. With 100 random SKUs of 16 characters, it costs 2 write units more. An
// account of more than 1 KB costs 2 write units more for each order; the account of a member who has ordered each month
// for two years is smaller.
//
// The package deliberately measures nothing itself, ignores free tiers, discounts and data transfer, and counts dollars
// in floating point, because it only estimates.
package cost
