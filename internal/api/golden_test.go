package api

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/perennial-loyalty/perennial/internal/goldentest"
	"github.com/perennial-loyalty/perennial/internal/keyring/keyringtest"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Each of these tests runs one script and compares every answer, and at the end every item of the table, with the files
// in testdata/golden. They detect changes of answers and stored items that the scripts do not mention. After an
// intended change, go test ./internal/api -run TestGolden -update writes the files; read the difference before you
// commit it.
//
// Each script has a separate test so that infra/mutate can select the scripts that reach a mutation.

func TestGoldenAdjustments(t *testing.T) { golden(t) }

func TestGoldenApprovals(t *testing.T) { golden(t) }

func TestGoldenAutomatic(t *testing.T) { golden(t) }

func TestGoldenCampaigns(t *testing.T) { golden(t) }

func TestGoldenCarts(t *testing.T) { golden(t) }

func TestGoldenCatalogue(t *testing.T) { golden(t) }

func TestGoldenCodes(t *testing.T) { golden(t) }

func TestGoldenConditions(t *testing.T) { golden(t) }

func TestGoldenDates(t *testing.T) { golden(t) }

func TestGoldenErasure(t *testing.T) { golden(t) }

func TestGoldenEvents(t *testing.T) { golden(t) }

func TestGoldenExport(t *testing.T) { golden(t) }

func TestGoldenFacts(t *testing.T) { golden(t) }

func TestGoldenFirstPoints(t *testing.T) { golden(t) }

func TestGoldenFulfillments(t *testing.T) { golden(t) }

func TestGoldenGiftCards(t *testing.T) { golden(t) }

func TestGoldenGoodwill(t *testing.T) { golden(t) }

func TestGoldenHold(t *testing.T) { golden(t) }

func TestGoldenGuests(t *testing.T) { golden(t) }

func TestGoldenHouseholds(t *testing.T) { golden(t) }

func TestGoldenInactivity(t *testing.T) { golden(t) }

func TestGoldenJsonRefused(t *testing.T) { golden(t) }

func TestGoldenKeys(t *testing.T) { golden(t) }

func TestGoldenTierGroups(t *testing.T) { golden(t) }

func TestGoldenMe(t *testing.T) { golden(t) }

func TestGoldenLimits(t *testing.T) { golden(t) }

func TestGoldenLists(t *testing.T) { golden(t) }

func TestGoldenMembers(t *testing.T) { golden(t) }

func TestGoldenNotices(t *testing.T) { golden(t) }

func TestGoldenOperators(t *testing.T) { golden(t) }

func TestGoldenOrdersRefused(t *testing.T) { golden(t) }

func TestGoldenOwnTransfers(t *testing.T) { golden(t) }

func TestGoldenPaths(t *testing.T) { golden(t) }

func TestGoldenPay(t *testing.T) { golden(t) }

func TestGoldenPerks(t *testing.T) { golden(t) }

func TestGoldenPersonalData(t *testing.T) { golden(t) }

func TestGoldenProgram(t *testing.T) { golden(t) }

func TestGoldenRedemptions(t *testing.T) { golden(t) }

func TestGoldenRejections(t *testing.T) { golden(t) }

func TestGoldenReferrals(t *testing.T) { golden(t) }

func TestGoldenRefundTenders(t *testing.T) { golden(t) }

func TestGoldenRefunds(t *testing.T) { golden(t) }

func TestGoldenReverse(t *testing.T) { golden(t) }

func TestGoldenSchedule(t *testing.T) { golden(t) }

func TestGoldenSearch(t *testing.T) { golden(t) }

func TestGoldenStatus(t *testing.T) { golden(t) }

func TestGoldenStock(t *testing.T) { golden(t) }

func TestGoldenSuggestions(t *testing.T) { golden(t) }

func TestGoldenTaxes(t *testing.T) { golden(t) }

func TestGoldenSwitches(t *testing.T) { golden(t) }

func TestGoldenTiers(t *testing.T) { golden(t) }

func TestGoldenTraits(t *testing.T) { golden(t) }

func TestGoldenTransfers(t *testing.T) { golden(t) }

func TestGoldenUpdated(t *testing.T) { golden(t) }

func TestGoldenUses(t *testing.T) { golden(t) }

func TestGoldenWaiting(t *testing.T) { golden(t) }

func TestGoldenWallets(t *testing.T) { golden(t) }

func TestGoldenWords(t *testing.T) { golden(t) }

func TestGoldenYear(t *testing.T) { golden(t) }

// TestEveryScriptHasGoldenTest requires a test in this file for each script.
func TestEveryScriptHasGoldenTest(t *testing.T) {
	source, err := os.ReadFile("golden_test.go")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	have := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^func (TestGolden\w+)\(`).FindAllStringSubmatch(string(source), -1) {
		have[scriptOf(m[1])] = true
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".txt"); !have[name] {
			t.Errorf("no golden test runs %s", file)
		}
	}
}

// scriptOf returns the name of the script that a test runs: TestGoldenFirstPoints runs first_points.
func scriptOf(test string) string {
	var b strings.Builder
	for i, r := range strings.TrimPrefix(test, "TestGolden") {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// golden runs the script of a test and compares the answers and the table with its golden file. Then it runs the script
// again with failing calls of the table. It repeats each request, each time with another call that fails, until the
// request succeeds. A failed call must be answered with a 5xx status or change nothing, and in the end the answers and
// the table must equal the golden file.
func golden(t *testing.T) {
	t.Helper()
	name := scriptOf(t.Name())
	path := "testdata/golden/" + name + ".txt"
	t.Run("golden", func(t *testing.T) { goldentest.Compare(t, path, runGolden(t, name, nil)) })
	for fault, err := range map[string]error{"busy": table.ErrBusy, "lost": table.ErrUnknown} {
		t.Run(fault, func(t *testing.T) {
			if why := repeatsDiffer[name+" "+fault]; why != "" {
				t.Skip(why)
			}
			want, err2 := os.ReadFile(path)
			if err2 != nil {
				t.Fatal(err2)
			}
			got := runGolden(t, name, err)
			if diff := goldentest.Difference(settled(string(want)), settled(got)); diff != "" {
				t.Errorf("after failed calls of the table (%s), %s", fault, diff)
			}
		})
	}
}

// repeatsDiffer lists the scripts in which a failed call and a repeated request lead to other answers, with the
// reasons.
var repeatsDiffer = map[string]string{
	"automatic busy": "the code of a reward that is redeemed automatically is drawn when time is written, " +
		"by whichever request does that",
	"limits busy": "an attempt that failed after it was counted counts, and so does the repeated request",
	"search lost": "a repeated guess of a code counts again",
	"year busy":   "the schedules run too often to repeat a year",
	"year lost":   "the schedules run too often to repeat a year",
}

// settled removes the marks of replayed answers and the versions of items from a transcript. A repeated request whose
// first attempt succeeded is a replay, and a failed attempt may have written some items.
func settled(transcript string) string {
	status := regexp.MustCompile(`(?m)^([A-Z]+ \S+ => )(20[012]|[345]\d\d)( replayed)?`)
	transcript = status.ReplaceAllStringFunc(transcript, func(s string) string {
		return strings.Replace(strings.TrimSuffix(s, " replayed"), "=> 201", "=> 200", 1)
	})
	return regexp.MustCompile(`(?m)^("[^"]*" "[^"]*") v\d+ `).ReplaceAllString(transcript, "$1 ")
}

// runGolden runs a script and returns its answers and the items of its table. If err is not nil, calls of the table
// fail with err.
func runGolden(t *testing.T, name string, err error) string {
	t.Helper()
	raw, failed := os.ReadFile("testdata/" + name + ".txt")
	if failed != nil {
		t.Fatal(failed)
	}
	var got bytes.Buffer
	tab := &failing{Table: memory(t), err: err}
	source := &perRequest{source: seedtest.Random(0)}
	w := openWorld(t, tab, source, nil)
	w.transcript, w.failing, w.drawn = &got, tab, source
	s := &script{world: w, file: name, vars: map[string]string{}, replayed: map[string]bool{}}
	s.run(strings.Split(string(raw), "\n"))
	writeItems(&got, keyringtest.Opened(t, w.app.Ledger.Keyring, w.dump()))
	return got.String()
}

// readableItem matches the lines of accounts and entries, which golden files contain in full.
var readableItem = regexp.MustCompile(`^"P#[^"]*#E#|" "ACCOUNT" v`)

// writeItems writes a line for each item of a table except API keys. For large items other than accounts and entries,
// such as programs, it writes a hash.
func writeItems(out io.Writer, dump string) {
	for _, line := range strings.Split(strings.TrimSpace(dump), "\n") {
		if strings.HasPrefix(line, `"KEY#`) {
			continue // openWorld created it
		}
		if doc := strings.Index(line, "{"); len(line) > doc+160 && !readableItem.MatchString(line) {
			line = goldentest.Hashed(line, doc)
		}
		fmt.Fprintln(out, line)
	}
}
