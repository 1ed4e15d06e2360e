package access

import (
	"context"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

// A Guard enforces the policies of all functions of a stack. Do not change its fields after the first use.
type Guard struct {
	Policies map[string]Policy // by the function's short name
	TableARN string
	KeyARN   string // the customer-managed KMS key of all resources; empty for none

	// Denied is called with each error that the guard returns, unless Denied is nil. Tests fail in Denied, because the
	// code under test may handle the error.
	Denied func(error)

	// Observe is called with each call before it is checked; nil does nothing.
	Observe func(function string, c Call)
}

// New returns a Guard with the policies of a template whose references have the given values.
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

// Check returns a *DeniedError if the function's policies do not allow the call, or the use of the KMS key for it.
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

// As returns a context that marks calls as those of a function. Table checks calls with such a context. It does not
// check other calls, which a test makes for its own purposes.
func As(ctx context.Context, function string) context.Context {
	return context.WithValue(ctx, functionKey{}, function)
}

// functionOf returns the function that makes a call, or "" if there is none.
func functionOf(ctx context.Context) string {
	name, _ := ctx.Value(functionKey{}).(string)
	return name
}

// An Invoker is a Lambda handler.
type Invoker interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Handler returns a handler that makes its calls as the given function.
func Handler(function string, h Invoker) Invoker { return handler{function, h} }

type handler struct {
	function string
	next     Invoker
}

func (h handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return h.next.Invoke(As(ctx, h.function), payload)
}
