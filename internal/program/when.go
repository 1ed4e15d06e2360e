package program

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/condition"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/problem"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// parseOrderCondition compiles a rule's condition on an order. It returns nil if there is no condition.
func parseOrderCondition(c *document.Compiler, n *document.Node) loyalty.Condition {
	return parseCondition(c, n, snapshot.OrderCondition)
}

// parseEventCondition compiles an action's condition on an event, whose type must exist.
func parseEventCondition(c *document.Compiler, n *document.Node, event string) loyalty.Condition {
	return parseCondition(c, n, func(source string) (loyalty.Condition, error) {
		return snapshot.EventCondition(c.P, event, source)
	})
}

// parseRewardCondition compiles a reward's condition on the member and the order.
func parseRewardCondition(c *document.Compiler, n *document.Node) loyalty.Condition {
	return parseCondition(c, n, snapshot.RewardCondition)
}

// parseMemberCondition compiles a reminder's condition on the member.
func parseMemberCondition(c *document.Compiler, n *document.Node) loyalty.Condition {
	return parseCondition(c, n, snapshot.MemberCondition)
}

func parseCondition(
	c *document.Compiler, n *document.Node, compile func(string) (loyalty.Condition, error),
) loyalty.Condition {
	if n.Text() == "" {
		return nil
	}
	compiled, err := compile(n.Value)
	var wrong *condition.Error
	switch {
	case errors.As(err, &wrong):
		c.Add(misasked(c, n, wrong))
		return nil
	case err != nil:
		c.Add(document.At(n, "%s", err))
		return nil
	}
	switch condition.Judge(n.Value, closedTexts(c)) {
	case condition.Never:
		c.Add(document.At(n, "is never true; correct the condition or remove the entry"))
	case condition.Always:
		c.Warn(document.At(n, "is always true; correct it or remove it"))
	}
	return compiled
}

// closedTexts returns all possible values of the names that have only a few values in this program, such as
// member.tier.
func closedTexts(c *document.Compiler) map[string][]string {
	texts := map[string][]string{}
	for _, l := range c.P.Tiers.Levels {
		texts["member.tier"] = append(texts["member.tier"], l.ID)
	}
	return texts
}

// misasked returns a problem for an invalid condition, at the position of the wrong word. If more than problem.Most
// problems were found, it does not search for the word, because not all problems are reported.
func misasked(c *document.Compiler, n *document.Node, wrong *condition.Error) document.Problem {
	p := document.At(n, "%s", wrong.Message).Suggest(wrong.Suggestion)
	if len(c.Problems) > problem.Most {
		return p
	}
	if line, column, ok := within(c, n, wrong.Column); ok {
		p.Line, p.Column, p.Width = line, column, wordAt(n.Value, wrong.Column)
	}
	return p
}

// within finds a character of the text n in the file, and returns its position. It reports true only if the text occurs
// unchanged in the file: on one line, plain or in quotes without escape sequences, or as the lines of a block.
func within(c *document.Compiler, n *document.Node, character int) (line, column int, ok bool) {
	before := string([]rune(n.Value)[:min(character, utf8.RuneCountInString(n.Value))])
	nth := strings.Count(before, "\n")
	written := strings.Split(n.Value, "\n")[nth]
	character = utf8.RuneCountInString(before[strings.LastIndex(before, "\n")+1:])
	for line := n.Line + nth; line <= min(n.Line+nth+1, len(c.Source)); line++ {
		from := 0
		text := []rune(c.Source[line-1])
		if line == n.Line {
			from = min(n.Column-1, len(text))
		}
		if at := strings.Index(string(text[from:]), written); at >= 0 && strings.TrimSpace(written) != "" {
			return line, 1 + from + utf8.RuneCountInString(string(text[from:])[:at]) + character, true
		}
	}
	return 0, 0, false
}

// wordAt returns the length of the word that starts at a character of a text. It is at least 1.
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
