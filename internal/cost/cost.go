// Package cost states what requests use of the table and of the logs.
//
// The figures are measured: tests in the packages that serve the requests compare them with what they count, exactly
// (package costtest). The package deliberately measures nothing itself.
package cost
