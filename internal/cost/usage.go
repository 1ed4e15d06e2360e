package cost

import (
	"bytes"
	_ "embed" // for the data
	"encoding/json"
	"fmt"
)

// A Usage states how much of the table and the logs one request uses. For scheduled work, it is the usage per member;
// Steps, Calls and Items are then zero, because they matter only for the time that a caller waits.
type Usage struct {
	ID       string  `json:"id"`
	Request  string  `json:"request"`   // in words
	Steps    int     `json:"steps"`     // calls of the table that follow one another
	Calls    int     `json:"calls"`     // calls of the table
	Read     float64 `json:"read"`      // read request units
	Write    float64 `json:"write"`     // write request units
	Items    int     `json:"items"`     // items that are read, also those that are not returned
	LogBytes int     `json:"log_bytes"` // of the function's log lines
}

// Usages returns the usage of each request that is measured.
func Usages() []Usage {
	var all []Usage
	read("usage.json", usageFile, &all)
	return all
}

//go:embed usage.json
var usageFile []byte

// read decodes a file of this package. It panics if the file is wrong, which the tests of this package show.
func read(name string, file []byte, v any) {
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		panic(fmt.Sprintf("cost: %s: %v", name, err))
	}
}
