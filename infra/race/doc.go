// Command race compares Perennial with a hand-written service on PostgreSQL (package handwritten). `make race` runs it.
//
//	go build -o build/race/ ./infra/race ./functions/perennial
//	build/race/race -rounds 1 -seconds 1    # a short run, which only prints
//	build/race/race -readme README.md       # the run whose table the README has
//
// It starts PostgreSQL, the hand-written service, `perennial dev` with a data directory, and a server whose response is
// constant. All data are in one temporary directory, so on one disk, and both services sync each write to it. Each
// service has the same number of members with the same balance, and receives the same requests from the same client.
//
// Requests are measured one kind after another, with 1, 8 and 32 clients. In each round, Perennial, the hand-written
// service and the constant response get the load in turn, for the same time. A round therefore compares measurements
// that are seconds apart, and load from other programs has little effect on its ratio. The results are medians over
// the rounds. The CPU time of a server includes that of its child processes, and that of PostgreSQL for the
// hand-written service. The client runs on the same machine and reads no more of a response than it needs.
//
// The hand-written service is a fair baseline only if it adds little to PostgreSQL. For requests that write, each round
// therefore also runs pgbench with the SQL function of the request, and the table has the percentage of pgbench's
// result that the service reaches.
package main
