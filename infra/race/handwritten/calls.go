package handwritten

import (
	"context"
	"fmt"
	"time"
)

// An outcome is the result of a SQL function.
type outcome string

// These outcomes determine the status of the response. For all other outcomes, the status is 200 OK.
const (
	created  outcome = "created"
	replayed outcome = "replayed" // status 200, with an additional header

	unknownMember      outcome = "unknown_member"
	unknownRedemption  outcome = "unknown_redemption"
	memberChanged      outcome = "member_changed"
	insufficientPoints outcome = "insufficient_points"
	keyReused          outcome = "key_reused"
	expired            outcome = "expired"
)

// A balance is part of every response. All values are numbers of points.
type balance struct {
	Active   int64 `json:"active"`
	Reserved int64 `json:"reserved"`
	Debt     int64 `json:"debt"`
}

type order struct {
	Order    string  `json:"order"`
	Member   string  `json:"member"`
	Status   string  `json:"status"`
	Revision int64   `json:"revision"`
	Points   int64   `json:"points"`
	Balance  balance `json:"balance"`
}

type redemption struct {
	ID        string    `json:"id"`
	Member    string    `json:"member"`
	Reward    string    `json:"reward"`
	Status    string    `json:"status"`
	Points    int64     `json:"points"`
	CreatedAt time.Time `json:"created_at"`
	Balance   balance   `json:"balance"`
}

type member struct {
	ID         string    `json:"id"`
	ExternalID string    `json:"external_id"`
	Level      string    `json:"level"`
	Multiplier float64   `json:"multiplier"`
	JoinedAt   time.Time `json:"joined_at"`
	Balance    balance   `json:"balance"`
}

type quote struct {
	Points  int64   `json:"points"`
	Balance balance `json:"balance"`
}

// putOrder stores an order. The caller sets all fields of o except the results. The argument base is the amount for
// which points are earned, in hundredths of a point.
func (s *Store) putOrder(ctx context.Context, o *order, digest []byte, content string, base int64) (outcome, error) {
	var result outcome
	var revision, points, active, reserved, debt *int64
	err := s.row(ctx, "SELECT * FROM put_order($1, $2, $3, $4, $5)",
		[]any{o.Order, o.Member, digest, content, base},
		[]any{&result, &revision, &points, &active, &reserved, &debt})
	if err != nil {
		return "", fmt.Errorf("handwritten: put order %s: %w", o.Order, err)
	}
	if result != unknownMember {
		o.Revision, o.Points, o.Balance = *revision, *points, balance{*active, *reserved, *debt}
	}
	return result, nil
}

// createRedemption reserves or spends points. The caller sets the ID, the member, the reward and the price of the
// redemption.
func (s *Store) createRedemption(
	ctx context.Context, r *redemption, key string, digest []byte, commit bool,
) (outcome, error) {
	var result outcome
	var id, status *string
	var createdAt *time.Time
	var active, reserved, debt *int64
	err := s.row(ctx, "SELECT * FROM create_redemption($1, $2, $3, $4, $5, $6, $7)",
		[]any{r.ID, key, digest, r.Member, r.Reward, r.Points, commit},
		[]any{&result, &id, &status, &createdAt, &active, &reserved, &debt})
	if err != nil {
		return "", fmt.Errorf("handwritten: create redemption %s: %w", r.ID, err)
	}
	if result == created || result == replayed {
		r.ID, r.Status, r.CreatedAt, r.Balance = *id, *status, *createdAt, balance{*active, *reserved, *debt}
	}
	return result, nil
}

func (s *Store) commitRedemption(ctx context.Context, id string) (redemption, outcome, error) {
	var result outcome
	var member, reward *string
	var createdAt *time.Time
	var points, active, reserved, debt *int64
	err := s.row(ctx, "SELECT * FROM commit_redemption($1)", []any{id},
		[]any{&result, &member, &reward, &points, &createdAt, &active, &reserved, &debt})
	if err != nil {
		return redemption{}, "", fmt.Errorf("handwritten: commit redemption %s: %w", id, err)
	}
	if result == unknownRedemption {
		return redemption{}, result, nil
	}
	return redemption{
		ID: id, Member: *member, Reward: *reward, Status: "committed", Points: *points, CreatedAt: *createdAt,
		Balance: balance{*active, *reserved, *debt},
	}, result, nil
}

func (s *Store) member(ctx context.Context, id string) (member, outcome, error) {
	var result outcome
	var externalID, level *string
	var joinedAt *time.Time
	var percent, active, reserved, debt *int64
	err := s.row(ctx, "SELECT * FROM get_member($1)", []any{id},
		[]any{&result, &externalID, &level, &percent, &joinedAt, &active, &reserved, &debt})
	if err != nil {
		return member{}, "", fmt.Errorf("handwritten: get member %s: %w", id, err)
	}
	if result == unknownMember {
		return member{}, result, nil
	}
	return member{
		ID: id, ExternalID: *externalID, Level: *level, Multiplier: float64(*percent) / 100, JoinedAt: *joinedAt,
		Balance: balance{*active, *reserved, *debt},
	}, result, nil
}

// quote returns the points that a new order would earn. The argument base is the amount for which points are earned, in
// hundredths of a point.
func (s *Store) quote(ctx context.Context, memberID string, base int64) (quote, outcome, error) {
	var result outcome
	var points, active, reserved, debt *int64
	err := s.row(ctx, "SELECT * FROM create_quote($1, $2)", []any{memberID, base},
		[]any{&result, &points, &active, &reserved, &debt})
	if err != nil {
		return quote{}, "", fmt.Errorf("handwritten: quote for %s: %w", memberID, err)
	}
	if result == unknownMember {
		return quote{}, result, nil
	}
	return quote{Points: *points, Balance: balance{*active, *reserved, *debt}}, result, nil
}
