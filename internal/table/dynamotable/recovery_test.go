package dynamotable_test

import (
	"errors"
	"fmt"
	"testing"
)

func TestPointInTimeRecovery(t *testing.T) {
	described := func(status string) answer {
		return says(200, fmt.Sprintf(`{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED",`+
			`"PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":%q}}}`, status))
	}
	for name, c := range map[string]struct {
		answers     []answer
		on          bool
		failed      bool
		unsupported bool
	}{
		"on":  {[]answer{described("ENABLED")}, true, false, false},
		"off": {[]answer{described("DISABLED")}, false, false, false},
		"never enabled": {
			[]answer{says(200, `{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"DISABLED"}}`)},
			false,
			false, false,
		},
		"throttled once": {[]answer{fault(400, "ThrottlingException"), described("ENABLED")}, true, false, false},
		"not allowed":    {[]answer{fault(400, "AccessDeniedException")}, false, true, false},
		"DynamoDB Local": {[]answer{fault(400, "UnknownOperationException")}, false, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			tab, _ := play(t, c.answers...)
			on, err := tab.PointInTimeRecovery(t.Context())
			if on != c.on || (err != nil) != c.failed || errors.Is(err, errors.ErrUnsupported) != c.unsupported {
				t.Errorf("%t, %v", on, err)
			}
		})
	}
}
