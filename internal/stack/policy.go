package stack

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// A Statement is one statement of an IAM policy.
type Statement struct {
	Sid       string
	Effect    string   // Allow or Deny
	Action    []string // patterns of actions, such as dynamodb:GetItem
	Resource  []string // patterns of ARNs
	Condition []Condition
}

// A Condition is one condition of a statement. A statement applies only if all its conditions are true.
type Condition struct {
	Operator string // such as ForAllValues:StringLike
	Key      string // a condition key, such as dynamodb:LeadingKeys
	Values   []string
}

// Statements returns the statements of a function's own policies. All references in them are resolved. It returns an
// error for a policy that is not an inline document, such as the name of a managed policy or a SAM policy template. It
// also returns an error for an unknown part of a statement. If it ignored the part, the meaning of the policy would
// change.
func (t *Template) Statements(f *Function, values Values) ([]Statement, error) {
	policies, err := t.policies(f, values)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.ID, err)
	}
	var statements []Statement
	for _, policy := range policies {
		if At(policy, "Statement") == nil {
			return nil, fmt.Errorf("stack: %s: the policy %v is not an inline document", f.ID, policy)
		}
		for _, s := range List(At(policy, "Statement")) {
			statement, err := readStatement(object(s))
			if err != nil {
				return nil, fmt.Errorf("stack: %s: %w", f.ID, err)
			}
			statements = append(statements, statement)
		}
	}
	return statements, nil
}

// policies returns the policy documents of a function. In a SAM template, these are the function's Policies. In a
// transformed template, these are the inline policies of the function's role. In both, the policies that are attached
// to the role are added.
func (t *Template) policies(f *Function, values Values) ([]any, error) {
	if t.Resources[f.ID].Type == "AWS::Serverless::Function" {
		own, err := t.Resolve(f.Properties["Policies"], values)
		if err != nil {
			return nil, err
		}
		attached, err := t.attached(f.ID+"Role", values) // the name of the role that SAM creates
		return append(List(own), attached...), err
	}
	id := Referent(f.Properties["Role"])
	role, ok := t.Resources[id]
	if !ok {
		return nil, fmt.Errorf("stack: the function's role is not in the template")
	}
	inline, err := t.Resolve(role.Properties["Policies"], values)
	if err != nil {
		return nil, err
	}
	var documents []any
	for _, p := range List(inline) {
		documents = append(documents, At(p, "PolicyDocument"))
	}
	attached, err := t.attached(id, values)
	return append(documents, attached...), err
}

// attached returns the documents of the policies that are attached to a role. It omits a policy whose condition is
// false.
func (t *Template) attached(role string, values Values) (documents []any, err error) {
	policies := t.OfType("AWS::IAM::Policy")
	for _, id := range slices.Sorted(maps.Keys(policies)) {
		p := policies[id]
		names := func(r any) bool { return Referent(r) == role }
		if !slices.ContainsFunc(List(p.Properties["Roles"]), names) {
			continue
		}
		if p.Condition != "" {
			exists, err := t.Resolve(Object{"Condition": p.Condition}, values)
			if err != nil {
				return nil, err
			}
			if exists != true {
				continue
			}
		}
		document, err := t.Resolve(p.Properties["PolicyDocument"], values)
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	return documents, nil
}

func readStatement(o Object) (Statement, error) {
	s := Statement{Sid: text(o["Sid"]), Effect: text(o["Effect"])}
	var err error
	for name, v := range o {
		switch name {
		case "Sid", "Effect":
			continue
		case "Action":
			s.Action, err = texts(v)
		case "Resource":
			s.Resource, err = texts(v)
		case "Condition":
			s.Condition, err = readConditions(object(v))
		default:
			err = errors.New("is not supported")
		}
		if err != nil {
			return Statement{}, fmt.Errorf("statement %s: %s: %w", s.Sid, name, err)
		}
	}
	if s.Effect != "Allow" && s.Effect != "Deny" {
		return Statement{}, fmt.Errorf("statement %s: the effect %q is neither Allow nor Deny", s.Sid, s.Effect)
	}
	if len(s.Action) == 0 || len(s.Resource) == 0 {
		return Statement{}, fmt.Errorf("statement %s has no action or no resource", s.Sid)
	}
	return s, nil
}

// readConditions returns the conditions of a statement, sorted by operator and key.
func readConditions(o Object) (conditions []Condition, err error) {
	for _, operator := range slices.Sorted(maps.Keys(o)) {
		keys := object(o[operator])
		if len(keys) == 0 {
			return nil, fmt.Errorf("%s has no keys", operator)
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			values, err := texts(keys[key])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			conditions = append(conditions, Condition{Operator: operator, Key: key, Values: values})
		}
	}
	return conditions, nil
}

// texts returns a list of scalars as strings. It rejects any other element. For example, the YAML parser reads
// [kms:Decrypt] inside braces as a mapping, and such a policy must not be misinterpreted.
func texts(v any) (out []string, err error) {
	for _, e := range List(v) {
		s := text(e)
		if s == "" {
			return nil, fmt.Errorf("%v is not a string", e)
		}
		out = append(out, s)
	}
	return out, nil
}
