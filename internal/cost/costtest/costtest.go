// Package costtest compares the usage that tests measure with the usage in internal/cost/usage.json.
//
// With the flag -update, it writes the measured usage to this file instead, so that changed figures need not be edited.
// Only tests use the package.
package costtest

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/cost"
	"github.com/perennial-loyalty/perennial/internal/goldentest"
)

// usageFile is the path of the file that -update writes, relative to a package in internal/.
const usageFile = "../cost/usage.json"

// Compare fails the test unless internal/cost states exactly the measured usage. A lower usage fails too.
func Compare(t *testing.T, measured []cost.Usage) {
	t.Helper()
	all := cost.Usages()
	for _, got := range measured {
		i := slices.IndexFunc(all, func(u cost.Usage) bool { return u.ID == got.ID })
		if i < 0 {
			t.Errorf("internal/cost/usage.json does not have %s", got.ID)
			continue
		}
		got.Request = all[i].Request
		if all[i] != got && !*goldentest.Update {
			t.Errorf("%s\n used %+v\n want %+v", got.ID, got, all[i])
		}
		all[i] = got
	}
	if *goldentest.Update {
		write(t, all)
	}
}

func write(t *testing.T, all []cost.Usage) {
	var b bytes.Buffer
	b.WriteString("[\n")
	for i, u := range all {
		line, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("  ")
		b.Write(line)
		if i < len(all)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]\n")
	if err := os.WriteFile(usageFile, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// LogBytes returns the size that log lines would have on Lambda. It replaces values that vary, such as times and IDs,
// with values of typical size.
func LogBytes(lines string) int {
	for field, typical := range map[string]string{
		"time": `"2026-11-29T20:22:10.123456789Z"`, "stack": `"perennial"`, "version": `"12"`,
		"request_id": `"JKJaXmPLvHcESHA="`,
		"latency_ms": "12.345",
	} {
		value := regexp.MustCompile(`"` + field + `":("[^"]*"|[0-9.]+)`)
		lines = value.ReplaceAllString(lines, `"`+field+`":`+typical)
	}
	return len(lines)
}
