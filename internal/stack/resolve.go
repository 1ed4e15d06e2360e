package stack

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Values contains the values of references. The key of a parameter or resource is its name: "Stage" for !Ref Stage. The
// key of an attribute is "Table.Arn" for !GetAtt Table.Arn. The key of a pseudo parameter is, for example,
// "AWS::Region". A parameter that has no value here has its default value.
type Values map[string]any

// noValue is the value of the reference AWS::NoValue. Objects and lists omit it.
type noValue struct{}

// isIntrinsic reports whether an object is a call of an intrinsic function, such as {"Ref": "Table"}.
func isIntrinsic(o Object) bool {
	if len(o) != 1 {
		return false
	}
	for name := range o {
		return name == "Ref" || name == "Condition" || strings.HasPrefix(name, "Fn::")
	}
	return false
}

// Referent returns the logical ID to which a Ref or Fn::GetAtt refers, or "" for any other value.
func Referent(v any) string {
	if id := text(At(v, "Ref")); id != "" {
		return id
	}
	if l := List(At(v, "Fn::GetAtt")); len(l) > 0 {
		return text(l[0])
	}
	return ""
}

// Resolve returns a value of the template with all references and conditions replaced. It evaluates Ref, Fn::GetAtt,
// Fn::Sub, Fn::Join, Fn::Split, Fn::Select, Fn::If, Fn::Equals, Fn::Not, Fn::And, Fn::Or and Condition, and removes
// AWS::NoValue. It returns an error for a reference without a value and for any other function.
func (t *Template) Resolve(value any, values Values) (any, error) {
	resolved, err := (&resolver{t, values}).resolve(value)
	if resolved == (noValue{}) {
		return nil, err
	}
	return resolved, err
}

// Environment returns the environment variables of a function, with all references resolved.
func (t *Template) Environment(f *Function, values Values) (map[string]string, error) {
	env := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(f.Environment)) {
		v, err := t.Resolve(f.Environment[name], values)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", f.ID, name, err)
		}
		if v != nil {
			env[name] = text(v)
		}
	}
	return env, nil
}

type resolver struct {
	template *Template
	values   Values
}

func (r *resolver) resolve(value any) (any, error) {
	switch value := value.(type) {
	case Object:
		if isIntrinsic(value) {
			for name, argument := range value {
				return r.call(name, argument)
			}
		}
		return r.object(value)
	case []any:
		return r.list(value)
	}
	return value, nil
}

func (r *resolver) object(o Object) (any, error) {
	out := Object{}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		v, err := r.resolve(o[name])
		if err != nil {
			return nil, err
		}
		if v != (noValue{}) {
			out[name] = v
		}
	}
	return out, nil
}

func (r *resolver) list(l []any) (any, error) {
	out := []any{}
	for _, e := range l {
		v, err := r.resolve(e)
		if err != nil {
			return nil, err
		}
		if v != (noValue{}) {
			out = append(out, v)
		}
	}
	return out, nil
}

func (r *resolver) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return r.lookup(text(argument))
	case "Fn::GetAtt":
		var parts []string
		for _, part := range List(argument) {
			parts = append(parts, text(part))
		}
		return r.lookup(strings.Join(parts, "."))
	case "Fn::Sub":
		return r.sub(argument)
	case "Fn::Join":
		return r.join(List(argument))
	case "Fn::Split":
		return r.split(List(argument))
	case "Fn::Select":
		return r.pick(List(argument))
	case "Fn::If":
		return r.choose(List(argument))
	case "Condition":
		return r.condition(text(argument))
	case "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or":
		return r.test(name, List(argument))
	}
	return nil, fmt.Errorf("stack: the function %s is not supported", name)
}

func (r *resolver) lookup(name string) (any, error) {
	if v, ok := r.values[name]; ok {
		return v, nil
	}
	if p, ok := r.template.Parameters[name]; ok && p.HasDefault {
		return p.Default, nil
	}
	if name == "AWS::NoValue" {
		return noValue{}, nil
	}
	return nil, fmt.Errorf("stack: no value for %s", name)
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// sub replaces ${Name} and ${Name.Attribute} with their values. It replaces ${!Text} with the literal text ${Text}.
func (r *resolver) sub(argument any) (any, error) {
	own := r
	pattern, isText := argument.(string)
	if l := List(argument); !isText && len(l) == 2 {
		pattern = text(l[0])
		local, err := r.resolve(l[1])
		if err != nil {
			return nil, err
		}
		values := maps.Clone(r.values)
		if values == nil {
			values = Values{}
		}
		maps.Copy(values, object(local))
		own = &resolver{r.template, values}
	}
	var failed error
	replaced := placeholder.ReplaceAllStringFunc(pattern, func(match string) string {
		name := match[2 : len(match)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		v, err := own.lookup(name)
		if err != nil {
			failed = err
		}
		return text(v)
	})
	return replaced, failed
}

func (r *resolver) join(arguments []any) (any, error) {
	if len(arguments) != 2 {
		return nil, fmt.Errorf("stack: Fn::Join takes a separator and a list")
	}
	parts, err := r.list(List(arguments[1]))
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, part := range parts.([]any) {
		texts = append(texts, text(part))
	}
	return strings.Join(texts, text(arguments[0])), nil
}

func (r *resolver) split(arguments []any) (any, error) {
	if len(arguments) != 2 {
		return nil, fmt.Errorf("stack: Fn::Split takes a separator and a string")
	}
	whole, err := r.resolve(arguments[1])
	if err != nil {
		return nil, err
	}
	parts := []any{}
	for _, part := range strings.Split(text(whole), text(arguments[0])) {
		parts = append(parts, part)
	}
	return parts, nil
}

// pick evaluates Fn::Select.
func (r *resolver) pick(arguments []any) (any, error) {
	if len(arguments) != 2 {
		return nil, fmt.Errorf("stack: Fn::Select takes an index and a list")
	}
	resolved, err := r.resolve(arguments[1])
	if err != nil {
		return nil, err
	}
	index, err := strconv.Atoi(text(arguments[0]))
	if list := List(resolved); err == nil && index >= 0 && index < len(list) {
		return list[index], nil
	}
	return nil, fmt.Errorf("stack: Fn::Select finds no element %v in %v", arguments[0], resolved)
}

func (r *resolver) choose(arguments []any) (any, error) {
	if len(arguments) != 3 {
		return nil, fmt.Errorf("stack: Fn::If takes a condition and two values")
	}
	holds, err := r.condition(text(arguments[0]))
	if err != nil {
		return nil, err
	}
	if holds == true {
		return r.resolve(arguments[1])
	}
	return r.resolve(arguments[2])
}

func (r *resolver) condition(name string) (any, error) {
	expression, ok := r.template.Conditions[name]
	if !ok {
		return nil, fmt.Errorf("stack: no condition %q", name)
	}
	v, err := r.resolve(expression)
	if _, isBool := v.(bool); err == nil && !isBool {
		err = fmt.Errorf("stack: the condition %s is not a test", name)
	}
	return v, err
}

// test evaluates the functions that are allowed in the conditions of a template.
func (r *resolver) test(name string, arguments []any) (any, error) {
	resolved, err := r.list(arguments)
	if err != nil {
		return nil, err
	}
	values := resolved.([]any)
	if name == "Fn::Equals" {
		if len(values) != 2 {
			return nil, fmt.Errorf("stack: Fn::Equals takes two values")
		}
		return text(values[0]) == text(values[1]), nil
	}
	if name == "Fn::Not" && len(values) != 1 || len(values) == 0 {
		return nil, fmt.Errorf("stack: %s has %d values", name, len(values))
	}
	holds := values[0] == true
	for _, v := range values[1:] {
		if name == "Fn::And" {
			holds = holds && v == true
		} else {
			holds = holds || v == true
		}
	}
	return holds != (name == "Fn::Not"), nil
}
