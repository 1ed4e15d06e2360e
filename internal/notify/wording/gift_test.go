package wording

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

func gift(locale string) notify.Gift {
	return notify.Gift{
		Sender: notify.Person{Name: "Ada", Locale: locale}, To: "eve@example.com", Name: "Eve",
		Message: "From me\nto you",
		Code:    "7K3M-Q9XZ-0000-1111", Worth: loyalty.Money{Amount: 2_500, Currency: "EUR"},
		Until: time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC),
	}
}

func giftWords(t *testing.T, p *loyalty.Program, g notify.Gift) notify.Words {
	t.Helper()
	w, err := GiftWords(p, g)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestGiftMessageContainsSenderAmountAndExpiry(t *testing.T) {
	day := map[string]string{
		"en": "31 March 2027", "de": "31. März 2027", "es": "31 de marzo de 2027", "fr": "31 mars 2027",
		"tr": "31 Mart 2027",
	}
	for _, l := range remind.MessageLanguages() {
		w, g := giftWords(t, programOf("Shop"), gift(l)), gift(l)
		for _, body := range []string{w.Text, w.HTML} {
			for _, want := range []string{"Ada", "Eve", "From me", "to you", g.Code, day[l], "Shop", "EUR"} {
				if !strings.Contains(body, want) {
					t.Errorf("%s lacks %q: %s", l, want, body)
				}
			}
			if strings.Contains(body, "http") {
				t.Errorf("%s has a link: %s", l, body)
			}
		}
		if !strings.Contains(w.Subject, "Ada") || w.Language != l {
			t.Errorf("%s: %+v", l, w)
		}
		bare := giftWords(
			t, &loyalty.Program{ID: "p", Zone: time.UTC}, notify.Gift{Sender: notify.Person{Locale: l}, Code: "X"},
		)
		for _, body := range []string{bare.Subject, bare.Text, bare.HTML} {
			if body == "" || strings.Contains(body, "<no value>") || strings.Contains(body, "{{") ||
				strings.Contains(body, "1 January") {
				t.Errorf("%s: %q", l, body)
			}
		}
	}
}

func TestGiftMessageContainsTimeUnlessMidnight(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p, g := programOf("Shop"), gift("en")
	p.Zone, g.From, g.Until = berlin, time.Date(
		2026, 12, 24, 23, 0, 0, 0, time.UTC,
	), time.Date(2027, 1, 31, 14, 30, 0, 0, time.UTC)
	if w := giftWords(t, p, g); !strings.Contains(w.Text, "from 25 December 2026 until 31 January 2027, 15:30 CET.") {
		t.Error(w.Text)
	}
}

func TestGiftTextIsEscaped(t *testing.T) {
	plain := giftWords(t, programOf("Shop"), gift("en"))
	for _, l := range remind.MessageLanguages() {
		for _, bad := range hostile {
			g := gift(l)
			g.Sender.Name, g.Name, g.Code, g.Message = bad, bad, bad, bad+"\nto you"
			w := giftWords(t, programOf(bad), g)
			for _, s := range []string{w.Subject, w.Text, w.HTML} {
				if strings.ContainsFunc(s, func(r rune) bool {
					return r != '\n' && unicode.IsControl(r) || r == unicode.ReplacementChar || r == '\u202e'
				}) {
					t.Errorf("%s of %q has control characters: %q", l, bad, s)
				}
			}
			if strings.ContainsAny(w.Subject, "\r\n") || len([]rune(w.Subject)) > 150 {
				t.Errorf("%s: subject %q", l, w.Subject)
			}
			want := elements(plain.HTML)
			if strings.Contains(bad, "\n") { // an additional line
				want = slices.Insert(want, slices.Index(want, "/blockquote"), "br")
			}
			if got := elements(w.HTML); !slices.Equal(got, want) {
				t.Errorf("%s of %q: elements %v, want %v", l, bad, got, want)
			}
			if strings.Contains(bad, "7*7") && strings.Contains(w.Text, "49") {
				t.Errorf("%s was executed as a template: %s", l, w.Text)
			}
		}
	}
}

func ExampleGiftWords() {
	w, err := GiftWords(programOf("Shop"), gift("en"))
	fmt.Println(w.Subject, err)
	fmt.Println(w.Text)
	// Output:
	// A gift card from Ada <nil>
	// Hello Eve,
	//
	// Ada gives you a gift card of Shop. It is worth 25.00 EUR.
	//
	// Your code: 7K3M-Q9XZ-0000-1111
	// It can be used until 31 March 2027.
	//
	// Ada writes:
	//
	// > From me
	// > to you
	//
	// Shop
	//
	// --
	// You get this because Ada gave your address for this gift card.
}
