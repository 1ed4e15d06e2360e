package loyalty

import "testing"

func TestAnEventTypeIsAFamilyAndOneOfItsStates(t *testing.T) {
	p := &Program{Events: []EventType{{Name: "podcast", States: []string{"completed"}}}}
	for name, family := range map[string]string{
		"review.approved": "review", "podcast.completed": "podcast",
		"review.approvd": "", "podcast.started": "", "podcast": "", "review.": "", "": "", EventBirthday: "",
	} {
		got, ok := p.EventType(name)
		if ok != (family != "") || ok && got.Name != family {
			t.Errorf("%q is of %q, %v", name, got.Name, ok)
		}
	}
}
