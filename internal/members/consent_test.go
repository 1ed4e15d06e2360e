package members

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

func TestAFullLogOfConsentsTakesNoneButWhatEndsOne(t *testing.T) {
	news := remind.Consent{Channel: loyalty.Email, Purpose: loyalty.Marketing, Wording: "news-1", Source: "app"}
	say := func(c *Contact, given bool, source string) bool {
		x := news
		x.Granted, x.Source = given, source
		return len(c.record("p", "mem_ada", []remind.Consent{x}, "key")) > 0
	}
	c := Contact{logs: maxConsents - 1}
	if !say(&c, true, "app") || !c.Consents.Allow(news.Channel, news.Purpose) {
		t.Error("the last place of the log takes nothing")
	}
	if say(&c, true, "till") {
		t.Error("a full log takes a consent")
	}
	if !say(&c, false, "unsubscribe") || c.Consents.Allow(news.Channel, news.Purpose) {
		t.Error("a full log keeps a consent from being taken back")
	}
	if say(&c, false, "till") {
		t.Error("a full log takes what is taken back already")
	}
}
