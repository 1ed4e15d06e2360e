package gateway

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// An answer is a function's response to an HTTP request, in payload format 2.0. It is parsed token by token. Its
// buffers are used again for the next response.
type answer struct {
	status  int
	headers [][2]string
	cookies []string
	body    []byte
	base64  bool
	dec     jsontext.Decoder
	in      bytes.Buffer
}

// read parses the response in raw. The answer contains copies, so the caller may change raw afterwards.
func (a *answer) read(raw []byte) error {
	a.status, a.headers, a.cookies, a.body, a.base64 = 0, a.headers[:0], a.cookies[:0], a.body[:0], false
	a.in.Reset()
	a.in.Write(raw)
	a.dec.Reset(&a.in)
	if err := a.object(a.field); err != nil {
		return fmt.Errorf("gateway: the function's response: %w", err)
	}
	if err := checkStatus(a.status); err != nil {
		return err
	}
	if !a.base64 {
		return nil
	}
	n, err := base64.StdEncoding.Decode(a.body, a.body)
	if err != nil {
		return fmt.Errorf("gateway: the function's body: %w", err)
	}
	a.body = a.body[:n]
	return nil
}

func checkStatus(status int) error {
	if status < 100 || status > 599 {
		return fmt.Errorf("gateway: the function returned status %d", status)
	}
	return nil
}

// object reads the next value, which must be an object or null. It calls member for each field. The function member
// must then read the value of the field.
func (a *answer) object(member func(name string) error) error {
	start, err := a.dec.ReadToken()
	if err != nil {
		return err
	}
	if start.Kind() == 'n' {
		return nil
	}
	if start.Kind() != '{' {
		return errors.New("is not an object")
	}
	for a.dec.PeekKind() == '"' {
		name, err := a.dec.ReadToken()
		if err != nil {
			return err
		}
		if err := member(name.String()); err != nil {
			return err
		}
	}
	_, err = a.dec.ReadToken()
	return err
}

func (a *answer) field(name string) error {
	switch name {
	case "headers":
		return a.object(a.header)
	case "multiValueHeaders":
		return a.object(func(name string) error {
			return a.strings(func(v string) { a.headers = append(a.headers, [2]string{name, v}) })
		})
	case "cookies":
		return a.strings(func(v string) { a.cookies = append(a.cookies, v) })
	}
	value, err := a.dec.ReadValue()
	if err != nil {
		return err
	}
	switch name {
	case "statusCode":
		a.status, err = strconv.Atoi(string(value))
	case "isBase64Encoded":
		a.base64 = value.Kind() == 't'
	case "body":
		if value.Kind() == '"' {
			a.body, err = jsontext.AppendUnquote(a.body[:0], value)
		}
	}
	return err
}

func (a *answer) header(name string) error {
	value, err := a.dec.ReadToken()
	if err != nil {
		return err
	}
	a.headers = append(a.headers, [2]string{name, value.String()})
	return nil
}

func (a *answer) strings(each func(string)) error {
	start, err := a.dec.ReadToken()
	if err != nil || start.Kind() == 'n' {
		return err
	}
	if start.Kind() != '[' {
		return errors.New("is not a list")
	}
	for a.dec.PeekKind() == '"' {
		value, err := a.dec.ReadToken()
		if err != nil {
			return err
		}
		each(value.String())
	}
	_, err = a.dec.ReadToken()
	return err
}

// write sends the response to the client.
func (a *answer) write(w http.ResponseWriter, id string) {
	for _, cookie := range a.cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	write(w, a.status, a.headers, a.body, id)
}

// write sends a response to the client. It adds the default content type of API Gateway and the ID of the request.
func write(w http.ResponseWriter, status int, headers [][2]string, body []byte, id string) {
	h, values := w.Header(), make([]string, len(headers)+1) // the values of all headers
	for i, header := range headers {
		name := canonical(header[0])
		if values[i] = header[1]; h[name] != nil {
			h[name] = append(h[name], header[1])
			continue
		}
		h[name] = values[i : i+1 : i+1]
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	values[len(headers)] = id
	h["Apigw-Requestid"] = values[len(headers):]
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the client has disconnected
}

// canonical returns the canonical form of a header's name. It is fast for the headers of most responses.
func canonical(name string) string {
	switch name {
	case "content-type":
		return "Content-Type"
	case "cache-control":
		return "Cache-Control"
	case "x-content-type-options":
		return "X-Content-Type-Options"
	}
	return http.CanonicalHeaderKey(name)
}
