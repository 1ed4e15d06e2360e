// Package reference renders the API reference: one page for all operations and schemas of an OpenAPI document, and one
// page for each error code.
//
// The pages need no script and request nothing from other hosts. The texts of the document are Markdown. Everything is
// escaped, although the document is trusted.
package reference
