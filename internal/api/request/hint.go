package request

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// didYouMean returns the sentence that suggests the most similar of the words, with a space before it. It returns "" if
// no word is similar enough.
func didYouMean(word string, words []string) string {
	if guess := nearest.Word(word, words); guess != "" && guess != word {
		return " Did you mean " + guess + "?"
	}
	return ""
}

// unknownField returns the error for a field that the struct type t does not have.
func unknownField(at jsontext.Pointer, t reflect.Type) error {
	return RefuseAt(UnknownField, string(at), "Unknown field."+didYouMean(at.LastToken(), fieldNames(t)))
}

// fieldNames returns the names of the fields of a struct in JSON, with those of embedded structs.
func fieldNames(t reflect.Type) (names []string) {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// unknownParameter returns the error for a query parameter that the route does not define.
func unknownParameter(name string, known []string) error {
	detail := "Unknown query parameter." + didYouMean(name, known)
	if len(known) == 0 {
		return RefuseAt(InvalidParameter, name, detail+" The route accepts none.")
	}
	return RefuseAt(InvalidParameter, name, detail+" The route accepts "+strings.Join(known, ", ")+".")
}

// UnprefixedHint is added to the detail of not_found if the request names a member by an ID that cannot exist.
const UnprefixedHint = " The ID of a member begins with mem_. Write external: before your own ID of a member."

// unknownMember adds a hint to the problem not_found if the request names a member by an ID that cannot exist, because
// it does not begin like the ID of a member.
func (c *Call) unknownMember(p wire.Problem) wire.Problem {
	if p.Code == string(loyalty.NotFound) && c.unprefixed {
		p.Detail += UnprefixedHint
	}
	return p
}

// UnknownReward names the reward in an error because the program has no reward with the ID, and suggests a similar ID.
// It returns every other error unchanged.
func UnknownReward(err error, p *loyalty.Program, id string) error {
	rule, ok := errors.AsType[*loyalty.Error](err)
	if !ok || rule.Code != loyalty.NotFound || rule.Pointer != "/reward" {
		return err
	}
	ids := make([]string, len(p.Rewards))
	for i, r := range p.Rewards {
		ids[i] = r.ID
	}
	if slices.Contains(ids, id) {
		return err
	}
	return RefuseAt(loyalty.NotFound, rule.Pointer, "The program has no such reward."+didYouMean(id, ids))
}
