// Package internal is the contributor's map of the module. It contains no code.
//
// # Packages
//
// A request goes through these packages, from the outside to the inside:
//
//   - functions: the programs that run, nine thin mains and perennial, the command line.
//   - boot and local start the functions: on Lambda, and on one machine.
//   - api, payments, jobs and relay handle events: requests of the API, webhooks of payment providers, schedules with
//     their queues, and records of the table's stream. api/programs, api/redemptions and api/reminders serve the
//     functions programs, redeem and reminders. api/operators adds the sign-in of operators to the function programs.
//     api/request has the table of routes and decodes and checks requests.
//   - app, auth and notify contain code that these packages share: for settings and loaded programs, for API keys,
//     tokens and operators, and for messages to members.
//   - service contains the use cases that combine stores: orders, events, redemptions, transfers and the reports of
//     payment processors. messages records the messages to members.
//   - inventory stores codes, stock and waitlists. members stores profiles, identities, consents, referrals and
//     households. catalog stores the versions of programs; ledger decides which version is in force
//     (internal/ledger/schedule.go).
//   - ledger stores the accounts. It loads what a command needs, lets loyalty decide, and commits once. ledger/stored
//     contains the stored forms and the keys.
//   - loyalty contains the vocabulary, with loyalty/calendar and loyalty/exact, and the packages below it the rules:
//     posting, receipt, earn, redeem, tier, award, share, remind and engine. They are pure functions without I/O, clock
//     or randomness. go doc ./internal/loyalty lists them and the glossary.
//   - program compiles the program file: program/document reads it, program/validate finds mistakes, program/describe
//     and program/compare explain it, and program/snapshot is the compiled form that functions load.
//   - explain describes entries in a member's language.
//   - oidc verifies tokens of OpenID Connect issuers and signs in users. outbound creates the HTTP clients that connect
//     only to public addresses.
//   - table is the storage port, with its adapters dynamotable and pebbletable and the suite that both pass.
//     dynamojson, dynamoexport and localcopy read whole tables for the commands of operators.
//   - datadir opens the data directory of perennial dev.
//   - erasure erases the personal data of members. vouchers reads the codes that redemptions issued.
//   - approvals stores adjustments above the limit of an operator until another operator decides them.
//   - limits counts how often a principal redeems, transfers, enrolls or looks up codes, and rejects what exceeds a
//     limit.
//   - switches defines the kill switches of a program. catalog stores them in the item of the live version; the routes
//     and the ledger check them.
//   - audit stores the list of manual changes, publications, kill switches, API keys, operators, sessions and
//     approvals of each program.
//   - translog stores the transparency log of each program, from which proofs of entries are made. translog/source
//     selects the logged records. verify checks a whole table, and its logs, offline; verify/verifycmd contains the
//     commands.
//   - listing lists the members of each program by level and by latest change. The relay writes its items.
//   - reference renders the API reference and the pages of error codes from internal/api/openapi.yaml. console serves
//     them.
//   - notices contains the licenses of the modules in the binaries. infra/dependencies.md lists all modules with the
//     reasons why they are needed.
//   - cost estimates what requests cost, from usage that tests measure exactly.
//   - stack reads template.yaml, and infra contains the scripts and tests for deployments.
//
// Package importtest lists the imports that each package may have.
//
// # Changes
//
// A change that adds a field, a kind or a constant starts in internal/loyalty. A change to how an existing rule works
// starts in its rule package. Each list names the places of one change, from the inside to the outside. With each
// change, add a line to CHANGELOG.md, and new words of public names to functions/perennial/testdata/words.txt.
//
// A rule, or a key of one such as birthday:
//
//  1. internal/loyalty/rule.go: the field of Match, which decides whether a rule applies, or a Strategy in
//     internal/loyalty/strategy.go, which decides how many points it gives. internal/loyalty/earn/match.go evaluates
//     the field. Tests that need a whole command, such as posting an order, are in internal/loyalty/engine, the others
//     in the rule package.
//  2. internal/loyalty/deliverytest/program.go: the key in random programs, so that the delivery invariant is checked.
//  3. internal/program/document/program-v1.schema.json: the key, with a description and examples.
//  4. internal/program/match.go or internal/program/strategy.go: parse the key into the field, and report problems.
//  5. internal/program/describe/rules.go: the sentence that program explain prints.
//  6. internal/program/snapshot/rules.go: the stored form.
//  7. internal/explain/argument.go, internal/explain/english.go and internal/explain/german.go, if entries have a new
//     kind of reason.
//  8. internal/program/testdata/whole/everything.yaml, which has every key, and a file in
//     internal/program/testdata/wrong. Write the expected texts with go test ./internal/program -update.
//
// A reward type, such as donation:
//
//  1. internal/loyalty/reward.go: the type and its fields. If it is redeemed differently, like a perk, also
//     internal/loyalty/redeem/redemption.go.
//  2. internal/program/document/program-v1.schema.json: the type and the keys that it requires.
//  3. internal/program/rewards.go: the keys of the type and how they are parsed.
//  4. internal/program/validate/giveaways.go, if the reward has a value in money.
//  5. internal/program/describe/rewards.go: the benefit that program explain prints.
//  6. internal/program/snapshot/rewards.go, if it has new fields.
//  7. internal/api/openapi.yaml: the value of RewardType; then go generate ./internal/api/wire.
//  8. internal/program/testdata/whole/everything.yaml, then go test ./internal/program -update.
//
// A route:
//
//  1. internal/api/openapi.yaml: the operation; then go generate ./internal/api/wire.
//  2. internal/api/request/routes.go: the route, its function and its rule. internal/api/request/rules.go has the
//     rules: the scope of an API key and the roles of operators. internal/api/request/switches.go: the kill switch that
//     the route obeys, unless this is only read_only. internal/api/routes.go: its operation, which is in the file of
//     the resource, such as internal/api/order.go. The functions programs, redeem and reminders have packages of their
//     own.
//  3. internal/api/matrix_test.go: the body of a request. internal/api/testdata: a script that causes each rejection of
//     the route, and repeats the request if it has an Idempotency-Key.
//  4. internal/api/testdata/examples/examples.txt: an exchange. go test ./internal/api -run TestGolden -update copies
//     it to internal/api/openapi.yaml, and a rejection for each error response.
//  5. template.yaml: the event of the function, a throttle if the route is costly, and the policies if the function
//     uses other partitions than before. The tests run the functions under these policies.
//
// A payment provider:
//
//  1. internal/payments/square is a model: a package that implements Provider of internal/payments/webhook.
//  2. internal/payments/providers.go: the line that registers it, and internal/importtest: its imports.
//  3. internal/app/processors.go: its name, its settings and their check.
//  4. internal/payments/sample: its signed sample events, internal/local/processors.go: the connection of perennial
//     dev, and functions/perennial/trigger.go: its name.
//  5. internal/payments/topics_test.go and README.md: its topics.
//  6. internal/api/openapi.yaml: its name in the description of the webhook route.
//  7. functions/perennial/webhooks.go, if its API lists past events, and infra/mutate/rules.go.
//
// A module of another author: its reason in infra/dependencies.md, after go generate ./internal/notices, and
// internal/importtest: the packages that may import it.
//
// # Tests
//
// Tests of one function are in its package. Tests that need several stores are in internal/service, whatever store they
// are about, and tests that need a whole command of the rules are in internal/loyalty/engine.
//
// make test runs all tests except make test-aws, also against the official DynamoDB Local. It needs Java 17 and npm,
// and fetches the rest. go test ./... needs Go, make, bash and curl, and also executes the commands of the README. With
// -v it lists the tests that it skips and what they need: DynamoDB, moto, or the test vectors of payment providers.
//
// make test-aws tests the senders of messages against moto, and deploys the whole stack to ministack, an emulator of
// AWS that runs the functions as processes and enforces IAM. It needs Python 3.10, and neither Docker nor an account.
// It acts as operator, storefront and payment provider, except PayPal, because only PayPal can sign its events.
// infra/ministack.py lists what the emulator cannot show.
//
// make race compares perennial dev with a hand-written service on PostgreSQL and writes the results into the README. It
// takes the median of many short rounds, but needs a machine that does little else. The package comment of infra/race
// describes the measurement.
//
// make mutate changes both adapters of the table deliberately and requires that a test detects each mutation. It then
// mutates a seeded sample of the rules and fails if the tests detect less than 95 % of it. make help describes the
// other targets.
package internal
