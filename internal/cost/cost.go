// Package cost states what requests use of the table and of the logs, and estimates what they cost on AWS.
//
// Usage is measured: tests in the packages that serve the requests compare usage.json with what they count, exactly
// (package costtest). Durations are measured on the functions' binaries (measured.json, which says how). Prices are those of
// a dated list (prices.json), and what neither is measured nor priced is assumed (assumptions.json); a test in infra
// compares the assumed resources with template.yaml.
//
// The package deliberately measures nothing itself, knows no free tiers, discounts and data transfer, and counts dollars in
// floating point, because it only estimates.
package cost
