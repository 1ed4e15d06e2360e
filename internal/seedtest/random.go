package seedtest

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"sync"
)

// Random returns a source of randomness that a seed determines. It is safe for concurrent use.
func Random(seed uint64) io.Reader {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	return &source{random: rand.NewChaCha8(key)}
}

type source struct {
	mu     sync.Mutex
	random *rand.ChaCha8
}

func (s *source) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Read(b)
}
