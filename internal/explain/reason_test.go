package explain

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

const (
	weekend = "campaigns.double-weekend"
	mug     = "rewards.free-mug"
)

// said is each What, and each case of it, in both languages.
var said = []struct {
	because loyalty.Reason
	en, de  string
}{
	{
		why("adjustment", "50", loyalty.Says, "Sorry for the {delay}"),
		"Sorry for the {delay}", "Sorry for the {delay}",
	},
	{
		why("adjustment", "50", loyalty.Says), "By the rules of the program: +50 beans.",
		"Nach den Regeln des Programms: +50 Bohnen.",
	},
	{
		why("earn.purchase", "29.99", loyalty.IsRated, "29.99 EUR", "1 per 1.00"),
		"29.99 EUR at 1 bean per 1.00 EUR: 29.99 beans.", "29,99 EUR, 1 Bohne je 1,00 EUR: 29,99 Bohnen.",
	},
	{
		why("earn.purchase", "2999/110", loyalty.IsRated, "29.99 USD", "1 per 1.10"),
		"29.99 USD at 1 bean per 1.10 USD: about 27.2636 beans.",
		"29,99 USD, 1 Bohne je 1,10 USD: rund 27,2636 Bohnen.",
	},
	{
		why(weekend, "2469", loyalty.IsRated, "1234.5 EUR", "2 per 1.00"),
		"The campaign Double beans weekend gives 2,469 beans: 1,234.50 EUR at 2 beans per 1.00 EUR.",
		"Die Aktion „Doppelte Bohnen“ bringt 2.469 Bohnen: 1.234,50 EUR, 2 Bohnen je 1,00 EUR.",
	},
	{
		why("earn.categories.beans-x2", "29.99", loyalty.IsTimes, "29.99 EUR", "2"),
		"The category coffee-beans counts double, for 29.99 EUR: +29.99 beans.",
		"Die Kategorie „coffee-beans“ zählt doppelt, für 29,99 EUR: +29,99 Bohnen.",
	},
	{
		why("earn.categories.gone", "-20", loyalty.IsTimes, "20.00 EUR", "0"),
		"The category gone does not count, for 20.00 EUR: -20 beans.",
		"Die Kategorie „gone“ zählt nicht, für 20,00 EUR: -20 Bohnen.",
	},
	{
		why("tiers.silver", "7.4975", loyalty.IsFactor, "1.25"),
		"The level Silver counts 1.25 times: +7.4975 beans.", "Die Stufe Silber zählt 1,25-fach: +7,4975 Bohnen.",
	},
	{
		why("earn.rules.mugs", "15", loyalty.IsUnits, "3", "5"),
		"The bonus Mug love gives 15 beans: 3 items at 5 beans each.",
		"Der Bonus „Tassenliebe“ bringt 15 Bohnen: 3 Stück, je 5 Bohnen.",
	},
	{
		why("earn.actions.review", "1", loyalty.IsFixed, "1"), "The bonus review gives 1 bean.",
		"Der Bonus „review“ bringt 1 Bohne.",
	},
	{
		why("campaigns.spring", "100", loyalty.IsStep, "75.00 EUR", "50.00 EUR", "100"),
		"The campaign spring gives 100 beans: 75.00 EUR reaches the threshold of 50.00 EUR.",
		"Die Aktion „spring“ bringt 100 Bohnen: 75,00 EUR erreichen die Schwelle von 50,00 EUR.",
	},
	{
		why("earn.purchase", "0", loyalty.IsUnpaid), "The order is not paid yet.",
		"Die Bestellung ist noch nicht bezahlt.",
	},
	{
		why("earn.purchase", "0", loyalty.IsUnknownTender, "49.99 EUR"),
		"49.99 EUR earns nothing until the payment processor reports how much of it was paid by gift card.",
		"49,99 EUR bringen nichts, bis der Zahlungsdienst meldet, wie viel davon mit Geschenkkarten bezahlt wurde.",
	},
	{why("earn.purchase", "0", loyalty.IsCanceled), "The order was canceled.", "Die Bestellung wurde storniert."},
	{
		why("exchange", "0", loyalty.IsConverted, "1 JPY", "0.0061728 EUR"),
		"The amount was converted: 1 JPY was 0.0061728 EUR.",
		"Der Betrag wurde umgerechnet: 1 JPY waren 0,0061728 EUR.",
	},
	{why("rounding", "-0.98", loyalty.IsRounded, "down"), "Rounded down: -0.98 beans.", "Abgerundet: -0,98 Bohnen."},
	{
		why("rounding", "1/3", loyalty.IsRounded, "up"), "Rounded up: about +0.3333 beans.",
		"Aufgerundet: rund +0,3333 Bohnen.",
	},
	{
		why("rounding", "0.5", loyalty.IsRounded, "half_even"), "Rounded to a whole number: +0.5 beans.",
		"Auf eine ganze Zahl gerundet: +0,5 Bohnen.",
	},
	{
		why("carry", "0.4", loyalty.IsCarried), "Carried over from earlier orders: +0.4 beans.",
		"Rest aus früheren Bestellungen: +0,4 Bohnen.",
	},
	{
		why("earn.caps", "-40", loyalty.IsCapped, "150", "day"),
		"The program gives at most 150 beans a day: -40 beans.",
		"Das Programm bringt höchstens 150 Bohnen pro Tag: -40 Bohnen.",
	},
	{
		why(weekend, "-200", loyalty.IsRefused, "150", "order"),
		"The campaign Double beans weekend gives at most 150 beans per order, and this would have been more: -200 beans.",
		"Die Aktion „Doppelte Bohnen“ bringt höchstens 150 Bohnen pro Bestellung, und das wäre mehr gewesen: -200 Bohnen.",
	},
	{
		why(weekend, "-25", loyalty.IsSpent, "12"),
		"The campaign Double beans weekend had only 12 beans left to give: -25 beans.",
		"Die Aktion „Doppelte Bohnen“ hatte nur noch 12 Bohnen zu vergeben: -25 Bohnen.",
	},
	{
		why(weekend, "-37", loyalty.IsSpent, "0"),
		"The campaign Double beans weekend had nothing left to give: -37 beans.",
		"Die Aktion „Doppelte Bohnen“ hatte nichts mehr zu vergeben: -37 Bohnen.",
	},
	{
		why("earn.actions.review", "0", loyalty.IsLimited, "3", "month"),
		"The bonus review counts at most 3 times a month.", "Der Bonus „review“ zählt höchstens 3-mal pro Monat.",
	},
	{
		why("earn.actions.welcome", "0", loyalty.IsLimited, "1", "ever"),
		"The bonus welcome counts at most once in all.", "Der Bonus „welcome“ zählt höchstens einmal insgesamt.",
	},
	{
		why("earn.actions.visit", "0", loyalty.IsResting, "2026-12-06"),
		"The bonus visit counts again after 6 December 2026.",
		"Der Bonus „visit“ zählt erst nach dem 6. Dezember 2026 wieder.",
	},
	{
		why("campaigns.spring", "0", loyalty.IsBeaten, weekend),
		"The campaign spring was not applied: the campaign Double beans weekend was applied instead.",
		"Die Aktion „spring“ wurde nicht angewandt: Stattdessen galt die Aktion „Doppelte Bohnen“.",
	},
	{
		why("campaigns.spring", "0", loyalty.IsBeaten, "earn.rules.mugs"),
		"The campaign spring was not applied: the bonus Mug love was applied instead.",
		"Die Aktion „spring“ wurde nicht angewandt: Stattdessen galt der Bonus „Tassenliebe“.",
	},
	{
		why(weekend, "0", loyalty.IsShort, "20.00 EUR", "15.00 EUR"),
		"The campaign Double beans weekend was not applied: it needs 20.00 EUR, and there were 15.00 EUR.",
		"Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Nötig sind 20,00 EUR, vorhanden waren 15,00 EUR.",
	},
	{
		why(weekend, "0", loyalty.IsUnjoined),
		"The campaign Double beans weekend was not applied: you have not registered for it.",
		"Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Sie haben sich nicht dafür angemeldet.",
	},
	{
		why("campaigns.spring", "0", loyalty.IsMissing, "", ""),
		"The campaign spring gives nothing: it no longer exists.",
		"Die Aktion „spring“ bringt nichts: Es gibt das nicht mehr.",
	},
	{
		why("tiers.amber", "0", loyalty.IsMissing, "level", "amber"),
		"The level amber no longer exists and gives nothing.", "Die Stufe amber gibt es nicht mehr, sie bringt nichts.",
	},
	{
		why("wallets.tokens", "0", loyalty.IsMissing, "wallet", "tokens"),
		"The wallet tokens no longer exists and gets nothing.",
		"Das Konto tokens gibt es nicht mehr, es bekommt nichts.",
	},
	{
		why(weekend, "0", loyalty.IsFor, "tiers", "silver, gold"),
		"The campaign Double beans weekend was not applied: it is for Silver, Gold.",
		"Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Sie gilt für Silber, Gold.",
	},
	{
		why(weekend, "0", loyalty.IsFor, "channels", "web, app"),
		"The campaign Double beans weekend was not applied: it is for orders from web, app.",
		"Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Sie gilt für Bestellungen über web, app.",
	},
	{
		why(weekend, "0", loyalty.IsFor, "stores", "b1"),
		"The campaign Double beans weekend was not applied: it is for orders from b1.",
		"Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Sie gilt für Bestellungen in b1.",
	},
	{
		why(weekend, "0", loyalty.IsFor, "currencies", "EUR"),
		"The campaign Double beans weekend was not applied: it is for orders in EUR.",
		"Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Sie gilt für Bestellungen in EUR.",
	},
	{
		why(weekend, "0", loyalty.IsFor, "first_order", ""),
		"The campaign Double beans weekend was not applied: it is for a first order.",
		"Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Sie gilt für eine erste Bestellung.",
	},
	{
		why(weekend, "0", loyalty.IsFor, "time", ""),
		"The campaign Double beans weekend was not applied: it is not for this time.",
		"Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Sie gilt nicht zu dieser Zeit.",
	},
	{
		why(weekend, "0", loyalty.IsFor, "items", "mugs"),
		"The campaign Double beans weekend was not applied: the order has none of its products.",
		"Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Die Bestellung enthält keines der Produkte.",
	},
	{
		why(weekend, "0", loyalty.IsUnmet, "order.total > 100"),
		"The campaign Double beans weekend was not applied: its condition is not met.",
		"Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Die Bedingung ist nicht erfüllt.",
	},
	{
		why(weekend, "0", loyalty.IsFor, "segments", "vip"),
		"The campaign Double beans weekend was not applied: it is not for this order.",
		"Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Sie gilt nicht für diese Bestellung.",
	},
	{
		why(weekend, "0", loyalty.IsShadow, "37"),
		"The campaign Double beans weekend is only being tried out and would have given 37 beans.",
		"Die Aktion „Doppelte Bohnen“ wird nur erprobt und hätte 37 Bohnen gebracht.",
	},
	{
		why(weekend, "0", loyalty.IsFailed, "cannot fetch text from nil"),
		"The campaign Double beans weekend was not applied: its condition could not be checked.",
		"Die Aktion „Doppelte Bohnen“ wurde nicht angewandt: Die Bedingung ließ sich nicht prüfen.",
	},
	{
		why(weekend, "-3", loyalty.IsBounded), "Limited to the points of the whole order: -3 beans.",
		"Nicht mehr, als die ganze Bestellung brachte: -3 Bohnen.",
	},
	{
		why("revision", "0", loyalty.HasFollowed, "1042"),
		"This order was recalculated because your order 1042 changed.",
		"Diese Bestellung wurde neu berechnet, weil sich Ihre Bestellung 1042 geändert hat.",
	},
	{
		why("revision", "-37", loyalty.WasGiven), "Already given before: -37 beans.",
		"Bereits gutgeschrieben: -37 Bohnen.",
	},
	{
		why("pending", "-37", loyalty.IsLate, "2027-01-31"),
		"The required confirmation did not arrive by 31 January 2027: -37 beans.",
		"Die bis zum 31. Januar 2027 nötige Bestätigung ist nicht eingetroffen: -37 Bohnen.",
	},
	{
		why("clawback", "0", loyalty.IsOwed, "12"),
		"12 beans were spent before they expired and became debt.",
		"12 Bohnen wurden vor ihrem Verfall ausgegeben und werden geschuldet.",
	},
	{
		why("clawback", "12", loyalty.IsKept, "its lot has gone"), "12 beans were not taken back.",
		"12 Bohnen wurden nicht zurückgebucht.",
	},
	{
		why("clawback", "12", loyalty.IsKept, "expired", "2027-03-31"),
		"12 beans were not taken back: they had expired at the end of 31 March 2027.",
		"12 Bohnen waren schon mit Ablauf des 31. März 2027 verfallen und wurden nicht zurückgebucht.",
	},
	{
		why("clawback", "1", loyalty.IsKept, "expired", "2027-03-31"),
		"1 bean was not taken back: it had expired at the end of 31 March 2027.",
		"1 Bohne war schon mit Ablauf des 31. März 2027 verfallen und wurde nicht zurückgebucht.",
	},
	{
		why("clawback", "12", loyalty.IsKept, "expired"), "12 beans were not taken back.",
		"12 Bohnen wurden nicht zurückgebucht.",
	},
	{
		why("clawback", "12", loyalty.IsKept, "pending"),
		"12 beans were not taken back: only beans that cannot be spent yet are.",
		"12 Bohnen wurden nicht zurückgebucht: Das geschieht nur, solange Bohnen noch nicht einlösbar sind.",
	},
	{
		why("clawback", "12", loyalty.IsKept, "within"),
		"12 beans were not taken back: your balance had no more.",
		"12 Bohnen wurden nicht zurückgebucht: Mehr war nicht in Ihrem Guthaben.",
	},
	{
		why("clawback", "12", loyalty.IsKept, "debt"),
		"12 beans were not taken back: your account cannot owe more.",
		"12 Bohnen wurden nicht zurückgebucht: Auf Ihrem Konto darf nicht mehr offen sein.",
	},
	{
		why("clawback", "-12", loyalty.WasKept),
		"12 beans were never taken back and are not given again.",
		"12 Bohnen wurden nie zurückgebucht und werden nicht erneut gutgeschrieben.",
	},
	{
		why("expiry", "-30", loyalty.HasExpired, "2027-03-31"),
		"30 beans expired at the end of 31 March 2027.", "30 Bohnen sind mit Ablauf des 31. März 2027 verfallen.",
	},
	{
		why("expiry", "-1", loyalty.CameLate, "2027-03-31"),
		"1 bean came too late: it had expired at the end of 31 March 2027.",
		"1 Bohne kam zu spät und war schon mit Ablauf des 31. März 2027 verfallen.",
	},
	{
		why("pending", "0", loyalty.BecameActive, "order 1042~campaigns.spring", "37"),
		"37 beans earned with order 1042 can now be spent.",
		"37 Bohnen für Bestellung 1042 können jetzt eingelöst werden.",
	},
	{
		why("pending", "0", loyalty.BecameActive, "event review:778", "1"),
		"1 bean earned for your review can now be spent.", "1 Bohne für Ihre Bewertung kann jetzt eingelöst werden.",
	},
	{
		why(mug, "0", loyalty.IsFree), "The reward Free mug is free of charge.",
		"Die Prämie „Gratis-Tasse“ bekommen Sie umsonst.",
	},
	{
		why(mug, "-1200", loyalty.IsCost, "1200"), "The reward Free mug costs 1,200 beans.",
		"Die Prämie „Gratis-Tasse“ kostet 1.200 Bohnen.",
	},
	{
		why("redemption.auto", "0", loyalty.IsAutomatic, "1200"),
		"It was redeemed automatically because you had at least 1,200 beans.",
		"Sie wurde von selbst eingelöst, weil Sie mindestens 1.200 Bohnen hatten.",
	},
	{
		why("redemption.auto", "0", loyalty.IsStopped, "10", "2027-03-31"),
		"The limit of automatic redemptions for 31 March 2027 is reached.",
		"Am 31. März 2027 wird nichts mehr von selbst eingelöst.",
	},
	{
		why(mug, "0", loyalty.WasSpent, "1200"),
		"1,200 beans reserved for the reward Free mug were spent.",
		"1.200 Bohnen waren für die Prämie „Gratis-Tasse“ reserviert und sind jetzt eingelöst.",
	},
	{
		why(mug, "1200", loyalty.WasReturned, "reversed"), "The redemption was reversed: +1,200 beans.",
		"Die Einlösung wurde rückgängig gemacht: +1.200 Bohnen.",
	},
	{
		why(mug, "200", loyalty.WasReturned, "unused"), "Some of the reserved points were not needed: +200 beans.",
		"Nicht alles Reservierte wurde gebraucht: +200 Bohnen.",
	},
	{
		why(mug, "200", loyalty.WasReturned, "otherwise"), "The redemption has ended: +200 beans.",
		"Die Einlösung ist beendet: +200 Bohnen.",
	},
	{
		why(mug, "1200", loyalty.WasReturned, "canceled"), "The redemption was canceled: +1,200 beans.",
		"Die Einlösung wurde storniert: +1.200 Bohnen.",
	},
	{
		why(mug, "1200", loyalty.WasReturned, "expired"), "The reservation expired: +1,200 beans.",
		"Die Reservierung ist abgelaufen: +1.200 Bohnen.",
	},
	{
		why("tiers.silver", "0", loyalty.HasMoved, "bronze", "silver", "reached", "512", "points_earned/12"),
		"You reached the level Silver: 512 beans in 12 months.",
		"Sie haben die Stufe Silber erreicht: 512 Bohnen in 12 Monaten.",
	},
	{
		why("tiers.silver", "0", loyalty.HasMoved, "gold", "silver", "lost", "1234.50", "spend/year"),
		"Your level went from Gold to Silver: 1,234.50 EUR in the calendar year.",
		"Ihre Stufe wechselte von Gold zu Silber: 1.234,50 EUR im Kalenderjahr.",
	},
	{
		why("tiers.silver", "0", loyalty.HasStayed, "1", "orders"),
		"You keep the level Silver: 1 order in all.", "Sie behalten die Stufe Silber: 1 Bestellung insgesamt.",
	},
	{
		why("tiers.silver", "0", loyalty.HasStayed, "5", "qualifying_items/1"),
		"You keep the level Silver: 5 items in the month.", "Sie behalten die Stufe Silber: 5 Artikel in einem Monat.",
	},
	{
		why(
			"tiers.silver", "0", loyalty.HasMoved, "bronze", "silver", "reached", "30.00+3+2",
			"spend+visits+brands/quarter",
		),
		"You reached the level Silver: 30.00 EUR, 3 visits, 2 brands in the quarter.",
		"Sie haben die Stufe Silber erreicht: 30,00 EUR, 3 Besuche, 2 Marken im Quartal.",
	},
	{
		why("tiers.silver", "0", loyalty.HasStayed, "7", "orders/own"),
		"You keep the level Silver: 7 orders in your year.",
		"Sie behalten die Stufe Silber: 7 Bestellungen in Ihrem Jahr.",
	},
	{
		why("tiers.silver", "0", loyalty.HasMoved, "bronze", "silver", "floor", "0", "orders"),
		"The level Silver is yours as part of a group that has it.",
		"Die Stufe Silber gehört Ihnen als Teil einer Gruppe, die sie hat.",
	},
	{
		why("tiers.silver", "0", loyalty.HasMoved, "gold", "silver", "rules", "0", "orders"),
		"The requirements of the levels changed: your level went from Gold to Silver.",
		"Die Bedingungen der Stufen haben sich geändert: Ihre Stufe wechselte von Gold zu Silber.",
	},
	{
		why("advance_notice", "0", loyalty.WasNotified, "expiry", "2027-03-31"),
		"You received a notice that beans are about to expire.",
		"Sie wurden darauf hingewiesen, dass Bohnen bald verfallen.",
	},
	{
		why("advance_notice", "0", loyalty.WasNotified, "fall", "silver:20270331T220000Z"),
		"You received a notice that your level is about to end.",
		"Sie wurden darauf hingewiesen, dass Ihre Stufe bald endet.",
	},
	{
		why("advance_notice", "0", loyalty.CameBack, "expiry", "2027-03-31"),
		"The message that beans are about to expire did not reach you.",
		"Der Hinweis, dass Bohnen bald verfallen, hat Sie nicht erreicht.",
	},
	{
		why("advance_notice", "0", loyalty.CameBack, "fall", "silver:20270331T220000Z"),
		"The message that your level is about to end did not reach you.",
		"Der Hinweis, dass Ihre Stufe bald endet, hat Sie nicht erreicht.",
	},
	{
		why("advance_notice", "0", loyalty.CameBack, "else", "x"),
		"A notice did not reach you.", "Der Hinweis auf das, was ansteht, hat Sie nicht erreicht.",
	},
	{
		why("advance_notice", "0", loyalty.WasNotified, "else", "x"), "You received a notice.",
		"Sie wurden auf das hingewiesen, was ansteht.",
	},
	{
		why("advance_notice", "0", loyalty.WasPostponed, "2027-04-30"),
		"No notice was sent in time, so nothing changes before 30 April 2027.",
		"Sie waren nicht rechtzeitig darauf hingewiesen worden, deshalb geschieht vor dem 30. April 2027 nichts.",
	},
	{
		why("tiers.silver", "0", loyalty.WasPlaced, "bronze", "silver", "Matched"),
		"You were given the level Silver (Matched).", "Sie haben die Stufe Silber erhalten (Matched).",
	},
	{
		why("tiers.silver", "0", loyalty.WasPlaced, "bronze", "silver", ""),
		"You were given the level Silver.", "Sie haben die Stufe Silber erhalten.",
	},
	{
		why("tiers.bronze", "0", loyalty.WasWithdrawn, "silver", "bronze", "order 1042"),
		"Your level went from Silver to Bronze, because what counted for it was returned or canceled.",
		"Ihre Stufe wechselte von Silber zu Bronze, weil zurückgegeben oder storniert wurde, was für sie zählte.",
	},
	{
		why("tiers.silver", "0", loyalty.WasRedecided, "silver", "order 1042"),
		"The dates of your level Silver changed with what counts for it.",
		"Mit dem, was für sie zählt, änderten sich die Daten Ihrer Stufe Silber.",
	},
	{
		why("tiers.silver", "-25", loyalty.EntryBonusWithdrawn, "silver"),
		"The points for the level Silver were taken back: -25 beans.",
		"Die Bohnen für die Stufe Silber wurden zurückgenommen: -25 Bohnen.",
	},
	{
		why("expiry", "0", loyalty.LostProtection, "2027-03-31"),
		"No level keeps your beans from expiring: they last until the end of 31 March 2027.",
		"Keine Stufe bewahrt Ihre Bohnen vor dem Verfall: Sie gelten bis zum Ende des 31. März 2027.",
	},
	{
		why("tiers.silver", "0", loyalty.WasRedated, "silver", "2027-03-31"),
		"The level Silver counts from another day: its points now last until the end of 31 March 2027.",
		"Die Stufe Silber zählt ab einem anderen Tag: Ihre Bohnen gelten nun bis zum Ende des 31. März 2027.",
	},
	{
		why("tiers.silver", "0", loyalty.WasRedated, "silver", "never"),
		"The level Silver counts from another day: its points do not expire.",
		"Die Stufe Silber zählt ab einem anderen Tag: Ihre Bohnen verfallen nicht.",
	},
	{
		why("milestones.third", "0", loyalty.WasReachedOn, "3", "2027-03-31"),
		"The milestone of 3 orders counts from another day: its points now last until the end of 31 March 2027.",
		"Der Meilenstein „3 Bestellungen“ zählt ab einem anderen Tag: Ihre Bohnen gelten nun bis zum Ende des 31. März 2027.",
	},
	{
		why("milestones.third", "0", loyalty.WasReachedOn, "3", "never"),
		"The milestone of 3 orders counts from another day: its points do not expire.",
		"Der Meilenstein „3 Bestellungen“ zählt ab einem anderen Tag: Ihre Bohnen verfallen nicht.",
	},
	{
		why("tiers.silver", "25", loyalty.IsEntryBonus, "silver"),
		"Welcome to the level Silver: +25 beans.", "Willkommen auf der Stufe Silber: +25 Bohnen.",
	},
	{
		why("member", "0", loyalty.HasChanged, "membership_year_start"),
		"The start of your membership year was updated.", "Der Beginn Ihres Jahres wurde geändert.",
	},
	{
		why("milestones.tenth-order", "250", loyalty.WasReached, "10"),
		"You reached the milestone of 10 orders: +250 beans.",
		"Sie haben den Meilenstein „10 Bestellungen“ erreicht: +250 Bohnen.",
	},
	{
		why("milestones.tenth-order", "-250", loyalty.WasUnreached, "10"),
		"You are below the milestone of 10 orders again: -250 beans.",
		"Der Meilenstein „10 Bestellungen“ ist nicht mehr erreicht: -250 Bohnen.",
	},
	{
		why("adjustment", "0", loyalty.WasExtended, "2027-12-31", "sorry for the delay"),
		"Your beans now last until the end of 31 December 2027 (sorry for the delay).",
		"Ihre Bohnen sind jetzt bis einschließlich 31. Dezember 2027 gültig (sorry for the delay).",
	},
	{
		why("adjustment", "0", loyalty.WasExtended, "2027-12-31", ""),
		"Your beans now last until the end of 31 December 2027.",
		"Ihre Bohnen sind jetzt bis einschließlich 31. Dezember 2027 gültig.",
	},
	{
		why("adjustment", "30", loyalty.WasReinstated, "2027-03-31", "parental leave"),
		"30 beans that had expired on 31 March 2027 are yours again (parental leave).",
		"30 Bohnen, verfallen am 31. März 2027, gehören wieder Ihnen (parental leave).",
	},
	{
		why("adjustment", "1", loyalty.WasReinstated, "2027-03-31"),
		"1 bean that had expired on 31 March 2027 is yours again.",
		"1 Bohne, verfallen am 31. März 2027, gehört wieder Ihnen.",
	},
	{
		why("expiry", "0", loyalty.WasMovedBack, "2027-12-31"),
		"Your last activity no longer counts, so your beans now last until the end of 31 December 2027.",
		"Ihre letzte Aktivität zählt nicht mehr: Ihre Bohnen sind jetzt bis einschließlich 31. Dezember 2027 gültig.",
	},
	{
		why("expiry", "30", loyalty.WasRevived, "2027-12-31"),
		"You were active before 31 December 2027, so 30 beans that had expired are yours again.",
		"Sie waren vor dem 31. Dezember 2027 aktiv: 30 Bohnen gehören wieder Ihnen.",
	},
	{
		why("expiry", "0", loyalty.WasMoved, "2027-12-31"),
		"You were active again, so your beans now last until the end of 31 December 2027.",
		"Sie waren wieder aktiv: Ihre Bohnen sind jetzt bis einschließlich 31. Dezember 2027 gültig.",
	},
	{
		why("expiry", "0", loyalty.WasMoved, "never"),
		"You were active again, so your beans no longer expire.",
		"Sie waren wieder aktiv: Ihre Bohnen verfallen nicht mehr.",
	},
	{
		why("member", "0", loyalty.HasChanged, "segments"), "Your details were updated.",
		"Ihre Angaben wurden aktualisiert.",
	},
	{
		why("member", "0", loyalty.HasChanged, "timezone"), "Your time zone was updated.",
		"Ihre Zeitzone wurde aktualisiert.",
	},
	{
		why("member", "0", loyalty.HasChanged, "birthday, timezone"), "Your details were updated.",
		"Ihre Angaben wurden aktualisiert.",
	},
	{
		why("member", "0", loyalty.HasChanged, weekend),
		"You registered for the campaign Double beans weekend.",
		"Sie haben sich für die Aktion „Doppelte Bohnen“ angemeldet.",
	},
	{
		why("member", "0", loyalty.HasChanged, "birthday"), "Your birthday was updated.",
		"Ihr Geburtstag wurde aktualisiert.",
	},
	{
		why("member", "0", loyalty.HasChanged, "referral"), "You joined with a friend’s code.",
		"Sie haben einen Empfehlungscode angegeben.",
	},
	{
		why("transfers", "-100", loyalty.WasSent, "100"), "For another member: -100 beans.",
		"Für ein anderes Mitglied: -100 Bohnen.",
	},
	{why("transfers", "-1", loyalty.IsFee, "1"), "Fee: -1 bean.", "Gebühr: -1 Bohne."},
	{why("transfers", "0", loyalty.WasAccepted, "100"), "100 beans were accepted.", "100 Bohnen wurden angenommen."},
	{
		why("transfers", "100", loyalty.WasReceived, "100"), "From another member: +100 beans.",
		"Von einem anderen Mitglied: +100 Bohnen.",
	},
	{
		why("transfers", "101", loyalty.WasReturned, "declined"), "The offer was declined: +101 beans.",
		"Das Angebot wurde abgelehnt: +101 Bohnen.",
	},
	{
		why("transfers", "101", loyalty.WasReturned, "canceled"), "The offer was canceled: +101 beans.",
		"Das Angebot wurde zurückgezogen: +101 Bohnen.",
	},
	{
		why("transfers", "101", loyalty.WasReturned, "expired"), "The offer expired: +101 beans.",
		"Das Angebot ist abgelaufen: +101 Bohnen.",
	},
	{
		why("households", "40", loyalty.WasContributed, "40"), "From others of your household: +40 beans.",
		"Von anderen in Ihrem Haushalt: +40 Bohnen.",
	},
	{
		why("households", "-40", loyalty.WasGivenTo, "40"), "For your household: -40 beans.",
		"Für Ihren Haushalt: -40 Bohnen.",
	},
	{
		why("conversions.to-miles", "-150", loyalty.WasConverted, "150", "", "1", "miles"),
		"150 beans became 1 mile.", "150 Bohnen wurden 1 Meile.",
	},
	{
		loyalty.Reason{
			Wallet: "miles", Rule: "conversions.to-miles", Points: "-100", Kind: loyalty.WasConvertedBack,
			Args: []string{"150", "", "100", "miles"},
		},
		"100 miles became 150 beans again.", "100 Meilen wurden wieder 150 Bohnen.",
	},
	{
		loyalty.Reason{
			Wallet: "miles", Rule: "wallets.miles", Points: "14.995", Kind: loyalty.IsRated,
			Args: []string{"29.99 EUR", "1 per 2.00"},
		},
		"The wallet Sea miles gives 14.995 miles: 29.99 EUR at 1 mile per 2.00 EUR.",
		"Das Konto Seemeilen bringt 14,995 Meilen: 29,99 EUR, 1 Meile je 2,00 EUR.",
	},
	{
		why("something.new", "-1.5", "of the next release", "1", "2"),
		"By the rules of the program: -1.5 beans.", "Nach den Regeln des Programms: -1,5 Bohnen.",
	},
}

func why(rule, points string, what loyalty.ReasonKind, args ...string) loyalty.Reason {
	return loyalty.NewReason(rule, points, what, args...)
}
