package local

import "github.com/perennial-loyalty/perennial/internal/jobs"

// Assumed is the plan of jobs, for the command line, which reaches the functions through this package alone.
func Assumed() jobs.Plan { return jobs.Assumed() }
