package console_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/console"
)

func get(t *testing.T, h http.Handler, method, path string, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// TestPagesAreComplete follows every link from the API reference: each target exists, with its fragment, and no page
// loads anything from another host.
func TestPagesAreComplete(t *testing.T) {
	h := console.Handler(api.Spec)
	anchors := map[string]map[string]bool{} // the IDs of each page
	pending := []string{"/docs"}
	var links []string
	for len(pending) > 0 {
		path := pending[0]
		pending = pending[1:]
		if anchors[path] != nil {
			continue
		}
		anchors[path] = map[string]bool{}
		r := get(t, h, "GET", path, nil)
		if r.StatusCode != 200 || !console.Serves(path) {
			t.Fatalf("GET %s: %d", path, r.StatusCode)
		}
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			continue
		}
		doc, err := html.Parse(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			for _, a := range n.Attr {
				switch {
				case a.Key == "id" && anchors[path][a.Val]:
					t.Errorf("%s: the ID %q occurs twice", path, a.Val)
				case a.Key == "id":
					anchors[path][a.Val] = true
				case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
					t.Errorf("%s: the policy forbids the attribute %s", path, a.Key)
				case a.Key == "src", a.Key == "href" && n.Data == "link" && strings.Contains(a.Val, ":"):
					t.Errorf("%s: %s=%q is on another host", path, a.Key, a.Val)
				case a.Key == "href" && !strings.Contains(a.Val, ":"):
					if strings.HasPrefix(a.Val, "#") {
						a.Val = path + a.Val
					}
					links = append(links, a.Val)
					to, _, _ := strings.Cut(a.Val, "#")
					pending = append(pending, to)
				}
			}
		}
	}
	for _, link := range links {
		if path, fragment, ok := strings.Cut(link, "#"); ok && !anchors[path][fragment] {
			t.Errorf("no element has the ID of the link %s", link)
		}
	}
	if len(links) < 1000 {
		t.Errorf("the pages have only %d links", len(links))
	}
}

func TestOpenAPIDocumentIsServed(t *testing.T) {
	r := get(t, console.Handler(api.Spec), "GET", "/openapi.yaml", nil)
	body, err := io.ReadAll(r.Body)
	if err != nil || string(body) != string(api.Spec) || r.Header.Get("Content-Type") != "application/yaml" {
		t.Errorf("%v %v", r.Header, err)
	}
}

func TestPagesAreCompressed(t *testing.T) {
	h := console.Handler(api.Spec)
	plain, err := io.ReadAll(get(t, h, "GET", "/docs", nil).Body)
	if err != nil {
		t.Fatal(err)
	}
	r := get(t, h, "GET", "/docs", http.Header{"Accept-Encoding": {"gzip, br"}})
	zip, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if unzipped, err := io.ReadAll(zip); err != nil || string(unzipped) != string(plain) {
		t.Errorf("%v %v", r.Header, err)
	}
}

func TestOtherRequestsAreRejected(t *testing.T) {
	h := console.Handler(api.Spec)
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/docs/errors/no_such_code", 404},
		{"GET", "/docs/", 404},
		{"POST", "/docs", 405},
		{"HEAD", "/docs", 200},
	} {
		r := get(t, h, c.method, c.path, nil)
		policy := r.Header.Get("Content-Security-Policy")
		if r.StatusCode != c.status || !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s %s: %d %v", c.method, c.path, r.StatusCode, r.Header)
		}
	}
}
