package loyalty

import (
	"strings"
)

// Family returns the part of the type before the state: "review" for "review.approved".
func (e Event) Family() string {
	family, _, _ := strings.Cut(e.Type, ".")
	return family
}
