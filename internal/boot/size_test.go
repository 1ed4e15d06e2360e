package boot

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/notices"
)

// TestBinariesAreSmall checks the sizes of the binaries that infra/build creates, because Lambda loads the binary at
// each cold start. If a binary grows, go build -ldflags=-dumpdep shows why: conditions use expr, so that the linker
// keeps all methods of each type that it marks with UsedInIface. Types that are stored in interfaces, such as handlers,
// must therefore not contain clients of the SDK or stores.
func TestBinariesAreSmall(t *testing.T) {
	limits := map[string]int64{ // bytes
		"relay": 13_250_000, "reassess": 15_200_000, "webhooks": 15_500_000, "earn": 16_050_000, "redeem": 15_900_000,
		"members": 16_600_000, "programs": 16_850_000, "reminders": 17_650_000, "remind": 17_650_000,
	}
	dir := t.TempDir()
	args := []string{dir}
	for function := range limits {
		args = append(args, function)
	}
	if out, err := exec.Command("../../infra/build", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for function, limit := range limits {
		info, err := os.Stat(filepath.Join(dir, function, "bootstrap"))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > limit {
			t.Errorf("%s has %d bytes, more than %d", function, info.Size(), limit)
		}
		text, err := os.ReadFile(filepath.Join(dir, function, "THIRD_PARTY_NOTICES"))
		if err != nil || string(text) != notices.Text {
			t.Errorf("%s is built without the notices of other authors: %v", function, err)
		}
	}
}
