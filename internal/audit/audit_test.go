package audit

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

func newList(t *testing.T) List {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	return List{Table: tab}
}

// published returns the item of a published version.
func published(n int) table.Item {
	return table.Item{
		Key: table.Key{PK: "P#bluebird#PROGRAM", SK: fmt.Sprintf("PROGRAM#%06d", n)},
		Doc: fmt.Appendf(nil, `{"source":"x","at":%d,"by":"k%d"}`, time.Unix(int64(n), 0).UnixMilli(), n),
	}
}

func (l List) mustAppend(t *testing.T, it table.Item) Record {
	t.Helper()
	program, r, ok, err := Of(it)
	if err != nil || !ok || program != "bluebird" {
		t.Fatal(program, ok, err)
	}
	if r, err = l.Append(t.Context(), program, r); err != nil {
		t.Fatal(err)
	}
	return r
}

func (l List) all(t *testing.T, before int64, limit int) (all []Record) {
	t.Helper()
	for r, err := range l.Records(t.Context(), "bluebird", before, limit) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func TestRecordsFormAChain(t *testing.T) {
	l := newList(t)
	var before Record
	for n := 1; n <= 5; n++ {
		r := l.mustAppend(t, published(n))
		if err := r.Check("bluebird", before); err != nil || r.Sequence != int64(n) {
			t.Errorf("record %d: %+v %v", n, r, err)
		}
		if again := l.mustAppend(t, published(n)); again.Hash != r.Hash || again.Sequence != r.Sequence {
			t.Errorf("record %d was appended again: %+v", n, again)
		}
		before = r
	}
	all := l.all(t, 0, 10)
	if len(all) != 5 || all[0].Sequence != 5 || all[0].Actor != "k5" || string(all[0].Before) != `{"version":4}` {
		t.Errorf("%+v", all)
	}
	if page := l.all(t, 4, 2); len(page) != 2 || page[0].Sequence != 3 || page[1].Sequence != 2 {
		t.Errorf("%+v", page)
	}
}

func TestChangedRecordBreaksTheChain(t *testing.T) {
	l := newList(t)
	first, second := l.mustAppend(t, published(1)), l.mustAppend(t, published(2))
	for name, change := range map[string]func(*Record){
		"actor":    func(r *Record) { r.Actor = "k9" },
		"action":   func(r *Record) { r.Action = "create_key" },
		"resource": func(r *Record) { r.Resource = "version:9" },
		"reason":   func(r *Record) { r.Reason = "none" },
		"before":   func(r *Record) { r.Before = value(map[string]any{"version": 7}) },
		"after":    func(r *Record) { r.After = value(map[string]any{"version": 7}) },
		"time":     func(r *Record) { r.At = r.At.Add(time.Millisecond) },
		"sequence": func(r *Record) { r.Sequence++ },
		"previous": func(r *Record) { r.Previous = "x" },
		"source":   func(r *Record) { r.source = "x" },
	} {
		changed := second
		change(&changed)
		if changed.Check("bluebird", first) == nil {
			t.Errorf("a changed %s was accepted", name)
		}
	}
	if second.Check("redbird", first) == nil || second.Check("bluebird", Record{}) == nil {
		t.Error("a record in another place was accepted")
	}
}

func TestConcurrentRecordsLeaveNoGap(t *testing.T) {
	l := newList(t)
	var group sync.WaitGroup
	for n := range 20 {
		group.Go(func() {
			_, r, _, err := Of(published(n + 1))
			for err == nil {
				if _, err = l.Append(t.Context(), "bluebird", r); !errors.Is(err, table.ErrBusy) {
					break
				}
				err = nil
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	all := l.all(t, 0, 100)
	for i := range all[:len(all)-1] {
		if err := all[i].Check("bluebird", all[i+1]); err != nil {
			t.Error(err)
		}
	}
	if len(all) != 20 {
		t.Errorf("%d records", len(all))
	}
}

func TestOtherItemsAreNoActions(t *testing.T) {
	for _, it := range []table.Item{
		{Key: table.Key{PK: "P#bluebird#PROGRAM", SK: "LIVE"}, Doc: []byte(`{}`)},
		{Key: table.Key{PK: "P#bluebird#PROGRAM", SK: "PROGRAM#000001#1"}, Doc: []byte(`{}`)},
		{Key: table.Key{PK: "P#bluebird#KEY", SK: "KEY"}, Doc: []byte(`{}`)}, // the key of the program's personal data
		{Key: table.Key{PK: "P#bluebird#E#O#1", SK: "000001"}, Doc: []byte(`{}`)},
		{Key: table.Key{PK: "P#bluebird#E#ADJ#1", SK: "000001"}, Doc: []byte(`{"seq":1,"m":"mem_1","by":"time"}`)},
		{Key: table.Key{PK: "P#bluebird#M#mem_1", SK: "ACCOUNT"}, Doc: []byte(`{}`)},
	} {
		if _, r, ok, err := Of(it); ok || err != nil {
			t.Errorf("%s: %+v %v", it.Key, r, err)
		}
	}
}
