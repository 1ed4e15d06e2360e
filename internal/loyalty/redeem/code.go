package redeem

import (
	"cmp"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// alphabet is Crockford's base 32. It has no I, L, O or U, which are easily mistaken for other characters.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewCode formats 80 random bits as a code: 16 characters of Crockford's base 32 and a check character, in groups that
// can be read aloud: "7K3M-Q9XZ-02VB-HJ4D-R". The check character is the sum of the characters' values in the field of
// 32 elements, each multiplied by a different power of two. It detects any single wrong character and any two exchanged
// characters.
func NewCode(bits [10]byte) string {
	var b strings.Builder
	values := make([]byte, 16)
	for i := range values {
		at := i * 5
		pair := uint16(bits[at/8]) << 8
		if at/8+1 < len(bits) {
			pair |= uint16(bits[at/8+1])
		}
		values[i] = byte(pair>>(11-at%8)) & 31
	}
	for i, v := range values {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(alphabet[v])
	}
	b.WriteByte('-')
	b.WriteByte(alphabet[checkCharacter(values)])
	return b.String()
}

// NewReferralCode formats 40 random bits as a code that members share with friends: "7Q4K-2M9X". The code is not
// secret. A mistyped code is usually unknown and then rejected.
func NewReferralCode(bits [5]byte) string {
	n := uint64(0)
	for _, b := range bits {
		n = n<<8 | uint64(b)
	}
	var b [9]byte
	for i := len(b) - 1; i >= 0; i-- {
		if i == 4 {
			b[i] = '-'
			continue
		}
		b[i], n = alphabet[n&31], n>>5
	}
	return string(b[:])
}

// checkCharacter returns the check value of characters.
func checkCharacter(values []byte) byte {
	sum, power := byte(0), byte(1)
	for _, v := range values {
		power = times32(power, 2)
		sum ^= times32(v, power)
	}
	return sum
}

// times32 multiplies in the field of 32 elements, modulo x^5 + x^2 + 1.
func times32(a, b byte) (p byte) {
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			p ^= a
		}
		if a <<= 1; a&32 != 0 {
			a ^= 0b100101
		}
	}
	return p
}

// PlainCode returns a code in the form used for lookup: without spaces and hyphens, in upper case, and with the digits
// 0 and 1 instead of the characters O, I and L.
func PlainCode(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '-' || r == ' ':
			return -1
		case r >= 'a' && r <= 'z':
			r -= 'a' - 'A'
		}
		switch r {
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		return r
	}, code)
}

// SharedBy returns the reward that uses code as a shared code for all members.
func SharedBy(rewards []loyalty.Reward, code string) (loyalty.Reward, bool) {
	plain := PlainCode(code)
	for _, r := range rewards {
		if r.Codes.From == loyalty.SharedCode && PlainCode(r.Codes.Shared) == plain {
			return r, true
		}
	}
	return loyalty.Reward{}, false
}

// WellFormed reports whether a code has the form of a generated code, including a valid check character. Every
// generated code has 80 random bits, and CodePool.Check rejects uploaded codes of this form that have fewer.
func WellFormed(code string) bool {
	plain := PlainCode(code)
	if len(plain) != 17 {
		return false
	}
	values := make([]byte, 17)
	for i := range plain {
		at := strings.IndexByte(alphabet, plain[i])
		if at < 0 {
			return false
		}
		values[i] = byte(at)
	}
	return checkCharacter(values[:16]) == values[16]
}

// CodeHint returns the last characters of a code, so that its owner can recognize it. It returns four characters, but
// at most a quarter of the code, so that the rest remains too long to guess.
func CodeHint(code string) string {
	plain := PlainCode(code)
	return plain[len(plain)-min(4, len(plain)/4):]
}

// ValidCode reports whether a code can be added to a pool. It must consist of 4 to 64 letters, digits and hyphens, with
// at least 4 characters that are not hyphens.
func ValidCode(code string) bool {
	for i := range len(code) {
		b := code[i]
		if b != '-' && (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') {
			return false
		}
	}
	return len(code) <= 64 && len(PlainCode(code)) >= 4
}

// IssueCode commits a redemption and sets its code and the validity of the code. The redemption's points came from
// lots. The code remains empty if the reward has no codes.
func IssueCode(
	terms *loyalty.RedemptionTerms, zone *time.Location, r *loyalty.Redemption, reward *loyalty.Reward,
	lots []loyalty.Lot, now time.Time,
) {
	r.Status, r.Lots = loyalty.Committed, lots
	if reward.Codes.From == loyalty.NoCode {
		return
	}
	r.CodeFrom = reward.Codes.Wait.After(now, zone)
	if lasts := CodeLasts(terms, reward); !lasts.IsZero() {
		r.CodeUntil = lasts.After(r.CodeFrom, zone)
	}
	if reward.Codes.From == loyalty.SharedCode && r.Code == "" {
		r.Code = reward.Codes.Shared
	}
}

// CodeLasts returns how long a reward's codes can be used. Zero means without end.
func CodeLasts(terms *loyalty.RedemptionTerms, r *loyalty.Reward) calendar.Period {
	return cmp.Or(r.Codes.Valid, terms.CodeValid)
}
