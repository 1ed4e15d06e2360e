package condition

import "testing"

func TestJudge(t *testing.T) {
	texts := map[string][]string{"member.tier": {"basic", "gold"}}
	for source, want := range map[string]Verdict{
		"1 == 2":                                 Never,
		"1 == 1":                                 Always,
		"true":                                   Always,
		"not true":                               Never,
		"order.total < 0":                        Never,
		"order.total >= 0":                       Always,
		"order.total > 0":                        Depends,
		"order.total < 10 and order.total >= 20": Never,
		"order.total < 10 or order.total >= 10":  Always,
		"order.total < 10 or order.total > 10":   Depends,
		"order.total >= 10 and not (order.total >= 5)": Never,
		"order.number == 0":                            Never,
		"order.number > 1 and order.number < 2":        Never,
		"order.number > 1 and order.number <= 2":       Depends,
		"order.number == 1.5":                          Never,
		"order.number == 3":                            Depends,
		"order.number != 0":                            Always,
		"at.month == 13":                               Never,
		"at.hour >= 24 or at.minute > 59":              Never,
		"at.weekday == \"monday\"":                     Never,
		"at.weekday in [\"mon\", \"sun\"]":             Depends,
		"at.weekday in [\"sun\", \"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\"]": Always,
		"member.tier == \"platinum\"":                                     Never,
		"member.tier != \"platinum\"":                                     Always,
		"member.tier == \"gold\"":                                         Depends,
		"member.tier == \"gold\" and member.tier == \"basic\"":            Never,
		"member.tier == \"gold\" or member.tier == \"basic\"":             Always,
		"order.channel == \"web\" and order.channel == \"app\"":           Never,
		"order.channel != \"web\" and order.channel == \"web\"":           Never,
		"order.channel == \"web\"":                                        Depends,
		"order.channel in [\"web\"] and order.channel in [\"app\"]":       Never,
		"any(order.items, .quantity < 1)":                                 Never,
		"none(order.items, .amount < 0)":                                  Always,
		"all(order.items, .amount >= 0)":                                  Always,
		"all(order.items, .amount < 0)":                                   Depends, // an order may have no items
		"any(order.items, .category == \"beans\")":                        Depends,
		"\"vip\" in member.segments":                                      Depends,
		"\"vip\" in member.segments and not (\"vip\" in member.segments)": Never,
		"len(order.items) < 0":                                            Never,
		"order.total + order.shipping < 0":                                Never,
		"order.total - order.shipping < 0":                                Depends,
		"order.subtotal > order.total":                                    Depends,
		"order.first and not order.first":                                 Never,
		"-1 > 0":                                                          Never,
		"order.total > -1":                                                Always,
	} {
		if got := Judge(source, texts); got != want {
			t.Errorf("%s: %d, want %d", source, got, want)
		}
	}
}
