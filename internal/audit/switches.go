package audit

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/switches"
	"github.com/perennial-loyalty/perennial/internal/table"
)

const programSuffix = "#PROGRAM"

// isSwitchesChange reports whether the key is that of a change of the kill switches of a program.
func isSwitchesChange(key table.Key) bool {
	return strings.HasPrefix(key.SK, changePrefix) && strings.HasSuffix(key.PK, programSuffix)
}

// switchesChange returns the record of a change of the kill switches.
func switchesChange(it table.Item) (program string, r Record, ok bool, err error) {
	var c switches.Change
	if err := json.Unmarshal(it.Doc, &c); err != nil {
		return "", r, false, fmt.Errorf("audit: read %s: %w", it.Key, err)
	}
	stopped := func(list []switches.Switch) map[string]any {
		return map[string]any{"stopped": append([]switches.Switch{}, list...)}
	}
	program = strings.TrimSuffix(strings.TrimPrefix(it.Key.PK, "P#"), programSuffix)
	return program, Record{
		At: c.At, Actor: c.By, Action: "update_switches", Resource: "program:" + program, Reason: c.Reason,
		Before: value(stopped(c.Before)), After: value(stopped(c.After)), source: "SWITCHES#" + it.Key.SK,
	}, true, nil
}
