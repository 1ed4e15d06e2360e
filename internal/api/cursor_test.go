package api

import (
	"errors"
	"testing"
)

func TestAPlaceInAShardComesBackAsItWasSealed(t *testing.T) {
	c := &call{handler: &handler{seal: []byte("seal")}, route: &Route{Pattern: "/v1/things"}}
	for shard, place := range map[int]string{0: "mem_ada", 15: "2026-12-01#mem ada", 63: "", 300: " x"} {
		c.event.Query = map[string]string{"cursor": *c.shardCursor(shard, place)}
		if s, p, err := c.openShardCursor(); s != shard || p != place || err != nil {
			t.Errorf("%d %q came back as %d %q, %v", shard, place, s, p, err)
		}
	}
}

func TestASealedPlaceThatCannotBeReadIsAnInvalidCursor(t *testing.T) {
	c := &call{handler: &handler{seal: []byte("seal")}, route: &Route{Pattern: "/v1/things"}}
	c.event.Query = map[string]string{"cursor": *c.textCursor("", "Amem_ada")}
	var no *refusal
	if _, _, err := c.openShardCursor(); !errors.As(err, &no) || no.code != invalidCursor {
		t.Errorf("%v", err)
	}
}
