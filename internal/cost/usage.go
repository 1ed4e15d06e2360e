package cost

import (
	"bytes"
	_ "embed" // for embedding usage.json
	"encoding/json"
	"fmt"
)

// A Usage states how much of the table and the logs one request uses. For scheduled work, it is the usage per member.
// Steps, Calls and Items matter only for the time that a caller waits, so they are zero for scheduled work.
type Usage struct {
	ID       string  `json:"id"`
	Request  string  `json:"request"`   // a description of the request in words
	Steps    int     `json:"steps"`     // number of sequential table calls; calls in parallel count once
	Calls    int     `json:"calls"`     // number of all table calls
	Read     float64 `json:"read"`      // read request units
	Write    float64 `json:"write"`     // write request units
	Items    int     `json:"items"`     // number of items read, including items that the call does not return
	LogBytes int     `json:"log_bytes"` // size of the function's log lines
}

// Usages returns the usage of each measured request.
func Usages() []Usage {
	var all []Usage
	read("usage.json", usageFile, &all)
	return all
}

//go:embed usage.json
var usageFile []byte

// read decodes an embedded file of this package. It panics if the file is invalid, which the tests of this package
// would detect.
func read(name string, file []byte, v any) {
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		panic(fmt.Sprintf("cost: %s: %v", name, err))
	}
}
