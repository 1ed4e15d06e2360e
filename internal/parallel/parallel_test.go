package parallel_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perennial-loyalty/perennial/internal/parallel"
)

var (
	errFirst  = errors.New("first")
	errSecond = errors.New("second")
)

func TestReadsOverlapAndAllReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, returned := time.Now(), 0
		err := parallel.Do(
			func() error { time.Sleep(3 * time.Second); returned++; return errFirst },
			func() error { time.Sleep(time.Second); return errSecond },
			func() error { return nil },
		)
		if took := time.Since(began); took != 3*time.Second || returned != 1 {
			t.Errorf("the reads took %s, %d returned", took, returned)
		}
		if err != errFirst {
			t.Errorf("%v, want the error of the first failed read in the order of the arguments", err)
		}
	})
	if err := parallel.Do(); err != nil {
		t.Error(err)
	}
}

func TestPanicIsRaisedInCaller(t *testing.T) {
	defer func() {
		if v, _ := recover().(string); !strings.HasPrefix(v, "a fault\n") || !strings.Contains(v, "parallel_test.go") {
			t.Errorf("the caller recovered %q, want the panic with its stack", v)
		}
	}()
	_ = parallel.Do(func() error { return errFirst }, func() error { panic("a fault") })
	t.Error("Do did not panic")
}
