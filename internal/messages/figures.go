package messages

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Figures count reminders by month. A figure is increased in the same transaction as the change that it counts, so that
// it is exact. Each figure has one counter for each shard of the queue of due reminders, so that two workers do not
// write the same item.
const (
	FigureSent       = "sent"
	FigureDelivered  = "delivered"
	FigureOpened     = "opened"
	FigureFailed     = "failed" // messages that were returned as undeliverable
	FigureComplained = "complained"
	FigureEnded      = "ended" // messages whose attribution window ended, with or without a response
	FigureActed      = "acted" // the ended messages to which the member responded
	FigureHeld       = "held"  // the ended messages of the holdout, which were not sent
	// FigureHeldActed counts the ended messages of the holdout if the member did what the message would have asked for.
	FigureHeldActed = "held_acted"
)

const (
	figuresPartition  = "S"
	figuresOfReminder = "REMIND#"
)

type figure struct{ reminder, what string }

func settled(s remind.Settled) []figure {
	ended, acted := FigureEnded, FigureActed
	if s.Held {
		ended, acted = FigureHeld, FigureHeldActed
	}
	if !s.Acted {
		return []figure{{s.Reminder, ended}}
	}
	return []figure{{s.Reminder, ended}, {s.Reminder, acted}}
}

func figurePartition(program, month string) string {
	return "P#" + program + "#" + figuresPartition + "#" + month
}

// figureOps returns the operations that increase figures. A figure that occurs several times gets one operation with
// the sum.
func figureOps(program string, m loyalty.MemberID, now time.Time, figures []figure) (ops []table.Op) {
	place := map[figure]int{}
	for _, f := range figures {
		if at, there := place[f]; there {
			ops[at].Delta++
			continue
		}
		place[f] = len(ops)
		key := table.Key{
			PK: figurePartition(program, now.UTC().Format("2006-01")),
			SK: fmt.Sprintf("%s%s#%s#%02d", figuresOfReminder, f.reminder, f.what, stored.ShardOf(m)),
		}
		ops = append(ops, table.Add(key, "n", 1, 0))
	}
	return ops
}

// Figures returns the figures of the months between two instants, both inclusive, added up by reminder and figure.
func (ms Messages) Figures(
	ctx context.Context, program string, from, to time.Time,
) (map[string]map[string]int64, error) {
	sums := map[string]map[string]int64{}
	month := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC)
	for ; !month.After(to); month = month.AddDate(0, 1, 0) {
		q := table.Query{
			PK: figurePartition(program, month.Format("2006-01")), From: figuresOfReminder, To: figuresOfReminder + "~",
		}
		for it, err := range ms.Table.Query(ctx, q) {
			if err != nil {
				return nil, ledger.Retryable(err)
			}
			parts := strings.Split(it.Key.SK, "#")
			var d struct {
				N int64 `json:"n"`
			}
			if err := json.Unmarshal(it.Doc, &d); err != nil || len(parts) != 4 {
				return nil, fmt.Errorf("messages: read the figure %s: %w", it.Key, err)
			}
			if sums[parts[1]] == nil {
				sums[parts[1]] = map[string]int64{}
			}
			sums[parts[1]][parts[2]] += d.N
		}
	}
	return sums, nil
}
