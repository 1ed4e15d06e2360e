// Package stack reads template.yaml, which describes Perennial's resources on AWS: the parameters, the functions with
// their events, environment and policies, and all other resources.
//
// It reads the SAM file and also the CloudFormation file into which SAM transforms it, because both use the same
// syntax. It returns values as they are in the file. Resolve replaces references with values that the caller supplies.
// The package does not transform, validate or deploy a template; SAM, cfn-lint and CloudFormation do this.
package stack

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// An Object is a mapping in the template. A reference is an object with one name: !Ref Table is {"Ref": "Table"},
// !GetAtt Table.Arn is {"Fn::GetAtt": ["Table", "Arn"]}, and !Sub x is {"Fn::Sub": "x"}.
type Object = map[string]any

// A Template is a parsed template.
type Template struct {
	Parameters map[string]Parameter
	Conditions Object               // expressions of the Conditions section, by name
	Resources  map[string]Resource  // resources by logical ID
	Functions  map[string]*Function // functions by logical ID
	Document   Object               // the complete file
}

// A Parameter is one entry of the Parameters section.
type Parameter struct {
	Type          string
	Description   string
	Default       string // used only if HasDefault is set
	HasDefault    bool
	AllowedValues []string
}

// A Resource is one entry of the Resources section.
type Resource struct {
	Type       string
	Condition  string // the name of the condition under which the resource exists; empty if it always exists
	Properties Object // nil if the resource has no properties
	Attributes Object // the complete entry, with Metadata, DependsOn, DeletionPolicy and so on
}

// A Function is a Lambda function: a resource of type AWS::Serverless::Function or AWS::Lambda::Function. As in SAM,
// its properties include the values of Globals.Function.
type Function struct {
	ID          string // the logical ID, such as EarnFunction
	Name        string // the short name, such as earn: the last element of Code, or the ID without its suffix
	Code        string // the CodeUri as written in the file, such as build/earn/; empty in a transformed template
	Timeout     int    // in seconds
	MemorySize  int    // in megabytes
	Environment Object // the variables as written in the file; see Template.Environment
	Events      []Event
	Properties  Object // all properties, including those of Globals.Function
}

// An Event is one event source of a function.
type Event struct {
	Name       string // the name of the event source within the function
	Type       string // HttpApi, ScheduleV2, SQS, DynamoDB or EventBridgeRule
	Route      string // for HttpApi: the route key, such as "GET /v1/members/{member}" or "$default"
	Schedule   string // for ScheduleV2: the schedule expression
	Source     string // for SQS and DynamoDB: the logical ID of the queue or table
	Properties Object // all properties, as written in the file
}

// Read reads a template from a file.
func Read(path string) (*Template, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("stack: %w", err)
	}
	t, err := Parse(source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Parse reads a template in YAML or JSON.
func Parse(source []byte) (*Template, error) {
	document, err := ParseYAML(source)
	if err != nil {
		return nil, err
	}
	t := &Template{
		Parameters: map[string]Parameter{},
		Conditions: object(At(document, "Conditions")),
		Resources:  map[string]Resource{},
		Functions:  map[string]*Function{},
		Document:   document,
	}
	for name, p := range object(At(document, "Parameters")) {
		t.Parameters[name] = readParameter(object(p))
	}
	globals := object(At(document, "Globals", "Function"))
	for id, r := range object(At(document, "Resources")) {
		resource := readResource(object(r))
		t.Resources[id] = resource
		switch resource.Type {
		case "AWS::Serverless::Function", "AWS::Lambda::Function":
			f, err := readFunction(id, merge(globals, resource.Properties))
			if err != nil {
				return nil, fmt.Errorf("stack: %s: %w", id, err)
			}
			t.Functions[id] = f
		}
	}
	return t, nil
}

// Function returns the function with the given short name.
func (t *Template) Function(name string) (*Function, error) {
	for _, f := range t.Functions {
		if f.Name == name {
			return f, nil
		}
	}
	return nil, fmt.Errorf("stack: no function %q in the template", name)
}

// FunctionIDs returns the sorted logical IDs of all functions.
func (t *Template) FunctionIDs() []string { return slices.Sorted(maps.Keys(t.Functions)) }

// OfType returns the resources of a type by logical ID.
func (t *Template) OfType(kind string) map[string]Resource {
	found := map[string]Resource{}
	for id, r := range t.Resources {
		if r.Type == kind {
			found[id] = r
		}
	}
	return found
}

func readParameter(o Object) Parameter {
	p := Parameter{Type: text(o["Type"]), Description: text(o["Description"])}
	if d, ok := o["Default"]; ok {
		p.Default, p.HasDefault = text(d), true
	}
	for _, v := range List(o["AllowedValues"]) {
		p.AllowedValues = append(p.AllowedValues, text(v))
	}
	return p
}

func readResource(o Object) Resource {
	return Resource{
		Type:       text(o["Type"]),
		Condition:  text(o["Condition"]),
		Properties: object(o["Properties"]),
		Attributes: o,
	}
}

func readFunction(id string, properties Object) (*Function, error) {
	f := &Function{
		ID:          id,
		Code:        text(properties["CodeUri"]),
		Timeout:     number(properties["Timeout"]),
		MemorySize:  number(properties["MemorySize"]),
		Environment: object(At(properties, "Environment", "Variables")),
		Properties:  properties,
	}
	f.Name = lastElement(f.Code)
	if f.Code == "" {
		f.Name = strings.ToLower(strings.TrimSuffix(id, "Function"))
	}
	events := object(properties["Events"])
	for _, name := range slices.Sorted(maps.Keys(events)) {
		e, err := readEvent(name, object(events[name]))
		if err != nil {
			return nil, err
		}
		f.Events = append(f.Events, e)
	}
	return f, nil
}

func readEvent(name string, o Object) (Event, error) {
	p := object(o["Properties"])
	e := Event{Name: name, Type: text(o["Type"]), Properties: p}
	switch e.Type {
	case "HttpApi":
		e.Route = "$default"
		if p["Path"] != nil && p["Path"] != "$default" {
			e.Route = strings.ToUpper(text(p["Method"])) + " " + text(p["Path"])
		}
	case "ScheduleV2":
		e.Schedule = text(p["ScheduleExpression"])
	case "SQS":
		e.Source = Referent(p["Queue"])
	case "DynamoDB":
		e.Source = Referent(p["Stream"])
	case "EventBridgeRule":
	default:
		return Event{}, fmt.Errorf("event %s has the type %q, which is not supported", name, e.Type)
	}
	return e, nil
}

// merge combines a function's own properties with the global ones, as SAM does: objects are merged, lists are appended,
// and any other value of the function replaces the global value.
func merge(global, own Object) Object {
	merged := maps.Clone(global)
	if merged == nil {
		merged = Object{}
	}
	for name, v := range own {
		merged[name] = mergeValue(merged[name], v)
	}
	return merged
}

func mergeValue(global, own any) any {
	switch own := own.(type) {
	case Object:
		if g, ok := global.(Object); ok && !isIntrinsic(g) && !isIntrinsic(own) {
			return merge(g, own)
		}
	case []any:
		if g, ok := global.([]any); ok {
			return slices.Concat(g, own)
		}
	}
	return own
}

// lastElement returns the last element of a path, which has slashes between its elements.
func lastElement(path string) string {
	path = strings.TrimSuffix(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}
