package main

import (
	"cmp"
	"slices"
)

// median returns the middle value. If the number of values is even, it returns the mean of the two middle values. It
// returns 0 if there are no values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// percentile returns the p-th percentile of sorted values, by the nearest-rank method: the smallest value that at least
// p percent of the values do not exceed. It returns the zero value if there are no values.
func percentile[T cmp.Ordered](sorted []T, p int) (v T) {
	if len(sorted) == 0 {
		return v
	}
	rank := (len(sorted)*p + 99) / 100
	return sorted[max(rank, 1)-1]
}
