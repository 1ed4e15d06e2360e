package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// checkpoint writes the latest checkpoint of a program to the directory of the flag --checkpoints.
func (d *dev) checkpoint(program, text string) error {
	if d.Checkpoints == "" {
		return nil
	}
	if err := os.MkdirAll(d.Checkpoints, 0o755); err != nil {
		return fmt.Errorf("write a checkpoint: %w", err)
	}
	path := filepath.Join(d.Checkpoints, program+".txt")
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		return fmt.Errorf("write a checkpoint: %w", err)
	}
	return os.Rename(path+".new", path)
}
