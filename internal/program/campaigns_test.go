package program

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// campaigns returns a program file with a number of campaigns of about 200 characters, which differ in their category.
func campaigns(n int) []byte {
	var s strings.Builder
	s.WriteString(corner + "campaigns:\n")
	for i := range n {
		fmt.Fprintf(&s, `  - id: campaign-%d
    name: { en: Double points for category %[1]d }
    from: 2026-01-01T00:00
    until: 2027-01-01T00:00
    channels: [web, app]
    categories: [category-%[1]d]
    multiply: 2
    when: order.total > %[1]d
`, i)
	}
	return []byte(s.String())
}

func TestLimitOfCampaigns(t *testing.T) {
	f, problems := Parse(campaigns(loyalty.MaxCampaigns))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if len(f.Program.Campaigns) != 5000 {
		t.Errorf("there are %d campaigns", len(f.Program.Campaigns))
	}
	stored := snapshot.Encode(f.Program)
	loaded, err := snapshot.Decode(stored)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(loaded.Compiled.Index, f.Program.Compiled.Index) {
		t.Error("the loaded program has another index")
	}
	_, problems = Parse(campaigns(loyalty.MaxCampaigns + 1))
	if len(problems) != 1 || problems[0].Path != "campaigns" ||
		problems[0].Message != "has 5001 entries; at most 5000 are allowed: remove 1" {
		t.Errorf("%.500s", problems.Error())
	}
}
