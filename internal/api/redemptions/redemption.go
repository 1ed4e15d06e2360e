package redemptions

import (
	"context"
	"net/http"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/vouchers"
)

// A RedemptionBody requests a redemption for a member.
type RedemptionBody struct {
	Member      string `json:"member"`
	DesiredBody `json:",inline"`
}

// A DesiredBody states the reward that a member redeems.
type DesiredBody struct {
	Reward string        `json:"reward"`
	Order  *string       `json:"order"`
	Cart   *string       `json:"cart"`
	Total  *TotalBody    `json:"order_total"`
	Points request.Whole `json:"points"`
	Wallet *string       `json:"wallet"`
	Commit bool          `json:"commit"`

	Household bool         `json:"household"`
	Address   *AddressBody `json:"address"`
	Date      *string      `json:"date"`
}

// A TotalBody is the total of an order.
type TotalBody struct {
	Amount   request.Whole `json:"amount"`
	Currency string        `json:"currency"`
}

// request checks the body and returns the redemption request. The caller sets its ID and its member.
func (b DesiredBody) request(c *request.Check) service.RedemptionRequest {
	c.RequiredID(request.At("reward"), b.Reward)
	in := service.RedemptionRequest{
		Reward: b.Reward, Order: optionalID(c, request.At("order"), b.Order),
		Cart:      optionalID(c, request.At("cart"), b.Cart),
		Commit:    b.Commit,
		Wallet:    request.OptionalWallet(c, request.At("wallet"), b.Wallet),
		Household: b.Household,
		Date:      optionalID(c, request.At("date"), b.Date),
	}
	if b.Total != nil {
		c.Required(request.At("order_total/amount"), b.Total.Amount.Given)
		in.Total.Amount = c.Amount(request.At("order_total/amount"), b.Total.Amount)
		c.Currency(request.At("order_total/currency"), b.Total.Currency)
		in.Total.Currency = loyalty.Currency(b.Total.Currency)
	}
	switch n := b.Points.N; {
	case !b.Points.Given:
	case b.Reward != redeem.PayReward:
		c.Fault(
			request.At("points"), loyalty.ValidationFailed, "points is only for the reward %s. Omit it.",
			redeem.PayReward,
		)
	case n < 1:
		c.Fault(request.At("points"), loyalty.AmountNotPositive, "points must be above 0.")
	case n > int64(loyalty.MaxPoints):
		c.Fault(request.At("points"), loyalty.AmountOutOfRange, "points must be at most %d.", loyalty.MaxPoints)
	}
	in.Points = loyalty.Points(b.Points.N)
	in.Address = b.Address.address(c)
	return in
}

// optionalID checks an identifier that may be omitted, but must not be empty.
func optionalID(c *request.Check, p request.Place, s *string) string {
	if s == nil {
		return ""
	}
	if !request.ValidID(*s) {
		c.Fault(p, loyalty.ValidationFailed, request.IDForm)
	}
	return *s
}

func createRedemption(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b RedemptionBody
	var in service.RedemptionRequest
	err := c.Take(&b, func(faults *request.Check) {
		faults.RequiredID(request.At("member"), b.Member)
		in = b.request(faults)
	})
	if err != nil {
		return request.Answer{}, err
	}
	p, m, err := c.ProgramAndMember(ctx, b.Member)
	if err != nil {
		return request.Answer{}, err
	}
	return redeemFor(ctx, c, p, m, in)
}

// redeemSelf redeems a reward for the member who calls.
func redeemSelf(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b DesiredBody
	var in service.RedemptionRequest
	if err := c.Take(&b, func(faults *request.Check) { in = b.request(faults) }); err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	return redeemFor(ctx, c, p, c.Self(), in)
}

// redeemFor redeems a reward for a member.
func redeemFor(
	ctx context.Context, c *request.Call, p *loyalty.Program, m loyalty.MemberID, in service.RedemptionRequest,
) (request.Answer, error) {
	in.ID, in.Member = redeem.RedemptionID(request.DerivedID(c, "", m), m), m
	in.Limit = c.Limit(limits.Redemption, string(m))
	by, err := byRedemption(c, in)
	if err != nil {
		return request.Answer{}, err
	}
	if in.Address, err = c.App.Members.SealText(ctx, p.ID, m, in.Address); err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Redemptions.Redeem(ctx, p, in, by)
	if err != nil {
		return request.Answer{Replayed: r.Replayed}, request.UnknownReward(err, p, in.Reward)
	}
	if r.Redemption.Status == loyalty.Reserved {
		wake(ctx, c, p, in.Member, loyalty.BeforeHold)
	}
	return redemptionAnswer(ctx, c, r, http.StatusCreated)
}

// byRedemption returns the actor and the fingerprint of a redemption. A field that was added to the API later is part
// of the fingerprint only if it is set. The fingerprints of older requests therefore do not change.
func byRedemption(c *request.Call, in service.RedemptionRequest) (ledger.By, error) {
	address := ""
	if in.Address != "" {
		address = hidden(c, "address", in.Address)
	}
	return request.By(c, struct {
		ID     string
		Member loyalty.MemberID
		Reward string
		Order  string
		Commit bool
		Cart   string         `json:",omitzero"`
		Total  loyalty.Money  `json:",omitzero"`
		Points loyalty.Points `json:",omitzero"`
		Wallet string         `json:",omitzero"`

		Household bool   `json:",omitzero"`
		Address   string `json:",omitzero"`
		Date      string `json:",omitzero"`
	}{
		in.ID, in.Member, in.Reward, in.Order, in.Commit, in.Cart, in.Total, in.Points, in.Wallet, in.Household,
		address, in.Date,
	})
}

func retrieveRedemption(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Redemptions.Current(ctx, p, c.Path("redemption"))
	if err != nil {
		return request.Answer{}, err
	}
	if err := c.OwnedBy(r.Member); err != nil {
		return request.Answer{}, err
	}
	return redemptionAnswer(ctx, c, r, http.StatusOK)
}

// listRedemptions lists a member's redemptions that issued a code, newest first, with the state of each code.
func listRedemptions(ctx context.Context, c *request.Call) (request.Answer, error) {
	size, err := c.PageSize()
	if err != nil {
		return request.Answer{}, err
	}
	p, m, err := request.NamedMember(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	member := m.Account.Member
	cursor, err := c.Cursor(string(member))
	if err != nil {
		return request.Answer{}, err
	}
	found, err := c.App.Vouchers.List(ctx, p.ID, member, cursor.Text(), size+1)
	if err != nil {
		return request.Answer{}, err
	}
	list := wire.VoucherList{Data: []wire.Voucher{}}
	for _, v := range found[:min(size, len(found))] {
		list.Data = append(list.Data, wireVoucher(c, v))
	}
	if len(found) > size {
		list.NextCursor = cursor.AtText(found[size-1].Place)
	}
	return request.Answer{Body: list}, nil
}

// wireVoucher returns the current state of a voucher, without its full code.
func wireVoucher(c *request.Call, v vouchers.Voucher) wire.Voucher {
	issued := v.Issued
	out := wire.Voucher{
		Redemption: v.ID, Reward: v.Reward, Order: v.Order, Status: wire.VoucherStatus(v.Status),
		CodeHint: redeem.CodeHint(v.Code), State: wire.VoucherState(issued.State(c.App.Now())), CreatedAt: v.At.UTC(),
		ValidFrom: issued.From.UTC(), ValidUntil: request.Instant(issued.Until), UsedAt: issued.Used.UTC(),
	}
	if issued.Left.Currency != "" {
		out.Remaining = &wire.Money{Amount: issued.Left.Amount, Currency: string(issued.Left.Currency)}
	}
	return out
}

func wireRedemption(r service.RedemptionResult) wire.Redemption {
	rd := r.Redemption
	out := wire.Redemption{
		ID: rd.ID, Member: string(r.Member), Reward: rd.Reward, Order: rd.Order, Cart: rd.Cart,
		Status: wire.RedemptionStatus(rd.Status), Points: int64(rd.Points), Restored: int64(rd.Restored),
		CreatedAt: rd.At.UTC(), ExpiresAt: request.Instant(rd.Until), Balance: request.WireBalance(r.Balance),
		Requested: int64(rd.Requested),
		Wallet:    rd.Wallet, Wallets: walletBalances(r.Entry), Value: wireMoney(rd.Value),
	}
	for _, d := range rd.Contributions {
		out.Contributions = append(
			out.Contributions, wire.Contribution{Member: string(d.Member), Points: int64(d.Points)},
		)
	}
	if rd.Date != "" {
		out.Date = &wire.RedemptionDate{ID: rd.Date, At: rd.DateAt.UTC()}
	}
	// Before the commit, the code can still return to its pool and be issued to another member.
	claimed := rd.Status == loyalty.Committed || rd.Status == loyalty.Reversed
	if claimed && rd.Code != "" {
		out.Code, out.CodeFrom, out.CodeUntil = &rd.Code, request.Instant(rd.CodeFrom), request.Instant(rd.CodeUntil)
	}
	return out
}

// wake schedules an evaluation of a member's reminders now, if the program has a reminder with the given trigger. The
// event that triggers this reminder has just occurred, and the daily evaluation could be too late. If wake fails, the
// reminder is only delayed.
func wake(ctx context.Context, c *request.Call, p *loyalty.Program, m loyalty.MemberID, on loyalty.Trigger) {
	if !slices.ContainsFunc(p.Reminders.Messages, func(r loyalty.Reminder) bool { return r.On == on }) {
		return
	}
	if err := c.App.ReminderQueue.Wake(ctx, p.ID, m); err != nil {
		c.App.Log.WarnContext(ctx, "reminders of a member were not rescheduled", "member", m, "err", err)
	}
}
