package ledger_test

import "github.com/perennial-loyalty/perennial/internal/table"

func faulty(t table.Table, seed uint64) table.Table { return t }
