package explain

import (
	"math/big"
	"testing"
	"time"
)

func TestNumbersAreWrittenFromTheirDigits(t *testing.T) {
	for _, x := range []struct {
		name, digits string
		figures      figures
		en, de       string
	}{
		{"a whole number", "37", figures{}, "37", "37"},
		{"thousands are set apart", "1234567", figures{}, "1,234,567", "1.234.567"},
		{"also below zero, where the sign is no digit", "-123456", figures{}, "-123,456", "-123.456"},
		{"a decimal keeps what it has", "1234.5", figures{}, "1,234.5", "1.234,5"},
		{"or gets the decimals that it needs", "1234.5", figures{least: 2}, "1,234.50", "1.234,50"},
		{
			"none is lost beyond what a float64 holds", "999999999999999999.99",
			figures{},
			"999,999,999,999,999,999.99", "999.999.999.999.999.999,99",
		},
		{"four decimals are exact", "0.1234", figures{}, "0.1234", "0,1234"},
		{"a fifth is about", "0.12345", figures{}, "about 0.1235", "rund 0,1235"},
		{"unless all are wanted", "0.0061728", figures{exact: true}, "0.0061728", "0,0061728"},
		{"a fraction without end is about", "2999/110", figures{}, "about 27.2636", "rund 27,2636"},
		{"with no zeros at its end", "1000001/3000000", figures{}, "about 0.3333", "rund 0,3333"},
		{"a fraction with an end is exact", "3/2", figures{}, "1.5", "1,5"},
		{"what rounds to whole has no decimals", "299999/100001", figures{}, "about 3", "rund 3"},
		{"what rounds to nothing has no sign", "-1/300000", figures{}, "about 0", "rund 0"},
		{"money keeps its decimals when rounded", "20/3", figures{least: 2}, "about 6.6667", "rund 6,6667"},
		{"a gain may have a sign", "5", figures{plus: true}, "+5", "+5"},
		{"what is no number stays", "many", figures{}, "many", "many"},
	} {
		t.Run(x.name, func(t *testing.T) {
			if en, de := english.write(x.digits, x.figures).text, german.write(x.digits, x.figures).text; en != x.en ||
				de != x.de {
				t.Errorf("%s is %q and %q, want %q and %q", x.digits, en, de, x.en, x.de)
			}
		})
	}
}

func TestOneIsOneHoweverItIsWritten(t *testing.T) {
	for digits, want := range map[string]number{
		"1": one, "1.0": one, "-1": one, "0": several, "1.5": several, "11": several, "x": uncounted,
	} {
		if got := english.write(digits, figures{}).number; got != want {
			t.Errorf("%s is %d, want %d", digits, got, want)
		}
	}
}

func TestMoneyHasTheDecimalsOfItsCurrency(t *testing.T) {
	for amount, want := range map[string]string{
		"1234.5 EUR": "1.234,50 EUR", "1500 JPY": "1.500 JPY", "1.5 KWD": "1,500 KWD", "10.005 EUR": "10,005 EUR",
		"3":            "3",
		"2999/110 EUR": "rund 27,2636 EUR",
	} {
		if got := german.money(amount, figures{}).text; got != want {
			t.Errorf("%s is %q, want %q", amount, got, want)
		}
	}
}

func TestDatesAreThoseOfTheProgramsZone(t *testing.T) {
	p := bluebird(t)
	at := time.Date(2026, 12, 5, 23, 30, 0, 0, time.UTC)
	for locale, want := range map[string]string{"en": "6 December 2026, 00:30", "de": "6. Dezember 2026, 00:30 Uhr"} {
		if got := speak(p, locale).instant(at); got != want {
			t.Errorf("%s: %q, want %q", locale, got, want)
		}
	}
}

// Numbers that are formatted without big.Rat have the same format as others.
func TestPlainNumbers(t *testing.T) {
	count := 0
	for _, digits := range []string{
		"1", "-1", "12", "-120", "1234567", "0", "-0", "007", "0.5", "1.5", "-1.50", "1.2345", "1.23450", "29.90",
		"2.00", "1.", ".5", "", "-", "--1", "+1", "1e3", "1/3", "-8/2",
		"12a", "1.2.3", "1_000", " 1", "100000000000000000000",
	} {
		for least := range 6 {
			got := plain(digits, least)
			if got == "" {
				continue
			}
			count++
			r, ok := new(big.Rat).SetString(digits)
			if want, about := rounded(r, figures{least: least}); !ok || about || got != want {
				t.Errorf("%q with %d decimals: %q, want %q", digits, least, got, want)
			}
		}
	}
	if count != 11*5 {
		t.Errorf("%d numbers are plain", count)
	}
}
