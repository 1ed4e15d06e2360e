// Package console serves the pages of a program for people: the API reference at /docs, a page for each error code, and
// the OpenAPI document. The pages contain no data of a program, and need no credential.
package console

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/reference"
)

// policy is the Content-Security-Policy of the pages. They load only the style sheet.
const policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Serves reports whether the handler of this package serves a path.
func Serves(path string) bool {
	return path == "/docs" || path == "/openapi.yaml" || strings.HasPrefix(path, "/docs/")
}

// Handler returns the handler of the pages of an OpenAPI document. It renders them at the first request.
func Handler(document []byte) http.Handler {
	rendered := sync.OnceValues(func() (files, error) { return render(document) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "Use GET.", http.StatusMethodNotAllowed)
			return
		}
		all, err := rendered()
		if err != nil {
			http.Error(w, "The API reference could not be rendered.", http.StatusInternalServerError)
			return
		}
		f, ok := all[r.URL.Path]
		if !ok {
			http.Error(w, "This page does not exist. The API reference is at /docs.", http.StatusNotFound)
			return
		}
		f.serve(w, r)
	})
}

// files contains the files by path.
type files map[string]file

func render(document []byte) (files, error) {
	pages, err := reference.Render(document)
	if err != nil {
		return nil, err
	}
	out := files{}
	for _, f := range []struct {
		path, typ string
		body      []byte
	}{
		{"/docs", "text/html; charset=utf-8", pages.Reference},
		{"/docs/reference.css", "text/css; charset=utf-8", reference.Style},
		{"/openapi.yaml", "application/yaml", document},
	} {
		if out[f.path], err = newFile(f.typ, f.body); err != nil {
			return nil, err
		}
	}
	for code, body := range pages.Errors {
		if out["/docs/errors/"+code], err = newFile("text/html; charset=utf-8", body); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// A file is a static response, which most browsers receive compressed.
type file struct {
	typ           string
	plain, zipped []byte
}

func newFile(typ string, body []byte) (file, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := zip.Write(body); err != nil {
		return file{}, fmt.Errorf("console: %w", err)
	}
	if err := zip.Close(); err != nil {
		return file{}, fmt.Errorf("console: %w", err)
	}
	return file{typ, body, out.Bytes()}, nil
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.typ)
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.zipped
	}
	_, _ = w.Write(body)
}
