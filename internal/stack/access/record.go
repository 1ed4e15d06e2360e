package access

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Recorder collects one call of each kind for every function. Two calls are of the same kind if they differ only in
// the IDs in their keys. A Recorder is safe for concurrent use.
type Recorder struct {
	mu    sync.Mutex
	calls map[string]map[string]Call // the calls by function and kind
}

// Record adds a call, unless a call of the same kind was recorded before.
func (r *Recorder) Record(function string, c Call) {
	kind := kindOf(c)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls == nil {
		r.calls = map[string]map[string]Call{}
	}
	if r.calls[function] == nil {
		r.calls[function] = map[string]Call{}
	}
	if _, ok := r.calls[function][kind]; !ok {
		r.calls[function][kind] = c
	}
}

// Calls returns the calls of a function, one of each kind, in a fixed order.
func (r *Recorder) Calls(function string) (calls []Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, kind := range slices.Sorted(maps.Keys(r.calls[function])) {
		calls = append(calls, r.calls[function][kind])
	}
	return calls
}

func kindOf(c Call) string {
	var ops []string
	for _, op := range c.Ops {
		ops = append(ops, op.Action+" "+Family(op.Key))
	}
	slices.Sort(ops)
	return c.Operation + " " + c.Resource + " " + strings.Join(slices.Compact(ops), ", ")
}

// Family returns the pattern of a partition key: it replaces the IDs with *. For "P#bluebird#O#1042" it returns
// "P#*#O#*", for "P#bluebird#PROGRAM" it returns "P#*#PROGRAM", and for "KEY#k1" it returns "KEY#*". A key without IDs,
// such as "PROGRAMS", remains the same.
func Family(key string) string {
	parts := strings.SplitN(key, "#", 4)
	switch {
	case len(parts) == 1:
		return key
	case parts[0] != "P" || len(parts) == 2:
		return parts[0] + "#*"
	}
	kind, _, dated := strings.Cut(parts[2], "@")
	family := "P#*#" + kind
	switch {
	case dated:
		family += "@*"
	case len(parts) == 4:
		family += "#*"
	}
	return family
}

// A grant is the smallest unit of a policy: it allows one action on one resource, for one pattern of leading keys.
type grant struct{ action, resource, keys string }

func (g grant) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s on %s %s", g.action, g.resource, g.keys))
}

// Unused returns the grants of a policy that no recorded call needs under any reading. A call needs a grant if it
// requests the grant's action on the grant's resource. If the grant has a pattern of leading keys, the call must also
// have a key whose Family is equal to this pattern. Therefore a pattern that is wider than necessary counts as unused.
// So does a statement for DynamoDB items that has no pattern. Unused considers only the actions of the given services,
// such as dynamodb, because another test may record the other calls.
func (p Policy) Unused(calls []Call, services ...string) (unused []string) {
	needed := map[grant]bool{}
	for _, c := range calls {
		for _, reading := range readings {
			for _, r := range c.Requests(reading) {
				if len(c.Ops) == 0 || !strings.HasPrefix(r.Action, "dynamodb:") {
					needed[grant{r.Action, r.Resource, ""}] = true
				}
				for _, key := range r.Context["dynamodb:LeadingKeys"] {
					needed[grant{r.Action, r.Resource, Family(key)}] = true
				}
			}
		}
	}
	for _, g := range p.grants() {
		service, _, _ := strings.Cut(g.action, ":")
		if slices.Contains(services, service) && !g.in(needed) {
			unused = append(unused, g.String())
		}
	}
	return unused
}

// in reports whether a grant is needed. If the grant's resource is a pattern, it must match at least one needed
// resource.
func (g grant) in(needed map[grant]bool) bool {
	if needed[g] || !strings.Contains(g.resource, "*") {
		return needed[g]
	}
	for n := range needed {
		if n.action == g.action && n.keys == g.keys && Like(g.resource, n.resource) {
			return true
		}
	}
	return false
}

// grants returns the grants of all Allow statements of the policy.
func (p Policy) grants() (grants []grant) {
	for _, s := range p {
		if s.Effect != "Allow" {
			continue
		}
		patterns := []string{""}
		for _, c := range s.Condition {
			if c.Key == "dynamodb:LeadingKeys" {
				patterns = c.Values
			}
		}
		for _, action := range s.Action {
			for _, resource := range s.Resource {
				for _, pattern := range patterns {
					grants = append(grants, grant{action, resource, pattern})
				}
			}
		}
	}
	slices.SortFunc(grants, func(a, b grant) int { return cmp.Compare(a.String(), b.String()) })
	return grants
}
