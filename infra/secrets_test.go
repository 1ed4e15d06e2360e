package infra

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStackUpdatesNeverReplaceSecrets fixes the properties that contain or generate the values of secrets.
// CloudFormation stores a new value when such a property changes, and these values must survive every update.
func TestStackUpdatesNeverReplaceSecrets(t *testing.T) {
	generated := map[string]object{
		"Secret":           {"PasswordLength": uint64(64), "ExcludePunctuation": true},
		"WebhookSecret":    {"PasswordLength": uint64(48), "ExcludePunctuation": true},
		"CheckpointSecret": {"PasswordLength": uint64(64), "ExcludePunctuation": true},
		"WebhooksSecret":   nil, // the operator stores the value
	}
	tpl := readStack(t)
	for id, r := range tpl.OfType("AWS::SecretsManager::Secret") {
		want, ok := generated[id]
		if !ok {
			t.Errorf("unknown secret %s", id)
		}
		got, _ := r.Properties["GenerateSecretString"].(object)
		if diff := cmp.Diff(want, got); diff != "" || r.Properties["SecretString"] != nil ||
			r.Properties["Name"] != nil {
			t.Errorf("an update of the stack would replace the value of %s: %s", id, diff)
		}
		if r.Attributes["DeletionPolicy"] != "Retain" || r.Attributes["UpdateReplacePolicy"] != "Retain" {
			t.Errorf("%s is deleted with the stack", id)
		}
	}
}
