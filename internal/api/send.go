package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

type sendBody struct {
	Email   string  `json:"email"`
	Name    *string `json:"name"`
	Message *string `json:"message"`
}

// giftMessage checks the body and returns the gift card message.
func (b sendBody) giftMessage(c *check) ledger.GiftMessage {
	in := ledger.GiftMessage{Email: strings.TrimSpace(b.Email)}
	if c.required(at("email"), in.Email != "") {
		c.email(at("email"), in.Email)
	}
	if b.Name != nil {
		in.Name = strings.TrimSpace(*b.Name)
		c.text(at("name"), in.Name, 1, 200)
	}
	if b.Message != nil {
		in.Message = strings.TrimSpace(*b.Message)
		c.prose(at("message"), in.Message, 1, 1000)
	}
	return in
}

// prose checks a text that may have several lines.
func (c *check) prose(p place, s string, least, most int) {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		c.fault(p, loyalty.ValidationFailed, "This must have %d to %d characters.", least, most)
		return
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 && r != '\n' || r == 0x7f }) {
		c.fault(p, loyalty.ValidationFailed, "This must have no control characters other than line breaks.")
	}
}

func sendGiftCard(ctx context.Context, c *call) (answer, error) {
	var b sendBody
	var in ledger.GiftMessage
	if err := c.take(&b, func(faults *check) { in = b.giftMessage(faults) }); err != nil {
		return answer{}, err
	}
	in.Redemption = c.path("redemption")
	in.ID = c.derivedID(ledger.LetterPrefix, "")
	by, err := c.by(
		[]string{in.ID, in.Redemption, c.hidden("letter", fmt.Sprintf("%q %q %q", in.Email, in.Name, in.Message))},
	)
	if err != nil {
		return answer{}, err
	}
	r, letter, err := c.app.Ledger.SendCode(ctx, c.who.Program, in, by)
	if err != nil {
		return answer{}, err
	}
	ans, err := c.toldRedemption(ctx, r, http.StatusCreated)
	ans.replayed = letter.Replayed
	return ans, err
}

// hidden returns a keyed hash of personal data for a fingerprint. Fingerprints are stored indefinitely, and the key
// prevents guessing the names and addresses in them.
func (c *call) hidden(what, s string) string {
	mac := hmac.New(sha256.New, c.veil)
	fmt.Fprintf(mac, "%s\x00%s\x00%s", c.who.Program, what, s)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// sent returns the messages that sent the gift card of a redemption. It returns none if the API key must not read
// members.
func (c *call) sent(ctx context.Context, r ledger.RedemptionResult) ([]wire.GiftCardMessage, error) {
	if r.Redemption.Code == "" || !c.who.May(auth.MembersRead) {
		return nil, nil
	}
	if r.Redemption.Status == loyalty.Reserved || r.Written && r.Redemption.Status == loyalty.Committed {
		return nil, nil // a gift card can be sent only after its redemption is committed
	}
	p, err := c.program(ctx)
	if err != nil {
		return nil, err
	}
	if reward, ok := redeem.FindReward(p, r.Redemption.Reward); ok && reward.Type != "gift_card" {
		return nil, nil
	}
	letters, err := c.app.Ledger.GiftMessages(ctx, c.who.Program, r.Member, r.Redemption.ID)
	if err != nil {
		return nil, err
	}
	var out []wire.GiftCardMessage
	for _, l := range letters {
		out = append(out, wire.GiftCardMessage{
			ID: l.ID, Email: l.Email, Name: l.Name, Message: l.Message, At: l.At.UTC(),
			Status: wire.GiftCardMessageStatus(l.Status),
		})
	}
	return out, nil
}
