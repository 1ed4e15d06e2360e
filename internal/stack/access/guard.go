package access

import (
	"context"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

// A Guard enforces the policies of all functions of a stack. Do not change its fields after the first use.
type Guard struct {
	Policies map[string]Policy // the policies by the short name of the function
	TableARN string
	KeyARN   string // the ARN of the customer-managed KMS key of all resources; empty if there is none

	// Denied is called with each error that the guard returns. It may be nil. In tests, Denied fails the test, because
	// the tested code may handle the error.
	Denied func(error)

	// Observe is called with each call before the call is checked. It may be nil.
	Observe func(function string, c Call)
}

// New returns a Guard with the policies of a template. The references of the template have the given values.
func New(t *stack.Template, values stack.Values) (*Guard, error) {
	g := &Guard{Policies: map[string]Policy{}}
	for _, f := range t.Functions {
		statements, err := t.Statements(f, values)
		if err != nil {
			return nil, err
		}
		g.Policies[f.Name] = statements
	}
	g.TableARN, _ = values["Table.Arn"].(string)
	key, err := t.Resolve(stack.At(t.Resources["Table"].Properties, "SSESpecification"), values)
	if err != nil {
		return nil, fmt.Errorf("access: %w", err)
	}
	g.KeyARN, _ = stack.At(key, "KMSMasterKeyId").(string)
	return g, nil
}

// Check returns a *DeniedError if the function's policies do not allow the call, or do not allow the use of the KMS key
// for the call.
func (g *Guard) Check(function string, c Call) error {
	c.Key = g.KeyARN
	if g.Observe != nil {
		g.Observe(function, c)
	}
	policy, ok := g.Policies[function]
	err := fmt.Errorf("access: the template has no function %q", function)
	if ok {
		err = policy.Check(function, c)
	}
	if err != nil && g.Denied != nil {
		g.Denied(err)
	}
	return err
}

type functionKey struct{}

// As returns a context whose calls are made by the given function. A table that Guard.Table returned checks only the
// calls with such a context. Other calls are made by a test for its own purposes.
func As(ctx context.Context, function string) context.Context {
	return context.WithValue(ctx, functionKey{}, function)
}

// functionOf returns the function that makes the calls of a context, or "" if there is none.
func functionOf(ctx context.Context) string {
	name, _ := ctx.Value(functionKey{}).(string)
	return name
}

// An Invoker is a Lambda handler.
type Invoker interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Handler returns a handler whose calls are made by the given function.
func Handler(function string, h Invoker) Invoker { return handler{function, h} }

type handler struct {
	function string
	next     Invoker
}

func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return h.next.Invoke(As(ctx, h.function), payload)
}
