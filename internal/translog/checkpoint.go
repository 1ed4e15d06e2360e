package translog

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A Checkpoint states the size and the root of a program's log.
type Checkpoint struct {
	Program string
	Epoch   int
	Size    int64
	Root    tlog.Hash
}

// Text returns the text of the checkpoint in the format of C2SP tlog-checkpoint: the origin of the log, the size and
// the root, each on its line. The origin is perennial/<program>/<epoch>.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s/%d\n%d\n%s\n", keyName(c.Program), c.Epoch, c.Size, c.Root)
}

// keyName returns the name of the key that signs the checkpoints of a program. It is the same in every epoch, so that
// verifiers need not change their key.
func keyName(program string) string { return "perennial/" + program }

// ErrCheckpoint reports a text that is not a checkpoint.
var ErrCheckpoint = errors.New("translog: the text is not a checkpoint of a program's log")

// ParseCheckpoint parses the text of a checkpoint, with or without signatures. It does not check signatures.
func ParseCheckpoint(text string) (c Checkpoint, err error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 {
		return c, ErrCheckpoint
	}
	origin := strings.Split(lines[0], "/")
	if len(origin) != 3 {
		return c, ErrCheckpoint
	}
	c.Program = origin[1]
	var errs [3]error
	c.Epoch, errs[0] = strconv.Atoi(origin[2])
	c.Size, errs[1] = strconv.ParseInt(lines[1], 10, 64)
	c.Root, errs[2] = tlog.ParseHash(lines[2])
	head, signatures, _ := strings.Cut(text, "\n\n")
	if signatures != "" {
		head += "\n"
	}
	if errors.Join(errs[:]...) != nil || c.Epoch < 1 || c.Size < 0 || c.Text() != head {
		return c, ErrCheckpoint
	}
	return c, nil
}

// OpenCheckpoint parses a signed checkpoint. It returns an error if the signature does not match the public key in
// verifierKey.
func OpenCheckpoint(text, verifierKey string) (Checkpoint, error) {
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("translog: the verifier key is invalid: %w", err)
	}
	n, err := note.Open([]byte(text), note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("translog: verify the checkpoint: %w", err)
	}
	return ParseCheckpoint(n.Text)
}

// KeyOf reports whether a public key verifies the checkpoints of a program.
func KeyOf(verifierKey, program string) bool {
	return strings.HasPrefix(verifierKey, keyName(program)+"+")
}

// sign signs a checkpoint of the log and stores it in the head. Without a secret, it does nothing.
func (l Log) sign(h *head) error {
	if l.Secret == nil {
		return nil
	}
	signer, verifierKey, err := l.signer(h.program)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(h.size, &Reader{head: *h}) // reads only open hashes
	if err != nil {
		return fmt.Errorf("translog: compute the root: %w", err)
	}
	text := Checkpoint{h.program, h.epoch, h.size, root}.Text()
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return fmt.Errorf("translog: sign a checkpoint: %w", err)
	}
	h.checkpoint, h.verifierKey = string(signed), verifierKey
	return nil
}

// signer returns the signer of a program's checkpoints, and the public key that verifies them. The keys are Ed25519
// keys in the format of package note, derived from the secret (HKDF-SHA-256, RFC 5869).
func (l Log) signer(program string) (s note.Signer, verifierKey string, err error) {
	key, verifierKey, err := keyOf(l.Secret, program)
	if err != nil {
		return nil, "", err
	}
	name, rest, _ := strings.Cut(verifierKey, "+")
	hash, _, _ := strings.Cut(rest, "+")
	private := append([]byte{1}, key.Seed()...) // 1 is the algorithm Ed25519
	text := strings.Join([]string{"PRIVATE", "KEY", name, hash, base64.StdEncoding.EncodeToString(private)}, "+")
	s, err = note.NewSigner(text)
	return s, verifierKey, err
}

// VerifierKey returns the public key that verifies the checkpoints of a program, in the format of package note.
func VerifierKey(secret []byte, program string) (string, error) {
	_, verifierKey, err := keyOf(secret, program)
	return verifierKey, err
}

func keyOf(secret []byte, program string) (key ed25519.PrivateKey, verifierKey string, err error) {
	if len(secret) < 32 {
		return nil, "", errors.New("translog: the signing secret must have at least 32 bytes")
	}
	seed, err := hkdf.Key(sha256.New, secret, nil, "perennial/checkpoint/"+program, ed25519.SeedSize)
	if err != nil {
		return nil, "", fmt.Errorf("translog: derive the key of %s: %w", program, err)
	}
	key = ed25519.NewKeyFromSeed(seed)
	verifierKey, err = note.NewEd25519VerifierKey(keyName(program), key.Public().(ed25519.PublicKey))
	return key, verifierKey, err
}

// A Proof proves that a checkpoint's tree contains a record.
type Proof struct {
	Index      int64       // the index of the record's leaf
	Path       []tlog.Hash // the hashes from the leaf to the root (RFC 6962, 2.1.1)
	Checkpoint string      // the signed checkpoint
}

// ErrNotLogged reports that the signed log does not contain a record yet.
var ErrNotLogged = errors.New("translog: the log does not contain the record yet")

// Prove returns the proof of a record. It returns ErrNotLogged if the log does not contain the record, or no signed
// checkpoint includes it.
func (r *Reader) Prove(record [32]byte, recorded time.Time) (Proof, error) {
	if r.head.checkpoint == "" {
		return Proof{}, ErrNotLogged
	}
	c, err := ParseCheckpoint(r.head.checkpoint)
	if err != nil {
		return Proof{}, err
	}
	index, found, err := r.locate(record, recorded)
	if err != nil {
		return Proof{}, err
	}
	if !found || index >= c.Size {
		return Proof{}, ErrNotLogged
	}
	path, err := tlog.ProveRecord(c.Size, index, r)
	if err != nil {
		return Proof{}, fmt.Errorf("translog: prove leaf %d: %w", index, err)
	}
	return Proof{Index: index, Path: path, Checkpoint: r.head.checkpoint}, nil
}
