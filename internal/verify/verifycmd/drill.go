package verifycmd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/datadir"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/verify"
	"github.com/perennial-loyalty/perennial/internal/verify/drill"
)

// Drill is the command perennial drill.
type Drill struct {
	Data     string `xor:"store" required:"" type:"path" help:"Data directory of a perennial dev that is not running."`
	Table    string `xor:"store" required:"" env:"PERENNIAL_TABLE" help:"${store_table}"`
	Endpoint string `env:"AWS_ENDPOINT_URL_DYNAMODB" placeholder:"URL" help:"${verify_endpoint}"`
	Target   string `required:"" type:"path" help:"New data directory for the restored copy."`
	Records  int    `default:"100" help:"Number of latest records of which the copy may lack some."`
	Seed     uint64 `help:"Seed of the random cut, to repeat a drill. The default is the time."`
	anchors
}

// Run restores a torn copy into the target and prints what it found. It returns an error unless the restored copy is
// proven.
func (c *Drill) Run(ctx context.Context) error {
	if c.Seed == 0 {
		c.Seed = uint64(time.Now().UnixNano())
	}
	r, err := c.restore(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("seed %d: the copy lacked %d records and %d leaves of the logs, and had %d older accounts\n",
		c.Seed, r.Cut.Records, r.Cut.Leaves, r.Cut.Accounts)
	for _, repair := range r.Repairs {
		fmt.Println("repaired:", repair)
	}
	for _, text := range r.Unproven {
		fmt.Println("not proven:", text)
	}
	_ = printReport(r.Report) // the consequences of the lost records
	if err := r.Err(); err != nil {
		return err
	}
	fmt.Println("proven: every violation is the consequence of a record that the copy lacked")
	return nil
}

func (c *Drill) restore(ctx context.Context) (r drill.Result, err error) {
	if c.Records < 0 {
		return r, errors.New("--records must not be negative")
	}
	checkpoints, err := c.signed()
	if err != nil {
		return r, err
	}
	if entries, err := os.ReadDir(c.Target); len(entries) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, errors.Join(fmt.Errorf("the directory %s must be new", c.Target), err)
	}
	s := source{Data: c.Data, Table: c.Table, Endpoint: c.Endpoint}
	secret, err := s.signingSecret()
	if err != nil {
		return r, err
	}
	now, err := s.clock()
	if err != nil {
		return r, err
	}
	err = s.with(ctx, func(t verify.Source) error {
		target, err := datadir.Open(c.Target)
		if err != nil {
			return err
		}
		programs := &app.Programs{Catalog: catalog.Catalog{Ledger: &ledger.Ledger{Table: t, Now: now}}, Now: now}
		d := &drill.Drill{
			Source: t, Target: target, Log: translog.Log{Table: target, Secret: secret}, Checkpoints: checkpoints,
			Program: programs.Live, Window: c.Records, Random: seeded(c.Seed), Now: now,
			Shard: "drill-" + time.Now().Format(time.RFC3339Nano),
		}
		r, err = d.Run(ctx)
		return errors.Join(err, target.Close())
	})
	if err == nil && c.Data != "" {
		err = datadir.CopySettings(c.Data, c.Target)
	}
	return r, err
}

// seeded returns a source of randomness that the seed determines.
func seeded(seed uint64) io.Reader {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}
