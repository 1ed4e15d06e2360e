package api

import (
	"errors"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/api/request"
)

func TestAPlaceInAShardComesBackAsItWasSealed(t *testing.T) {
	c := &request.Call{Handler: &request.Handler{Seal: []byte("seal")}, Route: &request.Route{Pattern: "/v1/things"}}
	for shard, place := range map[int]string{0: "mem_ada", 15: "2026-12-01#mem ada", 63: "", 300: " x"} {
		c.Event.Query = map[string]string{"cursor": *c.ShardCursor(shard, place)}
		if s, p, err := c.OpenShardCursor(); s != shard || p != place || err != nil {
			t.Errorf("%d %q came back as %d %q, %v", shard, place, s, p, err)
		}
	}
}

func TestASealedPlaceThatCannotBeReadIsAnInvalidCursor(t *testing.T) {
	c := &request.Call{Handler: &request.Handler{Seal: []byte("seal")}, Route: &request.Route{Pattern: "/v1/things"}}
	c.Event.Query = map[string]string{"cursor": *c.TextCursor("", "Amem_ada")}
	var no *request.Refusal
	if _, _, err := c.OpenShardCursor(); !errors.As(err, &no) || no.Code != request.InvalidCursor {
		t.Errorf("%v", err)
	}
}
