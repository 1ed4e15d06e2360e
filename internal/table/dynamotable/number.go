package dynamotable

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// These constants are the limits of numbers in DynamoDB, from "Supported data types" in its developer guide: up to 38
// significant digits, and magnitudes from 1E-130 to 9.99…E+125.
const (
	maxDigits   = 38
	minExponent = -130
	maxExponent = 125
)

// number checks that DynamoDB can store a decimal number exactly, and returns the number in canonical form: without a
// sign for zero, without superfluous zeros, and with an exponent only if the plain form has more than 38 digits.
func number(s string) (json.Number, error) {
	mantissa, power := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		var err error
		if power, err = strconv.Atoi(s[i+1:]); err != nil {
			return "", fmt.Errorf("number %.50s is out of range", s)
		}
		mantissa = s[:i]
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	ones, fraction, _ := strings.Cut(mantissa, ".")
	power -= len(fraction) // the value is now digits × 10^power
	digits := strings.TrimLeft(ones+fraction, "0")
	if digits == "" {
		return "0", nil
	}
	significant := strings.TrimRight(digits, "0")
	power += len(digits) - len(significant)
	exponent := power + len(significant) - 1
	if len(significant) > maxDigits || exponent < minExponent || exponent > maxExponent {
		return "", fmt.Errorf("number %.50s does not fit DynamoDB's 38 digits", s)
	}
	sign := ""
	if negative {
		sign = "-"
	}
	return json.Number(sign + plain(significant, power)), nil
}

// plain formats the number digits × 10^power.
func plain(digits string, power int) string {
	point := len(digits) + power // the number of digits before the decimal point
	switch {
	case power >= 0 && point <= maxDigits:
		return digits + strings.Repeat("0", power)
	case power < 0 && point > 0:
		return digits[:point] + "." + digits[point:]
	case power < 0 && -power <= maxDigits:
		return "0." + strings.Repeat("0", -point) + digits
	}
	return digits + "e" + strconv.Itoa(power)
}
