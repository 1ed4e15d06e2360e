package boot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// An environment contains the settings from the variables that template.yaml and Lambda set.
type environment struct {
	stage     app.Stage
	tableName string
	secretID  string
	// webhooks is the name of the secret with the connections to payment processors. It is empty if the function does
	// not need them.
	webhooks string
	// checkpoint is the name of the secret that signs checkpoints. It is empty except in the function relay.
	checkpoint string
	// signIn is the issuer at which operators sign in. It is empty except in the function programs.
	signIn  app.SignIn
	region  string
	dataKey string         // the ARN of the KMS key that wraps the keys of programs
	version string         // the function's published version, a dimension of its metrics
	clock   *app.TestClock // a clock that events set; nil selects the machine's clock
	http    *awshttp.BuildableClient
}

func readEnvironment() (environment, error) {
	var missing []string
	want := func(name string) string {
		value := os.Getenv(name)
		if value == "" {
			missing = append(missing, name)
		}
		return value
	}
	env := environment{
		stage:     app.Stage(want("PERENNIAL_STAGE")),
		tableName: want("PERENNIAL_TABLE"),
		secretID:  want("PERENNIAL_SECRET"),
		dataKey:   want("PERENNIAL_DATA_KEY"),
		region:    want("AWS_REGION"),
		http:      awshttp.NewBuildableClient(),
		webhooks:  os.Getenv("PERENNIAL_WEBHOOKS"),

		checkpoint: os.Getenv("PERENNIAL_CHECKPOINT_SECRET"),
		version:    os.Getenv("AWS_LAMBDA_FUNCTION_VERSION"),
		signIn: app.SignIn{
			Issuer: os.Getenv("PERENNIAL_OIDC_ISSUER"), ClientID: os.Getenv("PERENNIAL_OIDC_CLIENT_ID"),
			RedirectURL: os.Getenv("PERENNIAL_OIDC_REDIRECT_URL"),
		},
	}
	if len(missing) > 0 {
		return env, fmt.Errorf("boot: the environment lacks %s", strings.Join(missing, ", "))
	}
	var err error
	env.clock, err = testClock(os.Getenv(clockVariable), env.stage)
	return env, err
}

// Credentials returns the credentials of the function's role, which Lambda sets in the environment.
func Credentials(context.Context) (aws.Credentials, error) {
	c := aws.Credentials{
		AccessKeyID:     os.Getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    os.Getenv("AWS_SESSION_TOKEN"),
		Source:          "environment",
	}
	if !c.HasKeys() {
		return c, errors.New("boot: the environment holds no credentials")
	}
	return c, nil
}

// Endpoint returns the address that replaces the AWS address of a service, for tests and emulators, or nil if there is
// none. Like the AWS SDKs, it reads the variable of the service, such as AWS_ENDPOINT_URL_SQS, and then
// AWS_ENDPOINT_URL.
func Endpoint(name string) *string {
	for _, variable := range []string{name, "AWS_ENDPOINT_URL"} {
		if url := os.Getenv(variable); url != "" {
			return &url
		}
	}
	return nil
}

// OnThisMachine reports whether an address is on this machine, where emulators listen.
func OnThisMachine(endpoint *string) bool {
	if endpoint == nil {
		return false
	}
	u, err := url.Parse(*endpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// root returns the root key of the function.
func (env environment) root() keyring.Root {
	return KMS{
		Key: env.dataKey, Region: env.region, Credentials: Credentials, Do: env.http.Do,
		Endpoint: Endpoint("AWS_ENDPOINT_URL_KMS"),
	}.Root()
}

// table opens the table. If DynamoDB is emulated on this machine, response checksums are not verified, because DynamoDB
// Local omits them from errors.
func (env environment) table() *dynamotable.Table {
	endpoint := Endpoint("AWS_ENDPOINT_URL_DYNAMODB")
	client := dynamodb.New(dynamodb.Options{
		Region:                          env.region,
		Credentials:                     aws.CredentialsProviderFunc(Credentials),
		HTTPClient:                      env.http,
		BaseEndpoint:                    endpoint,
		DisableValidateResponseChecksum: OnThisMachine(endpoint),
	})
	return &dynamotable.Table{
		Client: dynamotable.NewClient(client), Name: env.tableName, Refused: count, Random: rand.Reader,
	}
}

// count adds an attempt that DynamoDB refused to the metrics of the invocation.
func count(ctx context.Context, why dynamotable.Refusal) {
	switch why {
	case dynamotable.Conflict:
		telemetry.Count(ctx, telemetry.Conflicts, 1)
	case dynamotable.Throttle:
		telemetry.Count(ctx, telemetry.Throttles, 1)
	}
}
