package snapshot

import (
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/program/condition"
)

// platformFields contains the fields of the events that the platform generates, by event type.
var platformFields = map[string]map[string]loyalty.FieldKind{
	award.EventJoined:      {},
	award.EventBirthday:    {},
	award.EventAnniversary: {"years": loyalty.NumberField},
}

// OrderCondition compiles a rule's condition on an order.
func OrderCondition(source string) (loyalty.Condition, error) {
	return condition.Compile(source, condition.Env{Order: true})
}

// EventCondition compiles an action's condition on an event. The argument event is an event type of program p, such as
// "review.approved".
func EventCondition(p *loyalty.Program, event, source string) (loyalty.Condition, error) {
	family, ok := award.EventType(p.Events, event)
	if fields, own := platformFields[event]; own {
		family, ok = loyalty.EventType{Name: event, Fields: fields}, true
	}
	if event == posting.EventConverted {
		return OrderCondition(source) // this condition applies to the friend's order
	}
	if !ok {
		return nil, fmt.Errorf("there are no events %q", event)
	}
	return condition.Compile(source, condition.Env{Event: &family})
}

// RewardCondition compiles a reward's condition on the member and on the order that uses the reward.
func RewardCondition(source string) (loyalty.Condition, error) {
	return condition.Compile(source, condition.Env{Reward: true})
}

// MemberCondition compiles a reminder's condition on a member.
func MemberCondition(source string) (loyalty.Condition, error) {
	return condition.Compile(source, condition.Env{Member: true})
}

// These constants are the possible scopes of a condition. The scope states which facts a condition can use.
const (
	ofOrder  = "order"
	ofEvent  = "event"
	ofReward = "reward"
	ofMember = "member"
)

// scopeOf returns the scope of an action's condition for a type of event. If the event is a converted referral, the
// condition uses the friend's order.
func scopeOf(event string) string {
	if event == posting.EventConverted {
		return ofOrder
	}
	return ofEvent
}

// A whenDoc stores the source and the scope of a condition.
type whenDoc struct {
	Source string `json:"source"`
	Scope  string `json:"scope"`
}

func whenOf(c loyalty.Condition, scope string) *whenDoc {
	if c == nil {
		return nil
	}
	return &whenDoc{c.String(), scope}
}

// compile compiles the source of the condition with the given compiler. It returns nil if there is no condition.
func (d *whenDoc) compile(
	scope string, compiler func(source string) (loyalty.Condition, error),
) (loyalty.Condition, error) {
	if d == nil {
		return nil, nil
	}
	if d.Scope != scope {
		return nil, fmt.Errorf("a condition about %q stands where one about %q is wanted", d.Scope, scope)
	}
	return compiler(d.Source)
}
