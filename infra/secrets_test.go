package infra

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// CloudFormation stores a new value in a secret when a property that holds or generates the value changes. The values of
// these secrets must survive every update, so these properties are fixed here.
func TestStackUpdatesNeverReplaceSecrets(t *testing.T) {
	generated := map[string]object{
		"Secret":         {"PasswordLength": uint64(64), "ExcludePunctuation": true},
		"WebhookSecret":  {"PasswordLength": uint64(48), "ExcludePunctuation": true},
		"WebhooksSecret": nil, // the operator stores the value
	}
	tpl := readStack(t)
	for id, r := range tpl.OfType("AWS::SecretsManager::Secret") {
		want, ok := generated[id]
		if !ok {
			t.Errorf("the test does not know the secret %s", id)
		}
		got, _ := r.Properties["GenerateSecretString"].(object)
		if diff := cmp.Diff(want, got); diff != "" || r.Properties["SecretString"] != nil || r.Properties["Name"] != nil {
			t.Errorf("an update of the stack would replace the value of %s: %s", id, diff)
		}
		if r.Attributes["DeletionPolicy"] != "Retain" || r.Attributes["UpdateReplacePolicy"] != "Retain" {
			t.Errorf("%s is deleted with the stack", id)
		}
	}
}
