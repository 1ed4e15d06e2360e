package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc/PID/stat: 1/100 s on all architectures that Go supports.
const tick = 10 * time.Millisecond

// A procStat contains the values of /proc/PID/stat that this package uses.
type procStat struct {
	parent int
	used   time.Duration // CPU time of the process and of its children that have exited (user and system)
}

// parseStat parses a line of /proc/PID/stat (see proc_pid_stat(5)). The name of the program is in parentheses, and may
// itself contain spaces and parentheses.
func parseStat(line string) (procStat, error) {
	fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
	const parent, user, childrenSystem = 1, 11, 14 // the positions of field 4 and of fields 14 to 17, after the name
	if len(fields) <= childrenSystem {
		return procStat{}, fmt.Errorf("race: unknown form of /proc/PID/stat: %q", line)
	}
	var s procStat
	var err error
	if s.parent, err = strconv.Atoi(fields[parent]); err != nil {
		return procStat{}, fmt.Errorf("race: parse /proc/PID/stat: %w", err)
	}
	for _, field := range fields[user : childrenSystem+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return procStat{}, fmt.Errorf("race: parse /proc/PID/stat: %w", err)
		}
		s.used += time.Duration(n) * tick
	}
	return s, nil
}

// cpuTime returns the CPU time that the given processes and all of their descendants have used.
func cpuTime(pids ...int) (time.Duration, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, fmt.Errorf("race: list processes: %w", err)
	}
	all := map[int]procStat{}
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil {
			continue // the process has exited in the meantime
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return 0, fmt.Errorf("race: list processes: %w", err)
		}
		if all[pid], err = parseStat(string(line)); err != nil {
			return 0, err
		}
	}
	return sumTimes(all, pids)
}

// sumTimes adds the CPU times of the given processes and of all of their descendants.
func sumTimes(all map[int]procStat, pids []int) (sum time.Duration, err error) {
	for len(pids) > 0 {
		pid := pids[0]
		stat, ok := all[pid]
		if !ok {
			return 0, errors.New("race: a server has exited")
		}
		sum += stat.used
		delete(all, pid)
		pids = pids[1:]
		for child, stat := range all {
			if stat.parent == pid {
				pids = append(pids, child)
			}
		}
	}
	return sum, nil
}
