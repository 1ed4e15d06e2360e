package cost

import "testing"

func TestUsagesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, u := range Usages() {
		if u.ID == "" || u.Request == "" || seen[u.ID] || u.Read == 0 {
			t.Errorf("%+v", u)
		}
		seen[u.ID] = true
	}
}
