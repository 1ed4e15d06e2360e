// Package loyaltytest contains orders, facts and other values that tests of several rule packages use.
package loyaltytest
