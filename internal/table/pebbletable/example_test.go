package pebbletable_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// A write is conditional: it fails if another writer has changed the item since it was read. The error contains the
// current item.
func ExampleTable_Transact() {
	ctx := context.Background()
	t, err := pebbletable.OpenMemory()
	if err != nil {
		panic(err)
	}
	defer t.Close()

	item, _ := t.Get(ctx, table.Key{PK: "member", SK: "ada"})
	fmt.Println("version", item.Version)

	item.Doc = []byte(`{"points": 50}`)
	fmt.Println("first writer:", t.Transact(ctx, table.Put(item)))

	item.Doc = []byte(`{"points": 70}`)
	err = t.Transact(ctx, table.Put(item))
	var conflict *table.ConflictError
	fmt.Println("second writer:", errors.As(err, &conflict), conflict.Current.Version, string(conflict.Current.Doc))

	// Output:
	// version 0
	// first writer: <nil>
	// second writer: true 1 {"points":50}
}
