// Package handwritten is the baseline of `make race`: a loyalty service that an engineer could write with net/http and
// PostgreSQL. It has members with balances, orders that can be repeated and changed safely, redemptions that never
// overdraw a balance, and a ledger of entries. For each request, it checks the API key, decodes the body strictly, and
// calls one SQL function (schema.sql), which is one transaction and one round trip. The response is sent after the
// result is durable.
//
// It implements a small part of Perennial. It deliberately has only one program, which is fixed in the code, and none
// of these features: reasons, pending points, expiry, tiers, campaigns, refunds of parts of an order, events, audits,
// schedules.
package handwritten

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed schema.sql
var schema string

// Connections is the number of database connections in the pool.
const Connections = 32

// A Store calls the SQL functions. If a transaction conflicts with a concurrent one, the call is repeated.
type Store struct{ pool *pgxpool.Pool }

// Open connects to a database.
func Open(ctx context.Context, dsn string) (*Store, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("handwritten: parse the connection string: %w", err)
	}
	config.MaxConns = Connections
	config.MinConns = Connections
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("handwritten: connect: %w", err)
	}
	return &Store{pool}, nil
}

// Close closes all connections.
func (s *Store) Close() { s.pool.Close() }

// Create creates the schema in an empty database. It also creates one API key and n members, each with the given
// balance.
func (s *Store) Create(ctx context.Context, key string, n int, points int64) error {
	digest := sha256.Sum256([]byte(key))
	_, err := s.pool.Exec(ctx, schema)
	if err == nil {
		_, err = s.pool.Exec(ctx, "INSERT INTO api_keys VALUES ($1)", digest[:])
	}
	if err == nil {
		_, err = s.pool.Exec(ctx, `INSERT INTO members (id, external_id, active, entries)
			SELECT 'mem_' || i, 'member-' || i, $2::bigint, 1 FROM generate_series(0, $1::bigint - 1) i`, n, points)
	}
	if err == nil {
		_, err = s.pool.Exec(ctx, `INSERT INTO entries
			SELECT id, 1, 'adjust', 'opening', 1, active, active FROM members`)
	}
	for _, command := range []string{"VACUUM ANALYZE", "CHECKPOINT"} {
		if err == nil {
			_, err = s.pool.Exec(ctx, command)
		}
	}
	if err != nil {
		return fmt.Errorf("handwritten: create the schema: %w", err)
	}
	return nil
}

// MemberID returns the ID of the i-th member, counted from 0.
func MemberID(i int) string { return fmt.Sprintf("mem_%d", i) }

// keys returns the digests of the API keys.
func (s *Store) keys(ctx context.Context) (map[[sha256.Size]byte]bool, error) {
	rows, err := s.pool.Query(ctx, "SELECT digest FROM api_keys")
	if err != nil {
		return nil, fmt.Errorf("handwritten: read the API keys: %w", err)
	}
	keys := map[[sha256.Size]byte]bool{}
	var digest []byte
	_, err = pgx.ForEachRow(rows, []any{&digest}, func() error {
		keys[[sha256.Size]byte(digest)] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("handwritten: read the API keys: %w", err)
	}
	return keys, nil
}

// attempts is the maximum number of attempts of a call whose transactions conflict.
const attempts = 5

// row calls a SQL function that returns one row. If the client disconnects after the call has begun, the call is
// completed.
func (s *Store) row(ctx context.Context, query string, args, into []any) error {
	ctx = context.WithoutCancel(ctx)
	var err error
	for range attempts {
		err = s.pool.QueryRow(ctx, query, args...).Scan(into...)
		if conflict := (*pgconn.PgError)(nil); !errors.As(err, &conflict) || conflict.Code != "40001" {
			return err
		}
	}
	return err
}
