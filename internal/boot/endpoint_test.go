package boot

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

func TestServiceEndpointTakesPrecedence(t *testing.T) {
	for _, c := range []struct {
		all, own, want string
		local          bool
	}{
		{"", "", "", false},
		{"http://127.0.0.1:4566", "", "http://127.0.0.1:4566", true},
		{"", "http://localhost:8000", "http://localhost:8000", true},
		{"http://127.0.0.1:4566", "https://dynamodb.internal.example", "https://dynamodb.internal.example", false},
		{"https://vpce-1.example", "http://[::1]:8000", "http://[::1]:8000", true},
		{"http://10.0.0.7:8000", "", "http://10.0.0.7:8000", false},
	} {
		t.Setenv("AWS_ENDPOINT_URL", c.all)
		t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", c.own)
		t.Setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", c.own)
		env := environment{region: "eu-central-1", tableName: "perennial", http: awshttp.NewBuildableClient()}
		o := env.table().Client.Options()
		if aws.ToString(o.BaseEndpoint) != c.want || o.DisableValidateResponseChecksum != c.local {
			t.Errorf(
				"%+v: DynamoDB is at %q, without checksums: %t", c, aws.ToString(o.BaseEndpoint),
				o.DisableValidateResponseChecksum,
			)
		}
		if got := aws.ToString(Secrets("eu-central-1", env.http).Options().BaseEndpoint); got != c.want {
			t.Errorf("%+v: Secrets Manager is at %q", c, got)
		}
	}
}
