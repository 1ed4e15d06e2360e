package program

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// orderCondition compiles what a rule asks of an order; nil if it asks nothing.
func (c *compiler) orderCondition(n *node) loyalty.Condition {
	return c.condition(n, snapshot.OrderCondition)
}

// eventCondition compiles what an action asks of an event of a type that exists.
func (c *compiler) eventCondition(n *node, event string) loyalty.Condition {
	return c.condition(n, func(source string) (loyalty.Condition, error) {
		return snapshot.EventCondition(c.p, event, source)
	})
}

func (c *compiler) condition(n *node, compile func(string) (loyalty.Condition, error)) loyalty.Condition {
	if n.text() == "" {
		return nil
	}
	condition, err := compile(n.value)
	if err != nil {
		c.add(at(n, "%s", err))
		return nil
	}
	return condition
}
