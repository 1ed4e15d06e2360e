package program

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/condition"
	"github.com/perennial-loyalty/perennial/internal/program/problem"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// orderCondition compiles a rule's condition on an order. It returns nil if there is none.
func (c *compiler) orderCondition(n *node) loyalty.Condition {
	return c.condition(n, snapshot.OrderCondition)
}

// eventCondition compiles an action's condition on an event, whose type must exist.
func (c *compiler) eventCondition(n *node, event string) loyalty.Condition {
	return c.condition(n, func(source string) (loyalty.Condition, error) {
		return snapshot.EventCondition(c.p, event, source)
	})
}

// rewardCondition compiles a reward's condition on the member and the order.
func (c *compiler) rewardCondition(n *node) loyalty.Condition {
	return c.condition(n, snapshot.RewardCondition)
}

// memberCondition compiles a reminder's condition on the member.
func (c *compiler) memberCondition(n *node) loyalty.Condition {
	return c.condition(n, snapshot.MemberCondition)
}

func (c *compiler) condition(n *node, compile func(string) (loyalty.Condition, error)) loyalty.Condition {
	if n.text() == "" {
		return nil
	}
	compiled, err := compile(n.value)
	var wrong *condition.Error
	switch {
	case errors.As(err, &wrong):
		c.add(c.misasked(n, wrong))
		return nil
	case err != nil:
		c.add(at(n, "%s", err))
		return nil
	}
	switch condition.Judge(n.value, c.closedTexts()) {
	case condition.Never:
		c.add(at(n, "is never true; correct the condition or remove the entry"))
	case condition.Always:
		c.warn(at(n, "is always true; correct it or remove it"))
	}
	return compiled
}

// closedTexts returns the possible values of names that have few values in this program.
func (c *compiler) closedTexts() map[string][]string {
	texts := map[string][]string{}
	for _, l := range c.p.Tiers.Levels {
		texts["member.tier"] = append(texts["member.tier"], l.ID)
	}
	return texts
}

// misasked returns a problem with a condition at its position in the condition. It skips the search for the position
// once there are more problems than are reported.
func (c *compiler) misasked(n *node, wrong *condition.Error) Problem {
	p := at(n, "%s", wrong.Message).Suggest(wrong.Suggestion)
	if len(c.problems) > problem.Most {
		return p
	}
	if line, column, ok := c.within(n, wrong.Column); ok {
		p.Line, p.Column, p.Width = line, column, wordAt(n.value, wrong.Column)
	}
	return p
}

// within returns the position in the file of a character of a text, if the text is in the file unchanged: on one
// line, plain or in quotes without escapes, or on separate lines of a block.
func (c *compiler) within(n *node, character int) (line, column int, ok bool) {
	before := string([]rune(n.value)[:min(character, utf8.RuneCountInString(n.value))])
	nth := strings.Count(before, "\n")
	written := strings.Split(n.value, "\n")[nth]
	character = utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:])
	for line := n.line + nth; line <= min(n.line+nth+1, len(c.source)); line++ {
		from := 0
		text := []rune(c.source[line-1])
		if line == n.line {
			from = min(n.column-1, len(text))
		}
		if at := strings.Index(string(text[from:]), written); at >= 0 && strings.TrimSpace(written) != "" {
			return line, 1 + from + utf8.RuneCountInString(string(text[from:])[:at]) + character, true
		}
	}
	return 0, 0, false
}

// wordAt returns the length of the word at a character of a text, at least 1.
func wordAt(s string, character int) int {
	runes := []rune(s)
	if character >= len(runes) {
		return 1
	}
	end := slices.IndexFunc(runes[character:], func(r rune) bool { return !strings.ContainsRune("_", r) && !isWord(r) })
	if end < 0 {
		end = len(runes) - character
	}
	return max(1, end)
}

func isWord(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' }
