package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/local"
)

type clock struct {
	By        string `arg:"" optional:"" help:"How far to move it on: +30d, +2w, +36h. Nothing: only read it."`
	Schedules bool   `help:"Also say when each schedule last fired, how late, and how long it took."`
	URL       string `default:"http://127.0.0.1:8080" env:"PERENNIAL_URL" help:"Where perennial dev answers."`
}

// Run asks the stack, which fires whatever falls due on the way.
func (c *clock) Run(ctx context.Context) error {
	var body io.Reader
	method := http.MethodGet
	if c.By != "" {
		if _, err := local.ParseAdvance(c.By); err != nil {
			return err
		}
		in, err := json.Marshal(map[string]string{"advance": c.By})
		if err != nil {
			return err
		}
		method, body = http.MethodPost, bytes.NewReader(in)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+"/v1/test/clock", body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("is perennial dev running at %s? %w", c.URL, err)
	}
	defer resp.Body.Close()
	var out struct {
		Now       time.Time   `json:"now"`
		Schedules []local.Run `json:"schedules"`
		Detail    string      `json:"detail"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return fmt.Errorf("%s is no perennial dev: %w", c.URL, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the clock was not moved: %s", out.Detail)
	}
	fmt.Println(out.Now.Format(time.RFC3339))
	if !c.Schedules {
		return nil
	}
	for _, r := range out.Schedules {
		fmt.Printf("%-10s last fired for %s, %s late, and took %s; %d messages given up\n", r.Function, r.Due.Format(time.RFC3339), r.Lag, r.Took, r.GivenUp)
		if r.Failed != "" {
			fmt.Println("           failed:", r.Failed)
		}
	}
	return nil
}
