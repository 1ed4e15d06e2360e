package service_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/goldentest"
	"github.com/perennial-loyalty/perennial/internal/keyring/keyringtest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// Each of these tests runs a random history (history_test.go) of 250 steps with a fixed seed, over a table that fails
// sometimes, and with rivals (other requests that write first), and compares the answers and the stored items with a
// file in testdata/golden. They detect changes that break no invariant. The seed selects the program: each version of
// it has all features, in other combinations. After an intended change, go test ./internal/service -run TestGolden
// -update writes the files.

func TestGoldenHistory1(t *testing.T) { goldenHistory(t, 1) }

func TestGoldenHistory2(t *testing.T) { goldenHistory(t, 2) }

func TestGoldenHistory3(t *testing.T) { goldenHistory(t, 3) }

func TestGoldenHistory4(t *testing.T) { goldenHistory(t, 4) }

func TestGoldenHistory5(t *testing.T) { goldenHistory(t, 5) }

func TestGoldenHistory6(t *testing.T) { goldenHistory(t, 6) }

func TestGoldenHistory7(t *testing.T) { goldenHistory(t, 7) }

func TestGoldenHistory8(t *testing.T) { goldenHistory(t, 8) }

func TestGoldenHistory9(t *testing.T) { goldenHistory(t, 9) }

func TestGoldenHistory10(t *testing.T) { goldenHistory(t, 10) }

func goldenHistory(t *testing.T, seed uint64) {
	h, _ := newHistory(t, seed)
	h.fill()
	for n := range 250 {
		if n%125 == 0 {
			h.publish(rand.New(rand.NewPCG(seed, 10+uint64(len(h.rules)))))
		}
		h.step()
		h.books.check()
	}
	var out, dump strings.Builder
	for _, line := range h.log {
		_, line, _ = strings.Cut(line, " ")
		fmt.Fprintln(&out, strings.ReplaceAll(line, " key:<nil>", "")) // a profile that was not read has no key
	}
	if err := h.clean.(*pebbletable.Table).Dump(&dump); err != nil {
		t.Fatal(err)
	}
	plain := keyringtest.Opened(t, h.Keyring, dump.String())
	for _, line := range strings.Split(strings.TrimSpace(plain), "\n") {
		switch {
		case strings.Contains(line, `CODE" v1 "" "" 0 {"r":`): // an uploaded code that is unused
		case strings.Contains(line, `" "ACCOUNT" v`):
			fmt.Fprintln(&out, line)
		default:
			key := itemKey.FindString(line)
			fmt.Fprintln(&out, strings.TrimPrefix(goldentest.Hashed(line, len(key)), `"P#bluebird#`))
		}
	}
	goldentest.Compare(t, fmt.Sprintf("testdata/golden/history%d.txt", seed), out.String())
}

// itemKey matches the key of an item and its version.
var itemKey = regexp.MustCompile(`^"[^"]*" "[^"]*" v\d+ `)
