// Package columns packs columns of numbers and strings into few bits. It is made for the line items of orders, whose
// IDs often count up, whose SKUs often differ only in a number, and which share a few categories.
//
// A column of numbers that is an arithmetic progression is stored as its first number and its step. Any other column of
// numbers is stored as its smallest number and the distance of each number from it, divided by the greatest common
// divisor of the distances. All distances have the width of the largest one; for prices that all end in 99, the
// division saves about 7 bits per price. A string is divided into its last number and its pattern, which is the rest of
// the string with a gap for the number. A column of strings is stored as a list of the different patterns, a column of
// indices of patterns, and a column of the numbers. A Reader returns exactly the strings and numbers that were written,
// whatever they are.
//
// The package deliberately knows no line items, and does not compress the patterns. It returns the patterns as strings,
// which the caller compresses and stores.
package columns

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// ErrDamaged means that the data was not written by a Writer, or that the caller reads other columns than were written.
var ErrDamaged = errors.New("columns: the data is damaged")

// The two forms of a column of numbers.
const (
	progression = iota // the first number and the step
	ranged             // the smallest number, the divisor, the width, and the divided distance of each number
)

// A Writer packs columns one after the other. Its zero value is ready.
type Writer struct {
	out   []byte
	texts []string
}

// Bytes returns the packed columns.
func (w *Writer) Bytes() []byte { return w.out }

// Texts returns the patterns of the columns of strings, which NewReader requires.
func (w *Writer) Texts() []string { return w.texts }

// Numbers writes a column of numbers.
func (w *Writer) Numbers(column []int64) {
	if len(column) == 0 {
		return
	}
	if step, ok := stepOf(column); ok {
		w.out = append(w.out, progression)
		w.out = binary.AppendVarint(binary.AppendVarint(w.out, column[0]), step)
		return
	}
	least, most := column[0], column[0]
	for _, n := range column {
		least, most = min(least, n), max(most, n)
	}
	divisor := uint64(0)
	for _, n := range column {
		divisor = gcd(divisor, uint64(n)-uint64(least))
	}
	width := bits.Len64((uint64(most) - uint64(least)) / divisor)
	w.out = binary.AppendUvarint(binary.AppendVarint(append(w.out, ranged, byte(width)), least), divisor)
	p := packer{out: w.out}
	for _, n := range column {
		p.add((uint64(n)-uint64(least))/divisor, width)
	}
	w.out = p.end()
}

// gcd returns the greatest common divisor of two numbers. It is zero only if both are zero. The divisor of a column is
// never zero, because a column of equal numbers is stored as a progression.
func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// stepOf returns the step of a column that is an arithmetic progression. It returns false for any other column.
func stepOf(column []int64) (step int64, ok bool) {
	if len(column) > 1 {
		step = column[1] - column[0]
	}
	for i := 1; i < len(column); i++ {
		if column[i]-column[i-1] != step {
			return 0, false
		}
	}
	return step, true
}

// A packer appends numbers of a given width in bits, the lowest bits first.
type packer struct {
	out  []byte
	bits uint64
	n    int // the number of bits in the field bits, fewer than 8
}

func (p *packer) add(v uint64, width int) {
	for width > 0 {
		take := min(width, 8-p.n)
		p.bits |= (v & (1<<take - 1)) << p.n
		if p.n += take; p.n == 8 {
			p.out, p.bits, p.n = append(p.out, byte(p.bits)), 0, 0
		}
		v, width = v>>take, width-take
	}
}

func (p *packer) end() []byte {
	if p.n > 0 {
		p.out, p.n = append(p.out, byte(p.bits)), 0
	}
	return p.out
}

// A Reader reads columns in the order in which they were written.
type Reader struct {
	in    []byte
	texts []string
}

// NewReader returns a reader of the Bytes and Texts of a Writer.
func NewReader(in []byte, texts []string) *Reader { return &Reader{in, texts} }

// Numbers reads a column of n numbers.
func (r *Reader) Numbers(n int) ([]int64, error) {
	if n == 0 {
		return nil, nil
	}
	if len(r.in) < 2 {
		return nil, ErrDamaged
	}
	form := r.in[0]
	r.in = r.in[1:]
	switch form {
	case progression:
		return r.progression(n)
	case ranged:
		return r.ranged(n)
	}
	return nil, ErrDamaged
}

func (r *Reader) progression(n int) ([]int64, error) {
	first, ok := r.varint()
	step, stepOK := r.varint()
	if !ok || !stepOK {
		return nil, ErrDamaged
	}
	column := make([]int64, n)
	for i := range column {
		column[i] = first + int64(i)*step
	}
	return column, nil
}

func (r *Reader) ranged(n int) ([]int64, error) {
	width := int(r.in[0])
	r.in = r.in[1:]
	least, ok := r.varint()
	divisor, divisorSize := binary.Uvarint(r.in)
	if !ok || divisorSize <= 0 {
		return nil, ErrDamaged
	}
	r.in = r.in[divisorSize:]
	size := (n*width + 7) / 8
	if width > 64 || len(r.in) < size {
		return nil, ErrDamaged
	}
	column := make([]int64, n)
	for i := range column {
		v := uint64(0)
		for b := range width {
			at := i*width + b
			v |= uint64(r.in[at/8]>>(at%8)&1) << b
		}
		column[i] = int64(uint64(least) + v*divisor)
	}
	r.in = r.in[size:]
	return column, nil
}

func (r *Reader) varint() (int64, bool) {
	v, n := binary.Varint(r.in)
	if n <= 0 {
		return 0, false
	}
	r.in = r.in[n:]
	return v, true
}
