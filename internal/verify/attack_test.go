package verify_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/audit"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
)

// A victim is a table with a complete log that an attacker changes. The attacker can write every item.
type victim struct {
	bench
	random  *rand.Rand
	entries []loyalty.Entry // in the order of their time
	audited []table.Key     // the keys of the audit records in the order of the list
	leaves  map[table.Key]int64
}

func newVictim(t *testing.T, random *rand.Rand) *victim {
	t.Helper()
	v := &victim{bench: newBench(t), random: random, leaves: map[table.Key]int64{}}
	v.By.Actor = "0123456789ab" // an API key, whose adjustments are in the audit list
	members := []loyalty.MemberID{"mem_ada", "mem_ben", "mem_cleo"}
	for _, m := range members {
		v.Member(m, 3)
	}
	for range 20 + random.IntN(30) {
		v.Adjust(members[random.IntN(len(members))])
	}
	v.LogAll()
	v.index()
	return v
}

// index lists the entries, the audit records, and the leaf of each of them.
func (v *victim) index() {
	v.T.Helper()
	log, err := v.Log.Read(v.T.Context(), "bluebird")
	if err != nil {
		v.T.Fatal(err)
	}
	sequences := map[table.Key]int64{}
	for it, err := range v.Table.Items(v.T.Context()) {
		if err != nil {
			v.T.Fatal(err)
		}
		program, rec, ok, err := source.Record(it)
		if err != nil {
			v.T.Fatal(err)
		}
		if !ok {
			continue
		}
		p, err := log.Prove(rec.Hash, rec.Recorded)
		if err != nil {
			v.T.Fatal(err)
		}
		v.leaves[it.Key] = p.Index
		if _, r, isAudit, _ := audit.Read(it); isAudit {
			sequences[it.Key] = r.Sequence
			v.audited = append(v.audited, it.Key)
			continue
		}
		e, err := ledger.ReadAny(program, it)
		if err != nil {
			v.T.Fatal(err)
		}
		v.entries = append(v.entries, e)
	}
	slices.SortFunc(v.audited, func(a, b table.Key) int { return cmp.Compare(sequences[a], sequences[b]) })
}

func (v *victim) entry() loyalty.Entry { return v.entries[v.random.IntN(len(v.entries))] }

// auditRecord returns the position of a random audit record, and its key. It is not the last one.
func (v *victim) auditRecord() (n int, key table.Key) {
	n = v.random.IntN(len(v.audited) - 1)
	return n, v.audited[n]
}

func (v *victim) replace(key table.Key, old, new string) {
	v.T.Helper()
	doc := v.Get(key).Doc
	if bytes.Count(doc, []byte(old)) == 0 {
		v.T.Fatalf("%s does not contain %s: %s", key, old, doc)
	}
	v.Change(key, bytes.Replace(doc, []byte(old), []byte(new), 1))
}

// attacks lists the attacks. Each one changes the table and returns the text that names the first bad record.
var attacks = map[string]func(*victim) string{
	"edit an entry": func(v *victim) string {
		e := v.entry()
		v.replace(entryKey(e), `"rec":`, `"rec":1`)
		return fmt.Sprintf("member %s: entry %d (%s) breaks the chain", e.Member, e.Sequence, e.Cause)
	},
	"delete an entry": func(v *victim) string {
		key := entryKey(v.entry())
		v.Change(key, nil)
		return fmt.Sprintf("leaf %d has no entry in the table", v.leaves[key])
	},
	"remove a member": func(v *victim) string {
		m, first := v.entry().Member, int64(len(v.leaves))
		for _, key := range v.Matching(func(k table.Key) bool { return strings.Contains(k.PK, string(m)) }) {
			if leaf, ok := v.leaves[key]; ok { // the entry of the enrollment
				first = min(first, leaf)
			}
			v.Change(key, nil)
		}
		for _, e := range v.entries {
			if key := entryKey(e); e.Member == m && e.Cause.Kind == loyalty.CauseAdjustment {
				first = min(first, v.leaves[key])
				v.Change(key, nil)
			}
		}
		return fmt.Sprintf("leaf %d has no entry in the table", first)
	},
	"truncate the log": func(v *victim) string {
		log, err := v.Log.Read(v.T.Context(), "bluebird")
		if err != nil {
			v.T.Fatal(err)
		}
		size := v.random.Int64N(log.Size())
		it, err := log.HeadAt(size)
		if err == nil {
			err = v.Table.Transact(v.T.Context(), table.Put(it))
		}
		if err != nil {
			v.T.Fatal(err)
		}
		return fmt.Sprintf("it was truncated: it has %d leaves, but the given checkpoint states %d", size, log.Size())
	},
	"fork the log": func(v *victim) string {
		other := newVictim(v.T.(*testing.T), rand.New(rand.NewPCG(v.random.Uint64(), 1)))
		for range 60 { // the fork is longer than the checkpoint
			other.Adjust("mem_ada")
		}
		other.LogAll()
		v.copyFrom(other.bench, func(table.Key) bool { return true })
		return "it was forked: its root at size"
	},
	"change a balance": func(v *victim) string {
		m := v.entry().Member
		v.replace(stored.AccountKey("bluebird", m), `"seq":`, `"seq":1`)
		return fmt.Sprintf("member %s: the stored account is", m)
	},
	"forge an entry": func(v *victim) string {
		v.Now = v.Now.Add(-time.Duration(2+v.random.IntN(10)) * time.Minute)
		v.Member("mem_eve", 0)
		forged := v.Matching(func(k table.Key) bool {
			_, isEntry, _ := source.Program(k)
			return isEntry && strings.Contains(k.PK, "mem_eve")
		})
		return fmt.Sprintf("entry %s: it was recorded at", forged[0])
	},
	"edit an audit record": func(v *victim) string {
		n, key := v.auditRecord()
		v.replace(key, `"0123456789ab"`, `"0123456789ac"`)
		return fmt.Sprintf("audit: record %d breaks the chain", n+1)
	},
	"edit and seal an audit record": func(v *victim) string {
		n, key := v.auditRecord()
		hash := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		doc := string(v.Get(key).Doc)
		_, after, _ := strings.Cut(doc, `"hash":"`)
		v.replace(key, after[:43], hash)
		v.wantLater(fmt.Sprintf("audit: record %d breaks the chain", n+1))
		return fmt.Sprintf("leaf %d has no entry in the table", v.leaves[key])
	},
	"delete an audit record": func(v *victim) string {
		n, key := v.auditRecord()
		v.Change(key, nil)
		v.wantLater(fmt.Sprintf("audit: record %d is missing", n+1))
		return fmt.Sprintf("leaf %d has no entry in the table", v.leaves[key])
	},
	"exchange two audit records": func(v *victim) string {
		n, first := v.auditRecord()
		second := v.audited[n+1]
		a, b := v.Get(first).Doc, v.Get(second).Doc
		v.Change(first, b)
		v.Change(second, a)
		return fmt.Sprintf("audit: record %d breaks the chain", n+1)
	},
	"renumber two audit records": func(v *victim) string {
		n, first := v.auditRecord()
		second := v.audited[n+1]
		v.replace(first, fmt.Sprintf(`"seq":%d`, n+1), fmt.Sprintf(`"seq":%d`, n+2))
		v.replace(second, fmt.Sprintf(`"seq":%d`, n+2), fmt.Sprintf(`"seq":%d`, n+1))
		return fmt.Sprintf("audit: record %d breaks the chain", n+1)
	},
	"delete the last audit records": func(v *victim) string {
		n, _ := v.auditRecord()
		for _, key := range v.audited[n+1:] {
			v.Change(key, nil)
		}
		v.wantLater(fmt.Sprintf("audit: record %d is missing", n+2))
		return fmt.Sprintf("leaf %d has no entry in the table", v.first(v.audited[n+1:]))
	},
	"end the audit list early": func(v *victim) string {
		n, key := v.auditRecord()
		_, last, _, err := audit.Read(v.Get(key))
		if err == nil {
			_, err = audit.List{Table: v.Table}.SetLast(v.T.Context(), "bluebird", last)
		}
		if err != nil {
			v.T.Fatal(err)
		}
		return fmt.Sprintf("audit: the list ends with record %d, but record %d exists", n+1, n+2)
	},
	"truncate the audit list": func(v *victim) string {
		n, key := v.auditRecord()
		_, last, _, err := audit.Read(v.Get(key))
		if err == nil {
			_, err = audit.List{Table: v.Table}.SetLast(v.T.Context(), "bluebird", last)
		}
		if err != nil {
			v.T.Fatal(err)
		}
		for _, key := range v.audited[n+1:] {
			v.Change(key, nil)
		}
		return fmt.Sprintf("leaf %d has no entry in the table", v.first(v.audited[n+1:]))
	},
}

// first returns the first leaf of records.
func (v *victim) first(keys []table.Key) int64 {
	first := int64(len(v.leaves))
	for _, key := range keys {
		first = min(first, v.leaves[key])
	}
	return first
}

// wantLater requires that a finding has a text, although another finding is the first one.
func (v *victim) wantLater(text string) {
	v.T.Helper()
	for _, f := range v.verify().Findings {
		if strings.Contains(f.String(), text) {
			return
		}
	}
	v.T.Errorf("no finding contains %q", text)
}

func entryKey(e loyalty.Entry) table.Key { return stored.CauseKey("bluebird", e.Cause) }

// TestRandomAttacksAreFound makes random attacks of each kind. With a checkpoint from before the attack, the first
// finding names the first bad record.
func TestRandomAttacksAreFound(t *testing.T) {
	rounds := 8
	if os.Getenv("PERENNIAL_LONG") != "" {
		rounds = 200
	}
	seed := seedtest.Or(t, 21)
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, uint64(len(name))))
			for range rounds {
				v := newVictim(t, random)
				log, err := v.Log.Read(t.Context(), "bluebird")
				if err != nil {
					t.Fatal(err)
				}
				root, err := log.Root(log.Size())
				if err != nil {
					t.Fatal(err)
				}
				anchor := translog.Checkpoint{Program: "bluebird", Epoch: 1, Size: log.Size(), Root: root}
				if r := v.verify(anchor); len(r.Findings) > 0 || len(r.NotAnchored) > 0 {
					t.Fatalf("before the attack: %+v", r)
				}
				want := attack(v)
				v.want(v.verify(anchor), want)
				if r := v.verify(); !slices.Equal(r.NotAnchored, []string{"bluebird"}) {
					t.Errorf("without a checkpoint: %+v", r)
				}
			}
		})
	}
}
