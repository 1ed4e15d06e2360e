package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// A server is a process that serves HTTP requests.
type server struct {
	URL string `json:"url"`
	Key string `json:"key"`

	cmd    *exec.Cmd
	exited chan struct{} // closed after the process has exited
}

// startServer starts a program. When the program is ready, it prints a line of JSON with its URL and API key. Stop it
// with stop, because it does not receive signals from the terminal.
func startServer(ctx context.Context, program string, args ...string) (*server, error) {
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("race: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("race: start %s: %w", program, err)
	}
	s := &server{cmd: cmd, exited: make(chan struct{})}
	ready := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(out).ReadString('\n')
		if err == nil {
			err = json.Unmarshal([]byte(line), s)
		}
		ready <- err
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
		close(s.exited)
	}()
	select {
	case err = <-ready:
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(time.Minute):
		err = errors.New("it was not ready after a minute")
	}
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("race: start %s %s: %w", program, strings.Join(args, " "), err)
	}
	return s, nil
}

// stop stops the process and waits until it has exited.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// address returns the host and port of the server.
func (s *server) address() string { return strings.TrimPrefix(s.URL, "http://") }
