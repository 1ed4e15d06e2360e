// Package cost states how much of the table and of the logs requests use, and estimates their cost on AWS.
//
// Usage is measured. The tests in the packages that serve the requests count the usage, and fail unless it is exactly
// the usage in usage.json (package costtest). Durations are measured with the functions' binaries (measured.json
// describes the method). Prices come from a dated list (prices.json). All other quantities are assumptions
// (assumptions.json). A test in infra compares the assumed resources with template.yaml.
//
// A ledger entry counts as one invocation of the function relay. Under load, one invocation reads up to 1,000 entries,
// so that a million entries cost less. The alarms of the idle stack watch 70 metrics, of which AWS charges nothing for
// the first ten. An order with up to 100 line items costs the same as a small one if the SKUs differ only in numbers,
// such as MUGS-0042 or EANs, and share a few categories. An order with 100 random SKUs of 16 characters costs 2 more
// write units. If an account is larger than 1 KB, each of its orders costs 2 more write units. The account of a member
// who has ordered each month for two years is smaller than that.
//
// The package deliberately measures nothing itself. It ignores free tiers, discounts and data transfer, and represents
// dollars in floating point, because it only estimates.
package cost
