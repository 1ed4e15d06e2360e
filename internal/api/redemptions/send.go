package redemptions

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/messages"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A SendBody requests to send a gift card.
type SendBody struct {
	Email   string  `json:"email"`
	Name    *string `json:"name"`
	Message *string `json:"message"`
}

// giftMessage checks the body and returns the gift card message.
func (b SendBody) giftMessage(c *request.Check) messages.GiftMessage {
	in := messages.GiftMessage{Email: strings.TrimSpace(b.Email)}
	if c.Required(request.At("email"), in.Email != "") {
		c.Email(request.At("email"), in.Email)
	}
	if b.Name != nil {
		in.Name = strings.TrimSpace(*b.Name)
		c.Text(request.At("name"), in.Name, 1, 200)
	}
	if b.Message != nil {
		in.Message = strings.TrimSpace(*b.Message)
		prose(c, request.At("message"), in.Message, 1, 1000)
	}
	return in
}

// prose checks a text that may have several lines.
func prose(c *request.Check, p request.Place, s string, least, most int) {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		c.Fault(p, loyalty.ValidationFailed, "This must have %d to %d characters.", least, most)
		return
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 && r != '\n' || r == 0x7f }) {
		c.Fault(p, loyalty.ValidationFailed, "This must have no control characters other than line breaks.")
	}
}

func sendGiftCard(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b SendBody
	var in messages.GiftMessage
	if err := c.Take(&b, func(faults *request.Check) { in = b.giftMessage(faults) }); err != nil {
		return request.Answer{}, err
	}
	in.Redemption = c.Path("redemption")
	in.ID = request.DerivedID(c, messages.GiftMessagePrefix, "")
	by, err := request.By(
		c, []string{in.ID, in.Redemption, hidden(c, "letter", fmt.Sprintf("%q %q %q", in.Email, in.Name, in.Message))},
	)
	if err != nil {
		return request.Answer{}, err
	}
	r, letter, err := c.App.GiftMessages.SendCode(ctx, c.Who.Program, in, by)
	if err != nil {
		return request.Answer{}, err
	}
	ans, err := redemptionAnswer(ctx, c, r, http.StatusCreated)
	ans.Replayed = letter.Replayed
	return ans, err
}

// hidden returns a keyed hash of personal data for use in a fingerprint. Fingerprints are stored indefinitely. Without
// the key, the names and addresses in them could be guessed.
func hidden(c *request.Call, what, s string) string {
	mac := hmac.New(sha256.New, c.Veil)
	fmt.Fprintf(mac, "%s\x00%s\x00%s", c.Who.Program, what, s)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// sent returns the messages that sent the gift card of a redemption. It returns none if the API key must not read
// members.
func sent(ctx context.Context, c *request.Call, r service.RedemptionResult) ([]wire.GiftCardMessage, error) {
	if r.Redemption.Code == "" || !c.ReadsMembers() {
		return nil, nil
	}
	if r.Redemption.Status == loyalty.Reserved || r.Written && r.Redemption.Status == loyalty.Committed {
		return nil, nil // a gift card can be sent only after its redemption is committed
	}
	p, err := c.Program(ctx)
	if err != nil {
		return nil, err
	}
	if reward, ok := redeem.FindReward(p.Rewards, r.Redemption.Reward); ok && reward.Type != "gift_card" {
		return nil, nil
	}
	letters, err := c.App.GiftMessages.List(ctx, c.Who.Program, r.Member, r.Redemption.ID)
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
