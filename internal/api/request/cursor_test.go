package request

import (
	"errors"
	"testing"
)

// startOfThings returns a call without a cursor, and the cursor to the start of its list.
func startOfThings(t *testing.T) (*Call, Cursor) {
	t.Helper()
	c := &Call{Handler: &Handler{Seal: []byte("seal")}, Route: &Route{Pattern: "/v1/things"}}
	x, err := c.Cursor("")
	if err != nil {
		t.Fatal(err)
	}
	return c, x
}

func TestCursorReturnsItsShardAndPlace(t *testing.T) {
	c, first := startOfThings(t)
	for shard, place := range map[int]string{0: "mem_ada", 15: "2026-12-01#mem ada", 63: "", 300: " x"} {
		c.Event.Query = map[string]string{"cursor": *first.AtShard(shard, place)}
		x, err := c.Cursor("")
		if err != nil {
			t.Fatal(err)
		}
		if s, p, err := x.Shard(); s != shard || p != place || err != nil {
			t.Errorf("%d %q became %d %q, %v", shard, place, s, p, err)
		}
	}
}

func TestCursorWithoutShardIsInvalid(t *testing.T) {
	c, first := startOfThings(t)
	c.Event.Query = map[string]string{"cursor": *first.AtText("Amem_ada")}
	x, err := c.Cursor("")
	if err != nil {
		t.Fatal(err)
	}
	var no *Refusal
	if _, _, err := x.Shard(); !errors.As(err, &no) || no.Code != InvalidCursor {
		t.Errorf("%v", err)
	}
}
