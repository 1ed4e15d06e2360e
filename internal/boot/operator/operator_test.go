package operator

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestTableIsAtTheEndpointOfTheEnvironment(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_REGION", "eu-central-1")
	for _, c := range []struct {
		all, own, want string
		local          bool
	}{
		{"", "", "", false},
		{"http://127.0.0.1:4566", "", "http://127.0.0.1:4566", true},
		{"http://127.0.0.1:4566", "https://dynamodb.internal.example", "https://dynamodb.internal.example", false},
	} {
		t.Setenv("AWS_ENDPOINT_URL", c.all)
		t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", c.own)
		tab, err := Table(t.Context(), "perennial")
		if err != nil {
			t.Fatal(err)
		}
		o := tab.Client.Options()
		if aws.ToString(o.BaseEndpoint) != c.want || o.DisableValidateResponseChecksum != c.local {
			t.Errorf(
				"%+v: DynamoDB is at %q, without checksums: %t", c, aws.ToString(o.BaseEndpoint),
				o.DisableValidateResponseChecksum,
			)
		}
	}
}
