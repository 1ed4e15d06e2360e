package stored

import (
	"strings"
	"unicode/utf8"
)

// A reader decodes documents in the form in which the functions of append.gen.go encode them. It is faster than package
// json, and it gives up if a document has another form: white space, escaped characters, unknown or repeated members,
// or invalid values. Package json then decodes the document or returns the error.
type reader struct {
	rest string // the rest of the document
	bad  bool   // whether the document has another form
}

func newReader(doc []byte) reader { return reader{rest: string(doc), bad: !utf8.Valid(doc)} }

// done reports whether the whole document was decoded.
func (r *reader) done() bool { return !r.bad && r.rest == "" }

// readAccount decodes an account. It returns false if the reader gives up.
func readAccount(doc []byte) (d AccountDoc, ok bool) {
	r := newReader(doc)
	d.readFrom(&r)
	return d, r.done()
}

// readEntry decodes an entry like readAccount.
func readEntry(doc []byte) (d entryDoc, ok bool) {
	r := newReader(doc)
	d.readFrom(&r)
	return d, r.done()
}

// readUnpacked decodes the plain part of a packed entry like readAccount.
func readUnpacked(doc []byte) (d unpackedDoc, ok bool) {
	r := newReader(doc)
	d.readFrom(&r)
	return d, r.done()
}

// members is a set of members of an object, by their numbers.
type members [2]uint64

// once adds a member to the members that were read.
func (r *reader) once(seen *members, i uint) {
	r.bad = r.bad || seen[i/64]&(1<<(i%64)) != 0
	seen[i/64] |= 1 << (i % 64)
}

// skip removes a character from the beginning of the rest, and returns false if there is another one.
func (r *reader) skip(c byte) bool {
	if r.bad || r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// open reads the beginning of an object or array, and reports whether it has an element.
func (r *reader) open(begin, end byte) bool {
	if !r.skip(begin) {
		r.bad = true
	}
	return !r.bad && !r.skip(end)
}

// next reads the comma or the end after an element, and reports whether another element follows.
func (r *reader) next(end byte) bool {
	if r.skip(',') {
		return true
	}
	r.bad = !r.skip(end)
	return false
}

// name reads the name of a member.
func (r *reader) name() string {
	name := r.text()
	r.bad = !r.skip(':')
	return name
}

func (r *reader) text() string {
	if r.skip('"') {
		for i := range len(r.rest) {
			switch c := r.rest[i]; {
			case c == '"':
				text := r.rest[:i]
				r.rest = r.rest[i+1:]
				return text
			case c == '\\' || c < ' ':
				r.bad = true
				return ""
			}
		}
	}
	r.bad = true
	return ""
}

func (r *reader) boolean() bool {
	rest, yes := strings.CutPrefix(r.rest, "true")
	if !yes {
		var no bool
		rest, no = strings.CutPrefix(r.rest, "false")
		r.bad = r.bad || !no
	}
	r.rest = rest
	return yes
}

// null skips the JSON value null. It returns false, and skips nothing, if the next value is another one.
func (r *reader) null() (found bool) {
	r.rest, found = strings.CutPrefix(r.rest, "null")
	return found
}

// number reads an integer of at most 18 digits that fits into the given number of bits. It gives up for others.
func (r *reader) number(bits int) int64 {
	negative := r.skip('-')
	n, i := int64(0), 0
	for ; i < min(len(r.rest), 19) && '0' <= r.rest[i] && r.rest[i] <= '9'; i++ {
		n = 10*n + int64(r.rest[i]-'0')
	}
	if i == 0 || i > 18 || n>>(bits-1) != 0 || r.rest[0] == '0' && (i > 1 || negative) {
		r.bad = true
		return 0
	}
	if r.rest = r.rest[i:]; negative {
		return -n
	}
	return n
}

// readNumbers reads integers of type N, which has the given number of bits.
func readNumbers[N ~int32 | ~int64](r *reader, bits int) []N {
	end := max(0, strings.IndexByte(r.rest, ']'))
	list := make([]N, 0, 1+strings.Count(r.rest[:end], ","))
	for more := r.open('[', ']'); more; more = r.next(']') {
		list = append(list, N(r.number(bits)))
	}
	return list
}

// sorted gives up if the names of an object's members are repeated or not in order.
func (r *reader) sorted(yes bool) { r.bad = r.bad || !yes }

// sorted reports whether the names of all members are different and in order.
func (o object[V]) sorted() bool {
	for i := 1; i < len(o); i++ {
		if o[i-1].Name >= o[i].Name {
			return false
		}
	}
	return true
}
