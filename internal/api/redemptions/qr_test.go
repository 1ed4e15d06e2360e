package redemptions

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rsc.io/qr"
)

func TestImageShowsModulesOfCode(t *testing.T) {
	for _, text := range []string{"7K3M-Q9XZ-02VB-HJ4D-R", "maxx-0001", "0000", strings.Repeat("a", 64)} {
		drawn, err := drawQR(text)
		if err != nil {
			t.Fatal(err)
		}
		want, err := qr.Encode(text, qr.M)
		if err != nil {
			t.Fatal(err)
		}
		black := map[[2]int]bool{}
		for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(drawn, -1) {
			x, _ := strconv.Atoi(m[1])
			y, _ := strconv.Atoi(m[2])
			run, _ := strconv.Atoi(m[3])
			for i := range run {
				black[[2]int{x + i - quiet, y - quiet}] = true
			}
		}
		for y := range want.Size {
			for x := range want.Size {
				if black[[2]int{x, y}] != want.Black(x, y) {
					t.Fatalf("%s: the module at %d, %d is wrong", text, x, y)
				}
				delete(black, [2]int{x, y})
			}
		}
		if len(black) > 0 {
			t.Errorf("%s: %d modules lie outside of the code", text, len(black))
		}
	}
}
