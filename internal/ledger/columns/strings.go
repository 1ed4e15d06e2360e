package columns

import (
	"slices"
	"strconv"
	"strings"
)

// A pattern is a string with a gap for its last number. Its text is the kind, followed by the string with the gap.
const (
	literal = 'l' // the string has no number
	counted = 'n' // the number has no leading zeros
	padded  = 'p' // the next byte is '0' plus the number of digits
)

// gap is the character that replaces the number in a pattern. A string that contains it is stored as a literal.
const gap = "*"

// maxDigits is the maximum number of digits of a number in a string, so that the number fits into an int64.
const maxDigits = 18

// Strings writes a column of strings.
func (w *Writer) Strings(column []string) {
	free, fixed := w.clone(), w.clone()
	free.strings(column, false)
	fixed.strings(column, true)
	*w = *free
	if fixed.size() < free.size() {
		*w = *fixed
	}
}

func (w *Writer) clone() *Writer { return &Writer{slices.Clone(w.out), slices.Clone(w.texts)} }

func (w *Writer) size() int { return len(w.out) + len(strings.Join(w.texts, "\n")) }

// strings writes a column. If fixed is set, every number is treated as padded, which is shorter if all numbers have the
// same number of digits.
func (w *Writer) strings(column []string, fixed bool) {
	known, patterns := map[string]int64{}, []string(nil)
	indices, numbers := make([]int64, len(column)), []int64(nil)
	for i, s := range column {
		pattern, n := patternOf(s, fixed)
		at, ok := known[pattern]
		if !ok {
			at = int64(len(patterns))
			known[pattern], patterns = at, append(patterns, pattern)
		}
		if indices[i] = at; pattern[0] != literal {
			numbers = append(numbers, n)
		}
	}
	w.Numbers([]int64{int64(len(patterns))})
	w.Numbers(indices)
	w.Numbers(numbers)
	w.texts = append(w.texts, patterns...)
}

// patternOf returns the pattern of a string and the number in its gap.
func patternOf(s string, fixed bool) (pattern string, n int64) {
	end := strings.LastIndexAny(s, "0123456789") + 1
	begin := end
	for begin > 0 && end-begin < maxDigits && '0' <= s[begin-1] && s[begin-1] <= '9' {
		begin--
	}
	if begin == end || strings.Contains(s, gap) {
		return string(literal) + s, 0
	}
	n, err := strconv.ParseInt(s[begin:end], 10, 64)
	if err != nil {
		return string(literal) + s, 0
	}
	rest := s[:begin] + gap + s[end:]
	if fixed || end-begin > 1 && s[begin] == '0' {
		return string(padded) + string(rune('0'+end-begin)) + rest, n
	}
	return string(counted) + rest, n
}

// filled puts a number into the gap of a pattern.
func filled(pattern string, n int64) (string, error) {
	digits := strconv.FormatInt(n, 10)
	switch kind, rest := pattern[0], pattern[1:]; {
	case kind == padded && len(rest) > 0:
		width := int(rest[0] - '0')
		digits = strings.Repeat("0", max(0, min(width, maxDigits)-len(digits))) + digits
		pattern = rest[1:]
	case kind == counted:
		pattern = rest
	default:
		return "", ErrDamaged
	}
	return strings.Replace(pattern, gap, digits, 1), nil
}

// Strings reads a column of n strings.
func (r *Reader) Strings(n int) ([]string, error) {
	count, err := r.Numbers(1)
	if err != nil || count[0] < 0 || count[0] > int64(len(r.texts)) {
		return nil, ErrDamaged
	}
	patterns := r.texts[:count[0]]
	r.texts = r.texts[count[0]:]
	indices, err := r.Numbers(n)
	if err != nil {
		return nil, err
	}
	gaps := 0
	for _, i := range indices {
		if i < 0 || i >= int64(len(patterns)) || patterns[i] == "" {
			return nil, ErrDamaged
		}
		if patterns[i][0] != literal {
			gaps++
		}
	}
	numbers, err := r.Numbers(gaps)
	if err != nil {
		return nil, err
	}
	column := make([]string, n)
	for i, at := range indices {
		if pattern := patterns[at]; pattern[0] == literal {
			column[i] = pattern[1:]
			continue
		}
		if column[i], err = filled(patterns[at], numbers[0]); err != nil {
			return nil, err
		}
		numbers = numbers[1:]
	}
	return column, nil
}
