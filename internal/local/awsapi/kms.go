package awsapi

import (
	"context"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

// A Key emulates a symmetric key of KMS. A value that was wrapped for one program cannot be unwrapped for another.
type Key struct {
	Wrap   func(ctx context.Context, program string, key []byte) (wrapped []byte, err error)
	Unwrap func(ctx context.Context, program string, wrapped []byte) (key []byte, err error)
}

type kmsInput struct {
	KeyID             string `json:"KeyId"`
	Plaintext         []byte
	CiphertextBlob    []byte
	EncryptionContext map[string]string
}

type kmsOutput struct {
	KeyID          string `json:"KeyId"`
	Plaintext      []byte `json:",omitempty"`
	CiphertextBlob []byte `json:",omitempty"`
}

// kms serves Encrypt and Decrypt. The encryption context must contain only the program.
func (s *Server) kms(r *request) ([]access.Call, func(http.ResponseWriter) error, error) {
	if r.operation != "Encrypt" && r.operation != "Decrypt" {
		return nil, nil, unknown(r)
	}
	var in kmsInput
	if err := decode(r.body, &in); err != nil {
		return nil, nil, err
	}
	call := access.Call{Operation: "kms:" + r.operation, Resource: in.KeyID}
	return []access.Call{call}, func(w http.ResponseWriter) error {
		key, ok := s.Keys[in.KeyID]
		if !ok {
			return invalid("NotFoundException", "The key does not exist.")
		}
		out, program := kmsOutput{KeyID: in.KeyID}, in.EncryptionContext["program"]
		var err error
		if r.operation == "Encrypt" {
			out.CiphertextBlob, err = key.Wrap(r.Context(), program, in.Plaintext)
		} else {
			out.Plaintext, err = key.Unwrap(r.Context(), program, in.CiphertextBlob)
		}
		if err != nil {
			return invalid("InvalidCiphertextException", "The ciphertext or the encryption context is invalid.")
		}
		return respond(w, out)
	}, nil
}
