package wording

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

func words(one, other string) loyalty.Units {
	u := loyalty.Units{One: loyalty.Text{}, Other: loyalty.Text{}}
	for _, l := range loyalty.MessageLanguages() {
		u.One[l], u.Other[l] = one, other
	}
	return u
}

// hostile is what people may be called, and what they may call things.
var hostile = []string{
	"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "{{7*7}} {{.Unsubscribe}}", "a\r\nBcc: all@example.com", "\x1b[31mred\x07",
	"javascript:alert(1)", "=HYPERLINK(\"x\")", "\u202eevil", strings.Repeat("x", 5000), "\xff\xfe", "</title><h1>x",
}

func programOf(name string) *loyalty.Program {
	text := loyalty.Text{"en": name, "de": name}
	return &loyalty.Program{
		ID: "p", Zone: time.UTC, Name: text, Unit: words("bean", "beans"),
		Rewards:   []loyalty.Reward{{ID: "mug", Name: text}},
		Tiers:     loyalty.Tiers{Levels: []loyalty.Level{{ID: "gold", Name: text}}},
		Reminders: loyalty.Reminders{Send: []loyalty.Reminder{{ID: "r", Title: text, Body: text}}},
	}
}

// full is a notice with everything that a trigger may have, and bare one with nothing.
func full(on loyalty.Trigger, n loyalty.Points) loyalty.News {
	return loyalty.News{
		Reminder: "r", On: on, Purpose: loyalty.Marketing, Points: n, Lots: []loyalty.Lot{{Expires: 20270331, Points: n}}, Reward: "mug",
		Level: "gold", Missing: int64(n), Day: 20270331, Code: "7K3M-Q9XZ", Order: "1042", Years: int(n),
	}
}

func bare(on loyalty.Trigger) loyalty.News {
	return loyalty.News{Reminder: "gone", On: on, Purpose: on.Purpose()}
}

// each calls f for every language, trigger and channel.
func each(f func(language string, on loyalty.Trigger, c loyalty.Channel)) {
	for _, l := range loyalty.MessageLanguages() {
		for _, on := range loyalty.Triggers() {
			for _, c := range loyalty.Channels() {
				f(l, on, c)
			}
		}
	}
}

const link = "https://api.example/v1/unsubscribe/x.y"

func write(t *testing.T, p *loyalty.Program, who notify.Person, n loyalty.News) notify.Words {
	t.Helper()
	w, err := Words(p, who, n, link)
	if err != nil {
		t.Fatalf("%s in %s: %v", n.On, who.Locale, err)
	}
	return w
}

func TestLanguagesAreThoseThatTheProgramFileKnows(t *testing.T) {
	if !slices.Equal(Languages(), loyalty.MessageLanguages()) {
		t.Errorf("%v and %v", Languages(), loyalty.MessageLanguages())
	}
}

var tags = regexp.MustCompile(`<(/?[a-z1-9!]+)`)

// What people wrote makes no element, no header and no line of its own, and is no template.
func TestWhatPeopleWroteStaysText(t *testing.T) {
	plain := write(t, programOf("Shop"), notify.Person{Name: "Ada", Locale: "en"}, withChannel(full(loyalty.NearReward, 5), loyalty.Email))
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		for _, bad := range hostile {
			n := withChannel(full(on, 5), c)
			n.Order, n.Code = bad, bad
			w := write(t, programOf(bad), notify.Person{Name: bad, Locale: l}, n)
			for _, s := range []string{w.Subject, w.Text, w.HTML} {
				if strings.ContainsFunc(s, func(r rune) bool {
					return r != '\n' && unicode.IsControl(r) || r == unicode.ReplacementChar || r == '\u202e'
				}) {
					t.Errorf("%s in %s by %s has control characters: %q", on, l, c, s)
				}
			}
			if strings.ContainsAny(w.Subject, "\r\n") || len([]rune(w.Subject)) > 150 {
				t.Errorf("%s in %s: subject %q", on, l, w.Subject)
			}
			if c == loyalty.Email {
				if got, want := elements(w.HTML), elements(plain.HTML); !slices.Equal(got, want) {
					t.Fatalf("%s in %s of %q: elements %v, not %v", on, l, bad, got, want)
				}
			}
			if strings.Contains(w.Text, "49") && strings.Contains(bad, "7*7") {
				t.Errorf("%s in %s was read as a template: %s", on, l, w.Text)
			}
		}
	})
}

func elements(page string) (list []string) {
	for _, m := range tags.FindAllStringSubmatch(page, -1) {
		list = append(list, m[1])
	}
	return list
}

func withChannel(n loyalty.News, c loyalty.Channel) loyalty.News {
	n.Channel = c
	return n
}

// A message about nothing, to nobody of whom anything is known, is still one: no gap shows, and no template.
func TestWhatIsMissingLeavesNoTrace(t *testing.T) {
	empty := &loyalty.Program{ID: "p", Zone: time.UTC}
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		for _, n := range []loyalty.News{bare(on), full(on, 1), full(on, 0)} {
			w := write(t, empty, notify.Person{Locale: l}, withChannel(n, c))
			for _, s := range []string{w.Subject, w.Text, w.HTML} {
				if strings.Contains(s, "<no value>") || strings.Contains(s, "{{") || strings.Contains(s, "%!") {
					t.Errorf("%s in %s: %q", on, l, s)
				}
			}
			if w.Text == "" && on != loyalty.Scheduled {
				t.Errorf("%s in %s by %s says nothing", on, l, c)
			}
		}
	})
}

func TestEveryMessageHasDaysPluralsAndAWayOut(t *testing.T) {
	soon := regexp.MustCompile(`(?i)\b(soon|shortly|bald|demnächst|pronto|próximamente|bientôt|prochainement|yakında|yakinda)\b`)
	p := programOf("Shop")
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		w := write(t, p, notify.Person{Name: "Ada", Locale: l}, withChannel(full(on, 2), c))
		if soon.MatchString(w.Subject + w.Text) {
			t.Errorf("%s in %s: %s", on, l, w.Text)
		}
		if way := c == loyalty.Email || c == loyalty.SMS; way && !strings.Contains(w.Text, link) || c == loyalty.Email && !strings.Contains(w.HTML, link) {
			t.Errorf("%s in %s by %s has no link: %s", on, l, c, w.Text)
		}
	})
	for l, want := range map[string][3]string{ // of none, one and two points
		"en": {"0 beans lapse", "1 bean lapses", "2 beans lapse"},
		"de": {"0 beans verfallen", "1 bean verfällt", "2 beans verfallen"},
		"es": {"caducan 0 beans", "caduca 1 bean", "caducan 2 beans"},
		"fr": {"0 bean expire", "1 bean expire", "2 beans expirent"},
		"tr": {"0 bean geçerliliğini", "1 bean geçerliliğini", "2 bean geçerliliğini"},
	} {
		for n, text := range want {
			if w := write(t, p, notify.Person{Locale: l}, withChannel(full(loyalty.BeforeLapse, loyalty.Points(n)), loyalty.Push)); !strings.Contains(w.Text, text) {
				t.Errorf("%s: %s", l, w.Text)
			}
		}
	}
}

func TestTheLongestTextMessageStillHasItsLink(t *testing.T) {
	long := "https://abcdefghij.execute-api.eu-central-1.amazonaws.com/v1/unsubscribe/" + strings.Repeat("x", 200)
	p := programOf(strings.Repeat("x", 5000))
	each(func(l string, on loyalty.Trigger, _ loyalty.Channel) {
		w, err := Words(p, notify.Person{Name: "Ada", Locale: l}, withChannel(full(on, 5), loyalty.SMS), long)
		if err != nil || !strings.HasSuffix(w.Text, long) || len([]rune(w.Text)) > maxShort {
			t.Errorf("%s in %s has %d characters and ends with %q, %v", on, l, len([]rune(w.Text)), w.Text[len(w.Text)-20:], err)
		}
	})
}

func TestDatesAndNumbersAreWrittenAsTheLanguageDoes(t *testing.T) {
	for l, want := range map[string]string{
		"en": "1,234,567 31 March 2027", "de": "1.234.567 31. März 2027", "es": "1.234.567 31 de marzo de 2027",
		"fr": "1\u202f234\u202f567 31 mars 2027", "tr": "1.234.567 31 Mart 2027", "de-AT": "1.234.567 31. März 2027", "pt-BR": "1,234,567 31 March 2027", "": "1,234,567 31 March 2027",
	} {
		x := languageOf(l)
		if got := x.number(1234567) + " " + x.day(20270331); got != want {
			t.Errorf("%s: %s", l, got)
		}
	}
	if got := languageOf("fr").day(20270301); got != "1er mars 2027" {
		t.Error(got)
	}
	if got := languageOf("de").money(loyalty.Money{Amount: 123450, Currency: "EUR"}); got != "1.234,50 EUR" {
		t.Error(got)
	}
}

// Several lots are one message, each with its day.
func ExampleWords() {
	n := withChannel(full(loyalty.BeforeLapse, 300), loyalty.Email)
	n.Purpose = loyalty.Transactional
	n.Lots = []loyalty.Lot{{Expires: 20270331, Points: 100}, {Expires: 20270403, Points: 200}}
	w, err := Words(programOf("Shop"), notify.Person{Name: "Ada", Locale: "en"}, n, link)
	fmt.Println(w.Subject, err)
	fmt.Println(w.Text)
	// Output:
	// 300 beans: valid until 31 March 2027 <nil>
	// Hello Ada,
	//
	// 300 beans lapse unless you use them. The first day on which some lapse is 31 March 2027.
	//
	// - 100 beans: until the end of 31 March 2027
	// - 200 beans: until the end of 3 April 2027
	//
	// Shop
	//
	// --
	// You get this because you are a member of Shop and something about your membership changes.
	// No more of these messages: https://api.example/v1/unsubscribe/x.y
}

func BenchmarkWords(b *testing.B) {
	p, n := programOf("Shop"), withChannel(full(loyalty.BeforeLapse, 300), loyalty.Email)
	for b.Loop() {
		if _, err := Words(p, notify.Person{Name: "Ada", Locale: "de"}, n, link); err != nil {
			b.Fatal(err)
		}
	}
}
