package local

import "github.com/perennial-loyalty/perennial/internal/jobs"

// Assumed returns the default plan of jobs. The command line uses the functions only through this package.
func Assumed() jobs.Plan { return jobs.Assumed() }
