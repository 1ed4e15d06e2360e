package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/perennial-loyalty/perennial/internal/local"
)

type clock struct {
	By        string `arg:"" optional:"" help:"${clock_by}"`
	Schedules bool   `help:"Also print each schedule's last run: its time, delay and duration."`
	URL       string `default:"http://127.0.0.1:8080" env:"PERENNIAL_URL" help:"Address of perennial dev."`
}

// Run advances the clock. The stack runs every schedule until the new time.
func (c *clock) Run(ctx context.Context) error {
	var body []byte
	method := http.MethodGet
	if c.By != "" {
		if _, err := local.ParseAdvance(c.By); err != nil {
			return err
		}
		var err error
		if body, err = json.Marshal(map[string]string{"advance": c.By}); err != nil {
			return err
		}
		method = http.MethodPost
	}
	status, answer, err := ask(
		ctx, method, c.URL, "/v1/test/clock", http.Header{"Content-Type": {"application/json"}}, body,
	)
	if err != nil {
		return err
	}
	var out struct {
		Now       time.Time   `json:"now"`
		Schedules []local.Run `json:"schedules"`
		Detail    string      `json:"detail"`
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return fmt.Errorf("%s is not a perennial dev: %w", c.URL, err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("the clock was not advanced: %s", out.Detail)
	}
	fmt.Println(out.Now.Format(time.RFC3339))
	if !c.Schedules {
		return nil
	}
	for _, r := range out.Schedules {
		fmt.Printf(
			"%-10s last run for %s, %s late, took %s; %d messages failed\n", r.Function, r.Due.Format(time.RFC3339),
			r.Lag, r.Took, r.GivenUp,
		)
		if r.Failed != "" {
			fmt.Println("           failed:", r.Failed)
		}
	}
	return nil
}
