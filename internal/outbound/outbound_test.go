package outbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func TestOnlyAddressesOfTheInternetArePublic(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34": true, "1.1.1.1": true, "2606:2800:220:1::1": true, "::ffff:93.184.216.34": true,
		"100.63.255.255": true, "100.128.0.0": true, "172.15.255.255": true, "172.32.0.0": true, "198.20.0.0": true,

		"127.0.0.1": false, "::1": false, "10.1.2.3": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.168.1.1": false, "169.254.169.254": false, "fd00:ec2::254": false, "fe80::1": false,
		"100.64.0.0": false, "100.127.255.255": false, "0.0.0.0": false, "0.1.2.3": false, "::": false,
		"255.255.255.255": false, "240.0.0.1": false, "224.0.0.1": false, "ff02::1": false, "198.18.0.1": false,
		"198.19.255.255": false, "192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false, "192.0.0.8": false,
		"::ffff:10.0.0.1": false, "::ffff:127.0.0.1": false, "::127.0.0.1": false, "64:ff9b::7f00:1": false,
		"64:ff9b:1::1": false, "2002:7f00:1::": false, "2001::1": false, "2001:db8::1": false, "fec0::1": false,
		"3fff::1": false,
	} {
		if got := IsPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is public: %v", address, got)
		}
	}
}

func TestClientRejectsPrivateAddressesAndPlainHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the client sent a request to a private address")
	}))
	defer server.Close()
	port := server.Listener.Addr().(*net.TCPAddr).AddrPort().Port()
	local := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String()
	for _, address := range []string{
		"https://" + local, "https://localhost:" + local[strings.IndexByte(local, ':')+1:],
		"https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest", "https://10.0.0.1/", "https://[::1]/",
		"https://2130706433/", "http://93.184.216.34/", "http://" + local,
	} {
		_, err := Get(t.Context(), Client(time.Second), address, 10)
		if !errors.Is(err, ErrNotPublic) && !strings.Contains(address, "2130706433") || err == nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestRebindingIsRejectedAtDial resolves a name to a public address and then to a private one.
func TestRebindingIsRejectedAtDial(t *testing.T) {
	private := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the client sent a request to a private address")
	}))
	defer private.Close()
	var asked atomic.Int32
	resolver := resolve(t, func() [4]byte {
		if asked.Add(1) == 1 {
			return [4]byte{93, 184, 216, 34}
		}
		return [4]byte{127, 0, 0, 1}
	})
	first, err := resolver.LookupNetIP(t.Context(), "ip4", "rebinding.example.")
	if err != nil || len(first) != 1 || !IsPublic(first[0]) {
		t.Fatalf("the name first resolves to %v, %v", first, err)
	}
	port := private.Listener.Addr().(*net.TCPAddr).AddrPort().Port()
	address := "https://rebinding.example.:" + netip.AddrPortFrom(netip.IPv4Unspecified(), port).String()[8:]
	if _, err := Get(t.Context(), client(5*time.Second, resolver), address, 10); !errors.Is(err, ErrNotPublic) {
		t.Errorf("after the name changed: %v", err)
	}
	if asked.Load() < 2 {
		t.Error("the client did not resolve the name")
	}
}

// resolve returns a resolver whose server answers each query for an IPv4 address with the result of a function.
func resolve(t *testing.T, address func() [4]byte) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
					Body:   &dnsmessage.AResource{A: address()},
				}}
			}
			if raw, err := m.Pack(); err == nil {
				_, _ = server.WriteTo(raw, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

func TestResponsesAreLimited(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/short", http.StatusFound)
		case "/short":
			_, _ = io.WriteString(w, "0123456789")
		default:
			_, _ = io.WriteString(w, "01234567890")
		}
	}))
	defer server.Close()
	plain := &http.Client{CheckRedirect: Client(time.Second).CheckRedirect}
	if body, err := Get(t.Context(), plain, server.URL+"/short", 10); err != nil || string(body) != "0123456789" {
		t.Errorf("10 bytes: %q, %v", body, err)
	}
	for _, path := range []string{"/long", "/redirect"} {
		if body, err := Get(t.Context(), plain, server.URL+path, 10); err == nil {
			t.Errorf("%s: %q", path, body)
		}
	}
}
