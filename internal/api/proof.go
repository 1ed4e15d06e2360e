package api

import (
	"context"
	"encoding/base64"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
)

// retrieveEntryProof proves that the program's log contains an entry.
func retrieveEntryProof(ctx context.Context, c *request.Call) (request.Answer, error) {
	e, err := c.App.Statements.Find(ctx, c.Who.Program, c.Path("entry"))
	if err != nil {
		return request.Answer{}, err
	}
	hash, err := source.ParseHash(e.Hash)
	if err != nil {
		return request.Answer{}, err
	}
	log, err := translog.Log{Table: c.App.Table}.Read(ctx, c.Who.Program)
	if err != nil {
		return request.Answer{}, err
	}
	p, err := log.Prove(hash, e.Recorded)
	if errors.Is(err, translog.ErrNotLogged) {
		return request.Answer{}, ledger.NotFound("entry")
	}
	if err != nil {
		return request.Answer{}, err
	}
	out := wire.EntryProof{
		Entry: e.ID(), Hash: base64.StdEncoding.EncodeToString(hash[:]), LeafIndex: p.Index, Path: []string{},
		Checkpoint: p.Checkpoint, VerifierKey: log.VerifierKey(),
	}
	for _, h := range p.Path {
		out.Path = append(out.Path, h.String())
	}
	return request.Answer{Body: out}, nil
}

// retrieveCheckpoint returns the latest checkpoint of the program's log.
func retrieveCheckpoint(ctx context.Context, c *request.Call) (request.Answer, error) {
	log, err := translog.Log{Table: c.App.Table}.Read(ctx, c.Who.Program)
	if err != nil {
		return request.Answer{}, err
	}
	if log.Checkpoint() == "" {
		return request.Answer{}, ledger.NotFound("checkpoint")
	}
	return request.Answer{Body: wire.Checkpoint{Checkpoint: log.Checkpoint(), VerifierKey: log.VerifierKey()}}, nil
}
