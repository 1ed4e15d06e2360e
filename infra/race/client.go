package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"time"
)

// A client is one persistent HTTP connection that sends one request after the other. It uses less CPU time than the
// client of net/http. This matters because the client runs on the same machine as the servers.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body bytes.Buffer // the body of the last response
}

// responseTimeout limits the duration of one request.
const responseTimeout = 30 * time.Second

func dial(address string) (*client, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("race: connect: %w", err)
	}
	return newClient(conn, conn), nil
}

func newClient(conn net.Conn, in io.Reader) *client {
	return &client{conn: conn, in: bufio.NewReaderSize(in, 8<<10)}
}

// A request is one HTTP request.
type request struct {
	method, path   string
	idempotencyKey string // the header Idempotency-Key; may be empty
	body           []byte
}

// send sends a request and returns the status of the response. The body of the response is in c.body until the next
// call.
func (c *client) send(key string, r request) (status int, err error) {
	c.out = append(c.out[:0], r.method...)
	c.out = append(append(append(c.out, ' '), r.path...), " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "...)
	c.out = append(c.out, key...)
	if r.idempotencyKey != "" {
		c.out = append(append(c.out, "\r\nIdempotency-Key: "...), r.idempotencyKey...)
	}
	if len(r.body) > 0 {
		c.out = append(c.out, "\r\nContent-Type: application/json\r\nContent-Length: "...)
		c.out = strconv.AppendInt(c.out, int64(len(r.body)), 10)
	} else if r.method != "GET" {
		c.out = append(c.out, "\r\nContent-Length: 0"...)
	}
	c.out = append(append(c.out, "\r\n\r\n"...), r.body...)
	if err := c.conn.SetDeadline(time.Now().Add(responseTimeout)); err != nil {
		return 0, err
	}
	if _, err := c.conn.Write(c.out); err != nil {
		return 0, fmt.Errorf("race: send: %w", err)
	}
	status, err = c.receive()
	if err != nil {
		return 0, fmt.Errorf("race: read the response: %w", err)
	}
	return status, nil
}

// receive reads a response.
func (c *client) receive() (status int, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, fmt.Errorf("unknown status line %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length, err := c.length()
	if err != nil {
		return 0, err
	}
	c.body.Reset()
	if length >= 0 {
		_, err = io.CopyN(&c.body, c.in, length)
		return status, err
	}
	if _, err := c.body.ReadFrom(httputil.NewChunkedReader(c.in)); err != nil {
		return 0, err
	}
	_, err = c.in.ReadSlice('\n') // the empty line after the last chunk
	return status, err
}

// length reads the headers of a response and returns the length of the body. It returns -1 if the body is chunked.
func (c *client) length() (int64, error) {
	length := int64(-2)
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		name, value, found := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		switch {
		case found && bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return 0, err
			}
		case found && bytes.EqualFold(name, []byte("Transfer-Encoding")):
			length = -1
		case !found && length == -2:
			return 0, errors.New("the response has no length")
		case !found:
			return length, nil
		}
	}
}
