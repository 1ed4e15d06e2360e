package local

import "github.com/perennial-loyalty/perennial/internal/jobs"

// Assumed returns the default plan of package jobs. The command line uses it through this package and does not import
// package jobs.
func Assumed() jobs.Plan { return jobs.Assumed() }
