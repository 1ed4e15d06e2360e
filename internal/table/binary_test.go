package table

import (
	"bytes"
	"testing"
)

func TestBytesAreTheInverseOfBinary(t *testing.T) {
	for _, b := range [][]byte{{}, {0}, {0, 1, 2, 255}, bytes.Repeat([]byte("ab"), 500)} {
		if got, ok := Bytes(Binary(b)); !ok || !bytes.Equal(got, b) {
			t.Errorf("%q is read as %q, %t", b, got, ok)
		}
	}
	for _, s := range []string{
		"", "data:", "AAEC", "data:;base64", "data:;base64,A", "data:;base64,AB==", "data:;base64,AAEC\n",
		"data:;base64,A-_C", " data:;base64,",
	} {
		if got, ok := Bytes(s); ok {
			t.Errorf("%q is read as %q", s, got)
		}
	}
}
