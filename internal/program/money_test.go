package program

import (
	"math/big"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/document"
)

// notMoney lists amounts that must be rejected, even if other parsers accept them.
var notMoney = []struct{ amount, currency string }{
	{"10.005", "USD"},
	{"1,000.00", "USD"},
	{"1_000", "USD"},
	{"0x10", "USD"},
	{" 5", "USD"},
	{"5 ", "USD"},
	{"+5", "USD"},
	{"-5", "USD"},
	{"05", "USD"},
	{"00", "USD"},
	{"1e2", "USD"},
	{"Infinity", "USD"},
	{"NaN", "USD"},
	{"١٢", "USD"},
	{"５", "USD"},
	{"", "USD"},
	{".5", "USD"},
	{"5.", "USD"},
	{"5.0.0", "USD"},
	{"1/2", "USD"},
	{"5\n", "USD"},
	{"10000000000.01", "USD"},
	{"99999999999999", "USD"},
	{"1.0000000", "USD"},
	{"100.50", "JPY"},
	{"1.2345", "KWD"},
	{"5", "usd"},
	{"5", "US"},
	{"5", "XXX"},
	{"5", "EUR\x00"},
	{"5", "BTC"},
	{"5", "EUR "},
	{"5", " EUR"},
	{"5", "UR "},
	{"5", ""},
}

// parsed returns an amount as the parser of program files reads it.
func parsed(amount, currency string) (loyalty.Money, bool) {
	c := &document.Compiler{P: &loyalty.Program{}}
	m := c.Money(&document.Node{Kind: document.Text, Value: amount + " " + currency})
	return m, len(c.Problems) == 0
}

func TestInvalidMoneyIsRejected(t *testing.T) {
	for _, x := range notMoney {
		if m, ok := parsed(x.amount, x.currency); ok {
			t.Errorf("%q %q was taken as %s", x.amount, x.currency, m)
		}
	}
	for source, want := range map[string]loyalty.Money{
		"10.50 USD": {Amount: 1050, Currency: "USD"}, "10.5 USD": {Amount: 1050, Currency: "USD"},
		"0 JPY": {Currency: "JPY"}, "0.001 KWD": {Amount: 1, Currency: "KWD"},
		"100.00 JPY":         {Amount: 100, Currency: "JPY"},
		"10000000000.00 EUR": {Amount: loyalty.MaxAmount, Currency: "EUR"},
	} {
		amount, currency, _ := strings.Cut(source, " ")
		if m, ok := parsed(amount, currency); !ok || m != want {
			t.Errorf("%s was taken as %s, %v", source, m, ok)
		}
	}
}

// FuzzMoney looks for amounts that are parsed to a different value.
func FuzzMoney(f *testing.F) {
	for _, x := range notMoney {
		f.Add(x.amount, x.currency)
	}
	f.Add("10.50", "USD")
	f.Add("0.001", "KWD")
	f.Add("100", "JPY")
	f.Fuzz(func(t *testing.T, amount, currency string) {
		m, ok := parsed(amount, currency)
		n, reason := document.Minor(amount, loyalty.Currency(currency))
		if ok != (reason == "") || ok && n != m.Amount {
			t.Fatalf("%q %q is %s, %v as money and %d, %q as an amount", amount, currency, m, ok, n, reason)
		}
		if !ok {
			return
		}
		exp, known := m.Currency.Exponent()
		if !known || string(m.Currency) != currency || m.Amount < 0 || m.Amount > loyalty.MaxAmount {
			t.Fatalf("%q %q was taken as %s", amount, currency, m)
		}
		said, isNumber := new(big.Rat).SetString(amount)
		scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exp)), nil))
		if !isNumber || said.Mul(said, scale).Cmp(new(big.Rat).SetInt64(m.Amount)) != 0 {
			t.Fatalf("%q %s has a precision that %s has not", amount, currency, m)
		}
		whole, code, _ := strings.Cut(m.String(), " ")
		if again, ok := parsed(whole, code); !ok || again != m {
			t.Fatalf("%s is read as %s, %v", m, again, ok)
		}
	})
}
