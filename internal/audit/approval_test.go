package audit

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// TestApprovalsAreRecorded reads the records of the states of approvals.
func TestApprovalsAreRecorded(t *testing.T) {
	at := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	doc := func(rest string) []byte {
		return fmt.Appendf(nil, `{"m":"mem_ada","n":1500,"why":"~sealed","by":"operator:op_1","in":"x","at":%d,%s}`,
			at.UnixMilli(), rest)
	}
	later := at.Add(time.Hour)
	for _, c := range []struct {
		doc  []byte
		want string
		at   time.Time
	}{
		{
			doc(`"st":"pending"`),
			`operator:op_1 create_approval null {"approval":"adj_1","points":1500,"status":"pending"}`, at,
		},
		{
			doc(fmt.Sprintf(`"st":"approved","dby":"operator:op_2","dat":%d`, later.UnixMilli())),
			`operator:op_2 approve_adjustment {"status":"pending"} ` +
				`{"approval":"adj_1","points":1500,"status":"approved"}`, later,
		},
		{
			doc(fmt.Sprintf(`"st":"rejected","w":"stars","dby":"operator:op_2","dat":%d`, later.UnixMilli())),
			`operator:op_2 reject_adjustment {"status":"pending"} ` +
				`{"approval":"adj_1","points":1500,"status":"rejected","wallet":"stars"}`, later,
		},
	} {
		it := table.Item{Key: table.Key{PK: "P#bluebird#APPROVAL", SK: "adj_1"}, Version: 1, Doc: c.doc}
		program, r, ok, err := Of(it)
		if err != nil || !ok || !IsSource(it.Key) || program != "bluebird" {
			t.Fatal(program, ok, err)
		}
		got := fmt.Sprintf("%s %s %s %s", r.Actor, r.Action, r.Before, r.After)
		if got != c.want || !r.At.Equal(c.at) || r.Resource != "member:mem_ada" || r.Reason != "~sealed" {
			t.Errorf("%s\nwant %s: %+v", got, c.want, r)
		}
	}
}
