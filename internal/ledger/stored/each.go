package stored

// each applies f to every element. It returns nil if there is none.
func each[A, B any](in []A, f func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

// readEach applies f to every element, up to the first error. It returns nil if there is none.
func readEach[A, B any](in []A, f func(A) (B, error)) (out []B, err error) {
	if len(in) == 0 {
		return nil, nil
	}
	out = make([]B, len(in))
	for i, a := range in {
		if out[i], err = f(a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// datesTo converts dates to or from their stored form.
func datesTo[To, From ~int32](days []From) (out []To) {
	for _, day := range days {
		out = append(out, To(day))
	}
	return out
}
