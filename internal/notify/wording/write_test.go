package wording

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

func words(one, other string) loyalty.Units {
	u := loyalty.Units{One: loyalty.Text{}, Other: loyalty.Text{}}
	for _, l := range remind.MessageLanguages() {
		u.One[l], u.Other[l] = one, other
	}
	return u
}

func programOf(name string) *loyalty.Program {
	text := loyalty.Text{"en": name, "de": name}
	return &loyalty.Program{
		ID: "p", Zone: time.UTC, Name: text, Unit: words("bean", "beans"),
		Spending: loyalty.Spending{Rewards: []loyalty.Reward{{ID: "mug", Name: text}}},
		Levels:   loyalty.Levels{Tiers: loyalty.Tiers{Levels: []loyalty.Level{{ID: "gold", Name: text}}}},
		Messaging: loyalty.Messaging{
			Reminders: loyalty.Reminders{Messages: []loyalty.Reminder{{ID: "r", Title: text, Body: text}}},
		},
	}
}

// full returns a notice with every fact that a trigger may have, and bare one without facts.
func full(on loyalty.Trigger, n loyalty.Points) remind.News {
	return remind.News{
		Reminder: "r", On: on, Purpose: loyalty.Marketing, Points: n,
		Lots: []loyalty.Lot{{Expires: 20270331, Points: n}}, Reward: "mug",
		Level: "gold", Missing: int64(n), Code: "7K3M-Q9XZ", Order: "1042", Years: int(n),
		Until: time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC), At: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC),
		Zone: time.UTC,
	}
}

func bare(on loyalty.Trigger) remind.News {
	return remind.News{Reminder: "gone", On: on, Purpose: posting.PurposeOf(on)}
}

// each calls f for every language, trigger and channel.
func each(f func(language string, on loyalty.Trigger, c loyalty.Channel)) {
	for _, l := range remind.MessageLanguages() {
		for _, on := range remind.Triggers() {
			for _, c := range remind.Channels() {
				f(l, on, c)
			}
		}
	}
}

const link = "https://api.example/v1/unsubscribe/x.y"

func write(t *testing.T, p *loyalty.Program, who notify.Person, n remind.News) notify.Words {
	t.Helper()
	w, err := Words(p, who, n, link)
	if err != nil {
		t.Fatalf("%s in %s: %v", n.On, who.Locale, err)
	}
	return w
}

func TestLanguagesMatchProgramFile(t *testing.T) {
	var written []string
	for _, l := range languages {
		written = append(written, l.tag)
	}
	if !slices.Equal(written, remind.MessageLanguages()) {
		t.Errorf("%v and %v", written, remind.MessageLanguages())
	}
}

func withChannel(n remind.News, c loyalty.Channel) remind.News {
	n.Channel = c
	return n
}

// TestMissingFactsLeaveNoTrace checks that a message without facts and without a name has no gaps and no template
// syntax.
func TestMissingFactsLeaveNoTrace(t *testing.T) {
	empty := &loyalty.Program{ID: "p", Zone: time.UTC}
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		for _, n := range []remind.News{bare(on), full(on, 1), full(on, 0)} {
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

func TestMessagesHaveDaysPluralsAndUnsubscribeLink(t *testing.T) {
	soon := regexp.MustCompile(
		`(?i)\b(soon|shortly|bald|demnächst|pronto|próximamente|bientôt|prochainement|yakında|yakinda)\b`,
	)
	p := programOf("Shop")
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		w := write(t, p, notify.Person{Name: "Ada", Locale: l}, withChannel(full(on, 2), c))
		if soon.MatchString(w.Subject + w.Text) {
			t.Errorf("%s in %s: %s", on, l, w.Text)
		}
		if way := c == loyalty.Email || c == loyalty.SMS; way && !strings.Contains(w.Text, link) ||
			c == loyalty.Email && !strings.Contains(w.HTML, link) {
			t.Errorf("%s in %s by %s has no link: %s", on, l, c, w.Text)
		}
	})
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		w, err := Words(p, notify.Person{Name: "Ada", Locale: l}, withChannel(full(on, 2), c), "")
		if text := w.Text + w.HTML; err != nil || strings.Contains(text, `href=""`) || strings.HasSuffix(w.Text, ":") {
			t.Errorf("%s in %s by %s without a link: %v %s", on, l, c, err, text)
		}
	})
	for l, want := range map[string][3]string{ // for zero, one and two points
		"en": {"0 beans expire", "1 bean expires", "2 beans expire"},
		"de": {"0 beans verfallen", "1 bean verfällt", "2 beans verfallen"},
		"es": {"caducan 0 beans", "caduca 1 bean", "caducan 2 beans"},
		"fr": {"0 bean expire", "1 bean expire", "2 beans expirent"},
		"tr": {"0 bean geçerliliğini", "1 bean geçerliliğini", "2 bean geçerliliğini"},
	} {
		for n, text := range want {
			if w := write(
				t, p, notify.Person{Locale: l},
				withChannel(full(loyalty.BeforeExpiry, loyalty.Points(n)), loyalty.Push),
			); !strings.Contains(w.Text, text) {
				t.Errorf("%s: %s", l, w.Text)
			}
		}
	}
}

func TestLongestTextMessageHasLink(t *testing.T) {
	long := "https://abcdefghij.execute-api.eu-central-1.amazonaws.com/v1/unsubscribe/" + strings.Repeat("x", 200)
	p := programOf(strings.Repeat("x", 5000))
	each(func(l string, on loyalty.Trigger, _ loyalty.Channel) {
		w, err := Words(p, notify.Person{Name: "Ada", Locale: l}, withChannel(full(on, 5), loyalty.SMS), long)
		if err != nil || !strings.HasSuffix(w.Text, long) || len([]rune(w.Text)) > maxShort {
			t.Errorf(
				"%s in %s has %d characters and ends with %q, %v", on, l, len([]rune(w.Text)), w.Text[len(w.Text)-20:],
				err,
			)
		}
	})
}

func TestMemberWithoutOrdersSeesEnrollment(t *testing.T) {
	for l, want := range map[string][2]string{ // without an order, and with one
		"en": {"since you joined Shop.", "since your last order."},
		"de": {"Ihr Beitritt zu Shop", "Ihre letzte Bestellung"},
		"es": {"se unió a Shop.", "su último pedido."},
		"fr": {"Votre adhésion à Shop", "Votre dernière commande"},
		"tr": {"Shop programına katılmanızın", "Son siparişinizin"},
	} {
		n := withChannel(full(loyalty.AfterAbsence, 2), loyalty.Push)
		for i, ordered := range []bool{false, true} {
			n.Ordered = ordered
			if w := write(t, programOf("Shop"), notify.Person{Locale: l}, n); !strings.Contains(w.Text, want[i]) ||
				strings.Contains(w.Text, want[1-i]) {
				t.Errorf("%s, ordered %t: %s", l, ordered, w.Text)
			}
		}
	}
}

// TestPendingRewardDoesNotMentionFirstOrder checks the text for a friend who may have ordered before, but not
// enough for the referral's reward.
func TestPendingRewardDoesNotMentionFirstOrder(t *testing.T) {
	first := regexp.MustCompile(`(?i)first|erste|primer|premi|ilk`)
	for _, l := range remind.MessageLanguages() {
		w := write(
			t, programOf("Shop"), notify.Person{Locale: l},
			withChannel(full(loyalty.AfterReferral, 100), loyalty.Push),
		)
		if first.MatchString(w.Subject+w.Text) || !strings.Contains(w.Subject, "100") {
			t.Errorf("%s: %q, %q", l, w.Subject, w.Text)
		}
	}
}

func TestMessagesDoNotShowRewardIDs(t *testing.T) {
	p := programOf("Shop")
	p.Rewards = append(p.Rewards, loyalty.Reward{ID: "five-off"})
	words := map[string][2]string{ // a reward without a name, and a payment
		"en": {"a reward", "the payment of your order"}, "de": {"eine Prämie", "die Bezahlung Ihrer Bestellung"},
		"es": {"una recompensa", "el pago de su pedido"}, "fr": {"une récompense", "le paiement de votre commande"},
		"tr": {"bir ödül", "siparişinizin ödemesi"},
	}
	each(func(l string, on loyalty.Trigger, c loyalty.Channel) {
		for id, word := range map[string]string{
			"five-off": words[l][0], "gone": words[l][0], redeem.PayReward: words[l][1],
		} {
			n := withChannel(full(on, 5), c)
			n.Reward = id
			w := write(t, p, notify.Person{Locale: l}, n)
			for _, s := range []string{w.Subject, w.Text, w.HTML} {
				if strings.Contains(s, id) {
					t.Errorf("%s of %s in %s by %s: %q", on, id, l, c, s)
				}
			}
			if about := on == loyalty.BeforeHold || on == loyalty.BeforeCode || on == loyalty.NearReward; about &&
				!strings.Contains(w.Text, word) {
				t.Errorf("%s of %s in %s does not say %q: %q", on, id, l, word, w.Text)
			}
		}
	})
	n := withChannel(full(loyalty.AfterClaim, 5), loyalty.Push)
	n.Reward = "five-off"
	if w := write(t, p, notify.Person{Locale: "en"}, n); w.Subject != "Your code is waiting" ||
		!strings.Contains(w.Text, "not used it yet. Your code") {
		t.Errorf("%q, %q", w.Subject, w.Text)
	}
}

// Several lots are in one message, each with its last day.
func ExampleWords() {
	n := withChannel(full(loyalty.BeforeExpiry, 300), loyalty.Email)
	n.Purpose = loyalty.Transactional
	n.Lots = []loyalty.Lot{{Expires: 20270331, Points: 100}, {Expires: 20270403, Points: 200}}
	w, err := Words(programOf("Shop"), notify.Person{Name: "Ada", Locale: "en"}, n, link)
	fmt.Println(w.Subject, err)
	fmt.Println(w.Text)
	// Output:
	// 300 beans: valid until 31 March 2027 <nil>
	// Hello Ada,
	//
	// 300 beans expire unless you use them. Some are valid only until the end of 31 March 2027.
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
	p, n := programOf("Shop"), withChannel(full(loyalty.BeforeExpiry, 300), loyalty.Email)
	for b.Loop() {
		if _, err := Words(p, notify.Person{Name: "Ada", Locale: "de"}, n, link); err != nil {
			b.Fatal(err)
		}
	}
}
