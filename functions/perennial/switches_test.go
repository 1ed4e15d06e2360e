package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestSwitchesInDataDirectory(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	if _, err, status := run(t, "program", "publish", "--data", data, writeProgram(t)); status != 0 {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args         []string
		out, problem string
	}{
		{[]string{"show"}, "nothing is stopped\n", ""},
		{[]string{"set", "redeem", "read_only", "--reason", "fraud"}, "redeem\tfraud\nread_only\tfraud\n", ""},
		{[]string{"set", "sell", "--reason", "fraud"}, "", "must be one of"},
		{[]string{"set", "redeem"}, "", "missing flags: --reason"},
		{[]string{"show"}, "redeem\tfraud\nread_only\tfraud\n", ""},
		{[]string{"set", "--reason", "solved"}, "nothing is stopped\n", ""},
	} {
		args := append(append([]string{"switches"}, c.args...), "--data", data, "--program", "bluebird")
		out, err, status := run(t, args...)
		if out != c.out || (status != 0) != (c.problem != "") || !strings.Contains(err, c.problem) {
			t.Errorf("%v: %d %q %q", c.args, status, out, err)
		}
	}
}
