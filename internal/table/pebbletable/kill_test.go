package pebbletable

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// childDir is the environment variable with the directory to which a child process of this test writes until it is
// killed.
const childDir = "PEBBLETABLE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := writeForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeForever writes new items and one shared counter with eight goroutines, and prints the key of each item once
// it is acknowledged.
func writeForever(dir string) error {
	tab, err := Open(dir)
	if err != nil {
		return err
	}
	failed := make(chan error)
	var mu sync.Mutex
	for w := range 8 {
		go func() {
			for i := 0; ; i++ {
				key := table.Key{PK: fmt.Sprintf("%d-%d", os.Getpid(), w), SK: fmt.Sprintf("%06d", i)}
				made := table.Item{Key: key, Index: table.Key{PK: "all", SK: key.PK}, Doc: []byte(`{"n":1}`)}
				count := table.Add(table.Key{PK: "count", SK: "count"}, "n", 1, 0)
				if err := tab.Transact(context.Background(), table.Put(made), count); err != nil {
					failed <- err
					return
				}
				mu.Lock()
				fmt.Println(key.PK, key.SK)
				mu.Unlock()
			}
		}()
	}
	return <-failed
}

func TestKilledProcessKeepsAcknowledgedWrites(t *testing.T) {
	dir := t.TempDir()
	var acknowledged []table.Key
	for round := range 3 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			var key table.Key
			if _, err := fmt.Sscan(lines.Text(), &key.PK, &key.SK); err != nil {
				break // the last line may be incomplete
			}
			acknowledged = append(acknowledged, key)
			if n == 300+round*100 {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = child.Wait() // the error reports that the process was killed
		wantAcknowledged(t, dir, acknowledged)
	}
}

func wantAcknowledged(t *testing.T, dir string, keys []table.Key) {
	t.Helper()
	tab, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if it, err := tab.Get(t.Context(), key); err != nil || it.Version != 1 {
			t.Fatalf("%s was acknowledged and is at version %d (%v)", key, it.Version, err)
		}
	}
	made := 0
	for _, err := range tab.Query(t.Context(), table.Query{PK: "all", Index: true}) {
		if err != nil {
			t.Fatal(err)
		}
		made++
	}
	if count, err := tab.Get(t.Context(), table.Key{PK: "count", SK: "count"}); err != nil ||
		count.Version != int64(made) {
		t.Errorf("%d items and a count of %s (%v): a transaction was applied in part", made, count.Doc, err)
	}
	wantIndexOfItems(t, tab)
	if err := tab.Close(); err != nil {
		t.Error(err)
	}
}
