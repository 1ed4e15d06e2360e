// Package internal is the contributor's map of the module. It contains no code.
//
// # Packages
//
// A request goes through these packages, from the outside to the inside:
//
//   - functions: the programs that run, nine thin mains and perennial, the command line.
//   - boot and local start the functions: on Lambda, and on one machine.
//   - api, payments, jobs and relay handle events: requests of the API, webhooks of payment processors, schedules with
//     their queues, and records of the table's stream.
//   - app, auth and notify are what they share: settings and loaded programs, API keys, and messages to members.
//   - ledger stores the accounts. It loads what a command needs, lets loyalty decide, and commits once.
//   - loyalty contains the rules. They are pure functions without I/O, clock or randomness.
//   - program parses and compiles the program file, and program/snapshot is the compiled form that functions load.
//   - explain describes entries in a member's language.
//   - table is the storage port, with its adapters dynamotable and pebbletable and the suite that both pass.
//   - cost estimates what requests cost, from usage that tests measure exactly.
//   - stack reads template.yaml, and infra contains the scripts and tests for deployments.
//
// Package importtest lists the imports that each package may have.
//
// # Tests
//
// make test runs all tests except make test-aws, also against the official DynamoDB Local. It needs Java 17 and npm,
// and fetches the rest. go test ./... needs Go, make, bash and curl, and also executes the commands of the README. With
// -v it lists the tests that it skips and what they need: DynamoDB, moto, or the test vectors of payment processors.
//
// make test-aws tests the senders of messages against moto, and deploys the whole stack to ministack, an emulator of
// AWS that runs the functions as processes and enforces IAM. It needs Python 3.10, and neither Docker nor an account.
// It acts as operator, storefront and payment processor, except PayPal, because only PayPal can sign its events.
// infra/ministack.py lists what the emulator cannot show.
//
// make mutate changes both adapters of the table deliberately and requires that a test detects each mutation. It then
// mutates a seeded sample of the rules and fails if the tests detect less than 95 % of it. make help describes the
// other targets.
package internal
