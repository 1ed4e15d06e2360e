package award

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestAnEventTypeIsAFamilyAndOneOfItsStates(t *testing.T) {
	p := &loyalty.Program{
		Earning: loyalty.Earning{Events: []loyalty.EventType{{Name: "podcast", States: []string{"completed"}}}},
	}
	for name, family := range map[string]string{
		"review.approved": "review", "podcast.completed": "podcast",
		"review.approvd": "", "podcast.started": "", "podcast": "", "review.": "", "": "", EventBirthday: "",
	} {
		got, ok := EventType(p.Events, name)
		if ok != (family != "") || ok && got.Name != family {
			t.Errorf("%q is of %q, %v", name, got.Name, ok)
		}
	}
}
