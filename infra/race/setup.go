package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/perennial-loyalty/perennial/infra/race/handwritten"
	"github.com/perennial-loyalty/perennial/infra/race/postgres"
)

// A race contains the running servers.
type race struct {
	options
	load     load
	dir      string
	database *postgres.Server

	perennial, handwritten, constant *target

	stops []func() // functions that stop the servers and delete their data
}

// opening is the opening balance of each member, in points. It is enough for all redemptions of a run.
const opening = 1_000_000_000

const seedClients = 32

// handwrittenKey is the API key of the hand-written service.
const handwrittenKey = "sk_test_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"

// start starts all servers and creates their members. Call stop afterwards, even if start returns an error.
func (r *race) start(ctx context.Context) error {
	if err := r.makeDir(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("race: %w", err)
	}
	if err := r.startHandwritten(ctx, self); err != nil {
		return err
	}
	if err := r.startPerennial(ctx, filepath.Join(filepath.Dir(self), "perennial")); err != nil {
		return err
	}
	s, err := startServer(ctx, self, "serve-constant")
	if err != nil {
		return err
	}
	r.stops = append(r.stops, s.stop)
	r.constant = &target{server: s, members: r.handwritten.members, pids: []int{s.pid()}}
	return nil
}

// stop stops the servers in reverse order and deletes their data.
func (r *race) stop() {
	for i := len(r.stops) - 1; i >= 0; i-- {
		r.stops[i]()
	}
}

// makeDir creates the directory for all data. It rejects a file system in memory, where a sync takes no time.
func (r *race) makeDir() (err error) {
	if r.dir, err = os.MkdirTemp(r.parent, "perennial-race-"); err != nil {
		return fmt.Errorf("race: make the directory for the data: %w", err)
	}
	r.stops = append(r.stops, func() { _ = os.RemoveAll(r.dir) })
	// PostgreSQL may run as another user, who must be able to enter the directory.
	if err := os.Chmod(r.dir, 0o711); err != nil {
		return fmt.Errorf("race: %w", err)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(r.dir, &fs); err != nil {
		return fmt.Errorf("race: find the file system of %s: %w", r.dir, err)
	}
	const tmpfs = 0x01021994
	if fs.Type == tmpfs {
		return fmt.Errorf("race: %s is in memory; use -dir with a directory on a disk", r.parent)
	}
	return nil
}

func (r *race) startHandwritten(ctx context.Context, self string) error {
	find := exec.CommandContext(ctx, "infra/postgresql")
	find.Stderr = os.Stderr
	bin, err := find.Output()
	if err != nil {
		return fmt.Errorf("race: find PostgreSQL: %w", err)
	}
	r.database, err = postgres.Start(ctx, string(bytes.TrimSpace(bin)), filepath.Join(r.dir, "postgres"))
	if err != nil {
		return err
	}
	r.stops = append(r.stops, r.database.Stop)
	store, err := handwritten.Open(ctx, r.database.DSN())
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.Create(ctx, handwrittenKey, r.members, opening); err != nil {
		return err
	}
	s, err := startServer(ctx, self, "serve-handwritten", r.database.DSN(), handwrittenKey)
	if err != nil {
		return err
	}
	r.stops = append(r.stops, s.stop)
	r.handwritten = &target{server: s, pids: []int{s.pid(), r.database.PID()}}
	for i := range r.members {
		r.handwritten.members = append(r.handwritten.members, handwritten.MemberID(i))
	}
	return nil
}

func (r *race) startPerennial(ctx context.Context, program string) error {
	file := filepath.Join(r.dir, "program.yaml")
	if err := writeProgram(file); err != nil {
		return err
	}
	s, err := startServer(ctx, program, "dev", "--program", file, "--empty", "--json", "--addr", "127.0.0.1:0",
		"--data", filepath.Join(r.dir, "perennial"))
	if err != nil {
		return err
	}
	r.stops = append(r.stops, s.stop)
	r.perennial = &target{server: s, members: make([]string, r.members), pids: []int{s.pid()}}
	failures := make([]error, seedClients)
	var all sync.WaitGroup
	for first := range seedClients {
		all.Go(func() { failures[first] = r.perennial.enroll(ctx, first) })
	}
	all.Wait()
	return errors.Join(failures...)
}

// enroll creates a part of the members. It starts at the member with the index in the parameter first, and continues
// with every seedClients-th member.
func (t *target) enroll(ctx context.Context, first int) error {
	c, err := dial(t.address())
	if err != nil {
		return err
	}
	defer c.conn.Close()
	w := &worker{client: c, key: t.Key}
	for i := first; i < len(t.members) && ctx.Err() == nil; i += seedClients {
		id := strconv.Itoa(i)
		err := w.do(request{
			method: "POST", path: "/v1/members", idempotencyKey: "race-enroll-member-" + id,
			body: fmt.Appendf(nil, `{"external_id":"member-%s"}`, id),
		})
		if err != nil {
			return err
		}
		if t.members[i], err = w.responseID(); err != nil {
			return err
		}
	}
	return ctx.Err()
}
