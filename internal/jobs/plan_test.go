package jobs

import (
	"math"
	"testing"
	"time"
)

func TestPlanIsLimitedByScarcestResource(t *testing.T) {
	p := Assumed()
	p.Members = 1e6
	for _, c := range []struct {
		name  string
		edit  func(*Plan)
		bound string
		rate  float64 // the rate of one worker
	}{
		{"slow transactions", func(p *Plan) { p.Latency = 100 * time.Millisecond }, "workers", 80},
		{"fast transactions", func(p *Plan) { p.Latency = time.Millisecond }, "the index's keys", 500},
		{"a small table", func(p *Plan) { p.Table = 640 }, "the table", 10},
	} {
		q := p
		c.edit(&q)
		e := q.Simulate()
		least := q.Members / (c.rate * 16)
		if e.Bound != c.bound || e.Took.Seconds() < least || e.Took.Seconds() > least*1.1+60 {
			t.Errorf("%s: %+v, want about %.0f s", c.name, e, least)
		}
		if math.Abs(e.Writes-7e6) > 1 || e.Dollars < 7*0.625 {
			t.Errorf("%s: %+v", c.name, e)
		}
		if want := q.Members / (c.rate * 55); float64(e.Invocations) < want || float64(e.Invocations) > want+16 {
			t.Errorf("%s: %d invocations, want about %.0f", c.name, e.Invocations, want)
		}
	}
	p.Members, p.Workers = 10, 4
	if e := p.Simulate(); e.Took > 10*time.Second || e.Invocations != 16 {
		t.Errorf("ten members take %+v", e)
	}
}
