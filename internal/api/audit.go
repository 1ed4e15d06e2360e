package api

import (
	"context"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/audit"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// listAuditRecords lists the actions of API keys and operators.
func listAuditRecords(ctx context.Context, c *request.Call) (request.Answer, error) {
	size, err := c.PageSize()
	if err != nil {
		return request.Answer{}, err
	}
	cursor, err := c.Cursor("")
	if err != nil {
		return request.Answer{}, err
	}
	list, texts := wire.AuditRecordList{}, c.Texts()
	records := audit.List{Table: c.App.Table}.Records(ctx, c.Who.Program, cursor.Number(), size)
	last := int64(0)
	for r, err := range records {
		if err != nil {
			return request.Answer{}, err
		}
		subject := loyalty.MemberID(strings.TrimPrefix(r.Resource, "member:"))
		if r.Reason, err = texts.Text(ctx, subject, r.Reason); err != nil {
			return request.Answer{}, err
		}
		out, err := wireAuditRecord(r)
		if err != nil {
			return request.Answer{}, err
		}
		list.Data, last = append(list.Data, out), r.Sequence
	}
	// The sequence numbers of a list begin at 1 and have no gaps.
	if last > 1 {
		list.NextCursor = cursor.AtNumber(last)
	}
	return request.Answer{Body: list}, nil
}

func wireAuditRecord(r audit.Record) (wire.AuditRecord, error) {
	kind, id := auth.ParseActor(r.Actor)
	out := wire.AuditRecord{
		Sequence: r.Sequence, At: r.At, Actor: wire.Actor{Type: wire.ActorType(kind), ID: id},
		Action: wire.AuditRecordAction(r.Action), Resource: r.Resource, Reason: r.Reason, PreviousHash: r.Previous,
		Hash: r.Hash,
	}
	if r.Before != nil {
		if err := json.Unmarshal(r.Before, &out.Before); err != nil {
			return out, err
		}
	}
	if r.After != nil {
		if err := json.Unmarshal(r.After, &out.After); err != nil {
			return out, err
		}
	}
	return out, nil
}
