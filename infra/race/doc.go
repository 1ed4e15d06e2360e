// Command race compares the performance of Perennial with that of a hand-written service on PostgreSQL (package
// handwritten). `make race` runs it.
//
//	go build -o build/race/ ./infra/race ./functions/perennial
//	build/race/race -rounds 1 -seconds 1    # a short run, which only prints
//	build/race/race -readme README.md       # the run whose table the README has
//
// It starts PostgreSQL, the hand-written service, `perennial dev` with a data directory, and a third server that always
// returns the same response. All data are in one temporary directory, and therefore on one disk. Both services sync
// each write to the disk. Both have the same number of members with the same balance, and receive the same requests
// from the same client.
//
// Each kind of request is measured separately, with 1, 8 and 32 clients. In each round, Perennial, the hand-written
// service and the server with the constant response are measured one after the other. A round therefore compares
// measurements that are only seconds apart. The results are medians over the rounds. Run the command on a machine
// without other load. If other programs use all cores, the scheduler favors the service that has more processes, which
// is the hand-written one with PostgreSQL.
//
// The CPU time of a server includes that of its child processes and, for the hand-written service, that of PostgreSQL.
// The client runs on the same machine. It has one connection per client, and uses less CPU time than the client of
// net/http.
//
// Perennial runs the demo program, but points are active immediately and there are no caps, as in the hand-written
// service. With pending points and caps, the account of the one member who places all orders would have to store every
// order of two weeks.
//
// The comparison is fair only if the hand-written service adds little to the time that PostgreSQL needs. With the
// largest number of clients, each round of a request that writes therefore also runs pgbench with the SQL of the
// request. The results state the percentage of pgbench's rate that the service reaches. It should be at least 80 %.
package main
