package explain

import (
	"cmp"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// An argument is a value that can be inserted into a sentence. It has the name that the sentence uses, the index of the
// value in the arguments of the reason, and the function that formats it.
type argument struct {
	name string
	at   int
	in   func(speaker, []string) value
}

// arguments lists the values that can be inserted into the sentences for each kind of reason. A reason with fewer
// arguments than least is described by a general sentence.
var arguments = map[loyalty.ReasonKind]struct {
	least int
	are   []argument
}{
	loyalty.Says:                {1, nil},
	loyalty.IsRated:             {2, []argument{{"amount", 0, amount}, {"rate", 0, rate}}},
	loyalty.IsTimes:             {2, []argument{{"amount", 0, amount}, {"counts", 1, counts}}},
	loyalty.IsFactor:            {1, []argument{{"counts", 0, counts}}},
	loyalty.IsUnits:             {2, []argument{{"quantity", 0, counted("quantity")}, {"each", 1, points}}},
	loyalty.IsFixed:             {1, []argument{{"gives", 0, points}}},
	loyalty.IsStep:              {3, []argument{{"amount", 0, amount}, {"from", 1, amount}, {"gives", 2, points}}},
	loyalty.IsUnpaid:            {0, nil},
	loyalty.IsUnknownTender:     {1, []argument{{"amount", 0, amount}}},
	loyalty.IsCanceled:          {0, nil},
	loyalty.IsConverted:         {2, []argument{{"from", 0, exchange}, {"to", 1, exchange}}},
	loyalty.IsRounded:           {1, nil},
	loyalty.IsCarried:           {0, nil},
	loyalty.IsCapped:            {2, []argument{{"most", 0, points}, {"period", 1, period}}},
	loyalty.IsRefused:           {2, []argument{{"most", 0, points}, {"period", 1, period}}},
	loyalty.IsSpent:             {1, []argument{{"left", 0, points}}},
	loyalty.IsLimited:           {2, []argument{{"times", 0, times}, {"period", 1, period}}},
	loyalty.IsResting:           {1, []argument{{"day", 0, date}}},
	loyalty.IsBeaten:            {1, []argument{{"other", 0, rule}}},
	loyalty.IsShort:             {2, []argument{{"needed", 0, amount}, {"had", 1, amount}}},
	loyalty.IsUnmet:             {1, nil}, // the argument is the condition, which only the program's editors need
	loyalty.IsUnjoined:          {0, nil},
	loyalty.IsFor:               {2, []argument{{"which", 1, named}}},
	loyalty.IsMissing:           {2, []argument{{"which", 1, named}}},
	loyalty.IsShadow:            {1, []argument{{"would", 0, points}}},
	loyalty.IsFailed:            {1, nil}, // the argument is the error, which only the program's editors need
	loyalty.IsBounded:           {0, nil},
	loyalty.WasGiven:            {0, nil},
	loyalty.HasFollowed:         {1, []argument{{"order", 0, text}}},
	loyalty.IsLate:              {1, []argument{{"day", 0, date}}},
	loyalty.IsRetained:          {1, []argument{{"day", 1, date}}},
	loyalty.IsOwed:              {1, []argument{{"owed", 0, points}}},
	loyalty.WasRetained:         {0, nil},
	loyalty.HasExpired:          {1, []argument{{"day", 0, date}}},
	loyalty.CameLate:            {1, []argument{{"day", 0, date}}},
	loyalty.BecameActive:        {2, []argument{{"by", 0, by}, {"active", 1, points}}},
	loyalty.IsCost:              {1, []argument{{"cost", 0, points}}},
	loyalty.IsAutomatic:         {1, []argument{{"least", 0, points}}},
	loyalty.IsStopped:           {2, []argument{{"day", 1, date}}},
	loyalty.IsFree:              {0, nil},
	loyalty.WasSpent:            {1, []argument{{"spent", 0, points}}},
	loyalty.WasReturned:         {1, nil},
	loyalty.HasMoved:            {5, []argument{{"from", 0, level}, {"to", 1, level}, {"measured", 3, measured}}},
	loyalty.HasStayed:           {2, []argument{{"measured", 0, measured}}},
	loyalty.WasPlaced:           {3, []argument{{"from", 0, level}, {"to", 1, level}, {"why", 2, text}}},
	loyalty.WasNotified:         {2, nil},
	loyalty.CameBack:            {2, nil},
	loyalty.WasPostponed:        {1, []argument{{"day", 0, date}}},
	loyalty.IsEntryBonus:        {1, []argument{{"to", 0, level}}},
	loyalty.WasWithdrawn:        {3, []argument{{"from", 0, level}, {"to", 1, level}}},
	loyalty.WasRedecided:        {2, []argument{{"to", 0, level}}},
	loyalty.EntryBonusWithdrawn: {1, []argument{{"to", 0, level}}},
	loyalty.LostProtection:      {1, []argument{{"day", 0, date}}},
	loyalty.WasRedated:          {2, []argument{{"to", 0, level}, {"day", 1, date}}},
	loyalty.WasReached:          {1, []argument{{"orders", 0, counted("orders")}}},
	loyalty.WasUnreached:        {1, []argument{{"orders", 0, counted("orders")}}},
	loyalty.WasReachedOn:        {2, []argument{{"orders", 0, counted("orders")}, {"day", 1, date}}},
	loyalty.WasExtended:         {1, []argument{{"day", 0, date}, {"why", 1, text}}},
	loyalty.WasReinstated:       {1, []argument{{"day", 0, date}, {"why", 1, text}}},
	loyalty.WasMoved:            {1, []argument{{"day", 0, date}}},
	loyalty.WasMovedBack:        {1, []argument{{"day", 0, date}}},
	loyalty.WasRevived:          {1, []argument{{"day", 0, date}}},
	loyalty.WasConverted:        {4, []argument{{"left", 0, pointsIn}, {"came", 2, pointsIn}}},
	loyalty.WasConvertedBack:    {4, []argument{{"left", 0, pointsIn}, {"came", 2, pointsIn}}},
	loyalty.WasFrozen:           {1, nil},
	loyalty.WasUnfrozen:         {1, nil},
	loyalty.WasErased:           {0, nil},
	loyalty.WasReleased:         {1, nil},
	loyalty.HasChanged:          {1, []argument{{"campaign", 0, rule}}},
	loyalty.WasSent:             {1, nil},
	loyalty.IsFee:               {1, nil},
	loyalty.WasAccepted:         {1, []argument{{"given", 0, points}}},
	loyalty.WasReceived:         {1, nil},
	loyalty.WasContributed:      {1, nil},
	loyalty.WasGivenTo:          {1, nil},
}

func text(_ speaker, args []string) value     { return value{text: args[0]} }
func amount(s speaker, args []string) value   { return s.money(args[0], figures{}) }
func exchange(s speaker, args []string) value { return s.money(args[0], figures{exact: true}) }
func points(s speaker, args []string) value   { return s.quantity(args[0], figures{}) }
func rule(s speaker, args []string) value     { return s.rule(args[0]) }
func level(s speaker, args []string) value    { return s.level(args[0]) }

// counted returns a function that formats a count with its noun, such as "3 orders". The noun is in the phrase with the
// key things.
func counted(things string) func(speaker, []string) value {
	return func(s speaker, args []string) value {
		n := s.write(args[0], figures{})
		return value{s.phrase(things, values{"n": n}), n.number}
	}
}

// rate formats an earning rate such as "1 per 1.00". It adds the currency of the amount in the first argument to the
// rate.
func rate(s speaker, args []string) value {
	gives, per, found := strings.Cut(args[1], " per ")
	per, full := strings.CutPrefix(per, "full ")
	if !found {
		return value{text: args[1]}
	}
	if _, code, ok := strings.Cut(args[0], " "); ok {
		per += " " + code
	}
	phrase := "rate"
	if full {
		phrase = "rate.full"
	}
	return value{text: s.phrase(phrase, values{
		"points": s.quantity(gives, figures{}), "amount": s.money(per, figures{}),
	})}
}

// counts formats a multiplier with a verb, such as "counts double". Some multipliers have their own phrase.
func counts(s speaker, args []string) value {
	if said := s.phrases["counts."+args[0]]; said != "" {
		return value{text: said}
	}
	return value{text: s.phrase("counts", values{"n": s.write(args[0], figures{})})}
}

func times(s speaker, args []string) value {
	if said := s.phrases["times."+args[0]]; said != "" {
		return value{text: said}
	}
	return value{text: s.phrase("times", values{"n": s.write(args[0], figures{})})}
}

// named formats the levels or other targets of a campaign. A level is shown with its name in the program. Any other
// target is shown as the merchant wrote it.
func named(s speaker, args []string) value {
	which := strings.Split(args[0], ", ")
	for i, name := range which {
		which[i] = s.level(name).text
	}
	return value{text: strings.Join(which, ", ")}
}

func period(s speaker, args []string) value {
	return value{text: cmp.Or(s.phrases["period."+args[0]], args[0])}
}

func date(s speaker, args []string) value {
	d, err := calendar.ParseDate(args[0])
	if err != nil {
		return value{text: args[0]}
	}
	return value{text: s.date(d)}
}

// by formats the cause of pending points, such as "order 1042".
func by(s speaker, args []string) value {
	kind, id, _ := strings.Cut(args[0], " ")
	return s.by(kind, id)
}

// measured formats the amounts that counted towards a level, and the period. It receives arguments such as "512" and
// "points_earned/12" or, for several metrics, "512+3" and "spend+visits/year".
func measured(s speaker, args []string) value {
	by, window, _ := strings.Cut(args[1], "/")
	key := "window." + cmp.Or(window, "all")
	if _, ok := s.phrases[key]; !ok {
		key = "window.months"
	}
	var what []string
	amounts := strings.Split(args[0], "+")
	for i, by := range strings.Split(by, "+") {
		if i < len(amounts) {
			what = append(what, s.measure(by, amounts[i]).text)
		}
	}
	return value{text: s.phrase("measured", values{
		"what": {text: strings.Join(what, ", ")}, "when": {text: s.phrase(key, values{"n": {text: window}})},
	})}
}

func (s speaker) measure(by, n string) value {
	switch by {
	case loyalty.BySpend.String():
		return s.money(n+" "+string(s.p.Tiers.Currency), figures{})
	case loyalty.ByOrders.String():
		return counted("orders")(s, []string{n})
	case loyalty.ByQualifyingItems.String():
		return counted("items")(s, []string{n})
	case loyalty.ByVisits.String():
		return counted("visits")(s, []string{n})
	case loyalty.ByBrands.String():
		return counted("brands")(s, []string{n})
	}
	return s.quantity(n, figures{})
}
