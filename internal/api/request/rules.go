package request

import "github.com/perennial-loyalty/perennial/internal/auth"

// The rules of routes: the scope that an API key needs, and the roles of operators. Each route has one rule, in Routes.
//
// An operator never changes their own member account (Call.Member), whatever the role.
var (
	findMembers   = auth.Needs(auth.MembersRead, finders...)
	readMembers   = auth.Needs(auth.MembersRead, readers...)
	exportMembers = auth.Needs(auth.MembersRead, desk...)
	writeMembers  = auth.Needs(auth.MembersWrite, desk...)
	readAudit     = auth.Needs(auth.AuditRead, auditors...)
	readLog       = auth.Needs(auth.ProgramRead, auditors...)
	adjust        = auth.Needs(auth.AdjustmentsWrite, desk...)
	overrideRules = auth.Needs(auth.AdjustmentsWrite, admins...) // changes that the limits of adjustments do not cover

	readOrders  = auth.Needs(auth.OrdersRead, finders...)
	writeOrders = auth.Needs(auth.OrdersWrite, till...)
	quoteOrders = auth.Needs(auth.OrdersWrite, counter...)
	writeEvents = auth.Needs(auth.EventsWrite, admins...)
	readRewards = auth.Needs(auth.RewardsRead, auth.AllRoles()...)

	findRedemptions   = auth.Needs(auth.RedemptionsRead, finders...)
	readRedemptions   = auth.Needs(auth.RedemptionsRead, readers...)
	redeemRewards     = auth.Needs(auth.RedemptionsWrite, counter...)
	changeRedemptions = auth.Needs(auth.RedemptionsWrite, desk...)
	movePoints        = auth.Needs(auth.RedemptionsWrite, admins...) // between members or wallets
	uploadCodes       = auth.Needs(auth.ProgramWrite, marketers...)

	readProgram   = auth.Needs(auth.ProgramRead, planners...)
	writeProgram  = auth.Needs(auth.ProgramWrite, marketers...)
	stopProgram   = auth.Needs(auth.ProgramWrite, admins...)
	readChanges   = auth.Needs(auth.MembersRead, planners...)
	readReminders = auth.Needs(auth.MembersRead, announcers...)
	sendReminders = auth.Needs(auth.MembersWrite, marketers...)

	readOperators   = auth.ForOperators(auth.Owner, auth.Administrator, auth.Auditor)
	manageOperators = auth.ForOperators(admins...)
	decideApprovals = auth.ForOperators(auth.Owner, auth.Administrator, auth.Finance)
	anyOperator     = auth.ForOperators(auth.AllRoles()...)
)

// Sets of roles that several rules have.
var (
	admins     = []auth.Role{auth.Owner, auth.Administrator}
	desk       = []auth.Role{auth.Owner, auth.Administrator, auth.Support}
	till       = []auth.Role{auth.Owner, auth.Administrator, auth.Clerk}
	counter    = []auth.Role{auth.Owner, auth.Administrator, auth.Support, auth.Clerk}
	marketers  = []auth.Role{auth.Owner, auth.Administrator, auth.Marketer}
	announcers = []auth.Role{auth.Owner, auth.Administrator, auth.Marketer, auth.Support, auth.Auditor}
	planners   = []auth.Role{auth.Owner, auth.Administrator, auth.Marketer, auth.Finance, auth.Auditor}
	auditors   = []auth.Role{auth.Owner, auth.Administrator, auth.Finance, auth.Auditor}
	readers    = []auth.Role{auth.Owner, auth.Administrator, auth.Finance, auth.Support, auth.Auditor}
	finders    = []auth.Role{auth.Owner, auth.Administrator, auth.Finance, auth.Support, auth.Clerk, auth.Auditor}
)
