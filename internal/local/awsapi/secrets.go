package awsapi

import (
	"net/http"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

type getSecretValueInput struct{ SecretId, VersionStage string }

type getSecretValueOutput struct {
	ARN, Name, SecretString, VersionId string
	VersionStages                      []string
}

// secretsManager serves GetSecretValue. Each secret has only one version.
func (s *Server) secretsManager(r *request) ([]access.Call, func(http.ResponseWriter) error, error) {
	if r.operation != "GetSecretValue" {
		return nil, nil, unknown(r)
	}
	var in getSecretValueInput
	if err := decode(r.body, &in); err != nil {
		return nil, nil, err
	}
	call := access.Call{Operation: "secretsmanager:GetSecretValue", Resource: in.SecretId}
	return []access.Call{call}, func(w http.ResponseWriter) error {
		value, ok := s.Secrets[in.SecretId]
		if !ok || in.VersionStage != "" && in.VersionStage != "AWSCURRENT" {
			return invalid("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
		}
		name := in.SecretId[strings.LastIndexByte(in.SecretId, ':')+1:]
		return respond(w, getSecretValueOutput{
			ARN: in.SecretId, Name: name, SecretString: value, VersionId: "local",
			VersionStages: []string{"AWSCURRENT"},
		})
	}, nil
}
