package main

import "testing"

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{3}, 3},
		{[]float64{5, 1}, 3},
		{[]float64{9, 1, 2}, 2},
		{[]float64{4, 1, 3, 100}, 3.5},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestPercentile(t *testing.T) {
	upTo := func(n int) (values []int) {
		for i := range n {
			values = append(values, i+1)
		}
		return values
	}
	for _, c := range []struct {
		values  []int
		p, want int
	}{
		{nil, 50, 0},
		{upTo(1), 50, 1},
		{upTo(1), 99, 1},
		{upTo(2), 50, 1},
		{upTo(3), 50, 2},
		{upTo(100), 99, 99},
		{upTo(100), 100, 100},
		{upTo(101), 99, 100},
		{upTo(1000), 99, 990},
		{upTo(5), 0, 1},
	} {
		if got := percentile(c.values, c.p); got != c.want {
			t.Errorf("percentile(1 to %d, %d) = %d, want %d", len(c.values), c.p, got, c.want)
		}
	}
}
