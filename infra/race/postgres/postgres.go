// Package postgres runs a PostgreSQL server for `make race` and for the tests of the hand-written service. The server
// has its own data directory and listens only on a Unix socket in this directory. It syncs each commit to the disk
// before it responds.
//
// PostgreSQL refuses to run as root. If this process runs as root, the server runs as another user. This is the user
// postgres if it exists.
package postgres

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// settings are settings for a small server with many writes: enough memory for all data, and no checkpoints during a
// round. fsync, synchronous_commit and full_page_writes have their safe defaults, which are stated explicitly.
var settings = []string{
	"fsync=on", "synchronous_commit=on", "full_page_writes=on", "listen_addresses=", "max_connections=100",
	"shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min", "wal_buffers=16MB", "jit=off",
	"logging_collector=off",
}

// database is the name of the database that initdb creates, and also of its superuser.
const database = "postgres"

// A Server is a running PostgreSQL server.
type Server struct {
	Version string // the version of PostgreSQL, such as 15.13

	bin, data string
	attr      *syscall.SysProcAttr
	run       *exec.Cmd
	exited    chan struct{} // closed after the server has exited
}

// Start creates a database cluster in the directory dir, which must not exist, and starts a server for it. The argument
// bin is the directory that infra/postgresql prints. The server does not receive signals from the terminal; stop it
// with Stop.
func Start(ctx context.Context, bin, dir string) (*Server, error) {
	attr, err := attributes()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, data: dir, attr: attr, exited: make(chan struct{})}
	if err := s.create(ctx); err != nil {
		return nil, err
	}
	version, err := s.command(ctx, "postgres", "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("postgres: read the version: %w", err)
	}
	fields := strings.Fields(string(version)) // for example: postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)
	if len(fields) < 3 {
		return nil, fmt.Errorf("postgres: unknown version %q", version)
	}
	s.Version = fields[2]
	args := []string{"-D", dir, "-k", dir}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	log, err := os.Create(dir + ".log")
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	defer log.Close()
	s.run = s.command(context.WithoutCancel(ctx), "postgres", args...)
	s.run.Stdout, s.run.Stderr = log, log
	if err := s.run.Start(); err != nil {
		return nil, fmt.Errorf("postgres: start: %w", err)
	}
	go func() {
		_ = s.run.Wait()
		close(s.exited)
	}()
	if err := s.wait(ctx); err != nil {
		s.Stop()
		out, _ := os.ReadFile(dir + ".log")
		return nil, fmt.Errorf("postgres: %w\n%s", err, out)
	}
	return s, nil
}

// create creates the data directory, which belongs to the server's user, and initializes it.
func (s *Server) create(ctx context.Context) error {
	if err := os.Mkdir(s.data, 0o700); err != nil {
		return fmt.Errorf("postgres: make the data directory: %w", err)
	}
	if owner := s.attr.Credential; owner != nil {
		if err := os.Chown(s.data, int(owner.Uid), int(owner.Gid)); err != nil {
			return fmt.Errorf("postgres: %w", err)
		}
	}
	create := s.command(ctx, "initdb", "-D", s.data, "-U", database, "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
	if out, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("postgres: initdb: %w\n%s", err, out)
	}
	return nil
}

// command returns a command that runs a program of PostgreSQL as the server's user, in its own process group.
func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir = s.data
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC", "PGHOST="+s.data, "PGUSER="+database, "PGDATABASE="+database)
	if libraries, _ := filepath.Glob(filepath.Join(s.bin, "../../../*-linux-gnu")); len(libraries) > 0 {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+strings.Join(libraries, ":"))
	}
	cmd.SysProcAttr = s.attr
	return cmd
}

// attributes returns the attributes for processes of PostgreSQL. The processes have their own process group. An
// interrupt from the terminal therefore does not stop them before their clients. If this process runs as root, they run
// as another user.
func attributes() (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("postgres: find a user other than root: %w", err)
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("postgres: user %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("postgres: user %s: %w", u.Username, err)
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, nil
}

// wait waits until the server accepts connections.
func (s *Server) wait(ctx context.Context) error {
	deadline := time.After(time.Minute)
	for {
		if out, err := os.ReadFile(filepath.Join(s.data, "postmaster.pid")); err == nil &&
			bytes.HasSuffix(bytes.TrimSpace(out), []byte("\nready")) {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("the server exited: %s", s.run.ProcessState)
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return fmt.Errorf("the server was not ready after a minute")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop stops the server and waits until it has exited.
func (s *Server) Stop() {
	_ = s.run.Process.Signal(syscall.SIGINT) // requests a fast shutdown, which rolls back open transactions
	select {
	case <-s.exited:
	case <-time.After(30 * time.Second):
		_ = s.run.Process.Signal(syscall.SIGQUIT)
		<-s.exited
	}
}

// DSN returns the connection string for the server.
func (s *Server) DSN() string {
	return fmt.Sprintf("host=%s user=%s database=%s", s.data, database, database)
}

// PID returns the ID of the main process of the server. All other processes of the server are children of this process.
func (s *Server) PID() int { return s.run.Process.Pid }

// Program returns a command that runs a client program of PostgreSQL, connected to the server.
func (s *Server) Program(ctx context.Context, name string, args ...string) *exec.Cmd {
	return s.command(ctx, name, args...)
}
