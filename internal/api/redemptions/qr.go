package redemptions

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// quiet is the width of the white margin around a QR code, in modules (ISO/IEC 18004, 9.1).
const quiet = 4

// drawQR renders a text as a QR code in SVG: a white square and one path that consists of black rectangles, each one
// module high. The image contains the text only as modules, so the text cannot inject markup.
func drawQR(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("api: draw code: %w", err)
	}
	side := code.Size + 2*quiet
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`, side,
		side)
	fmt.Fprintf(&b, `<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, side, side)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			run := 0
			for code.Black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
			}
			x += run
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String(), nil
}
