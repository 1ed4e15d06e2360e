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
// service and the constant response get the load in turn. A round therefore compares measurements that are seconds
// apart. The results are medians over the rounds. Run it on a machine that does little else: if other programs use all
// cores, the scheduler favors the service that has more processes, which is the hand-written one with PostgreSQL.
//
// The CPU time of a server includes that of its child processes, and that of PostgreSQL for the hand-written service.
// The client runs on the same machine. It has one connection per client, and is cheaper than that of net/http.
//
// Perennial runs the demo program, but points are active immediately and there are no caps, as in the hand-written
// service. With them, the account of the one member who places all orders would have to keep every order for two weeks.
//
// The hand-written service is a fair baseline only if it adds little to PostgreSQL. With the most clients, each round
// of a request that writes therefore also runs pgbench with the SQL of the request, and the results have the percentage
// of pgbench's result that the service reaches. It should be at least 80 %.
package main
