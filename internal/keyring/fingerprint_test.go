package keyring

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"testing"
)

// TestFingerprintIsHMAC compares fingerprints with package crypto/hmac, for keys up to and above the size of a block.
func TestFingerprintIsHMAC(t *testing.T) {
	for _, size := range []int{0, 7, 32, 63, 64, 65, 200} {
		key := bytes.Repeat([]byte{7}, size)
		for _, doc := range []string{"", "{}", string(bytes.Repeat([]byte("order "), 1_000))} {
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte("fingerprint\x00bluebird\x00" + doc))
			want := base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
			if got := (&Keyring{Lookups: key}).Fingerprint("bluebird", []byte(doc)); got != want {
				t.Errorf("a key of %d bytes: got %s, want %s", size, got, want)
			}
		}
	}
}

func TestFingerprintDependsOnKeyAndProgram(t *testing.T) {
	k := &Keyring{Lookups: []byte("lookups")}
	got := k.Fingerprint("bluebird", []byte("doc"))
	for _, other := range []string{
		k.Fingerprint("redbird", []byte("doc")), k.Fingerprint("bluebird", []byte("dog")),
		(&Keyring{Lookups: []byte("other")}).Fingerprint("bluebird", []byte("doc")),
	} {
		if other == got {
			t.Error("two inputs have the same fingerprint")
		}
	}
}

// TestFingerprintAllocates requires that a fingerprint allocates only its text.
func TestFingerprintAllocates(t *testing.T) {
	k, doc := &Keyring{Lookups: bytes.Repeat([]byte{7}, keySize)}, bytes.Repeat([]byte("x"), 600)
	n := testing.AllocsPerRun(10, func() {
		var buffer [1200]byte
		if k.EndFingerprint(append(k.BeginFingerprint(buffer[:0], "bluebird"), doc...)) == "" {
			t.Fatal("no fingerprint")
		}
	})
	if n != 1 {
		t.Errorf("%v allocations, want 1", n)
	}
}
