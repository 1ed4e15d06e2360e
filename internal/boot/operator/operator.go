// Package operator opens the table and reads secrets for an operator who uses a terminal. Unlike a function, an
// operator has profiles, uses single sign-on and assumes roles, as in the AWS CLI. The package is separate from boot so
// that functions do not contain the code for these features. It does not depend on functions and stores no secret.
package operator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
)

// Table opens the DynamoDB table with the given name or ARN. It uses the credentials and region of the environment
// and the AWS configuration files.
func Table(ctx context.Context, name string) (*dynamotable.Table, error) {
	conf, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("operator: find credentials and region: %w", err)
	}
	if conf.Region == "" {
		return nil, errors.New("operator: no region; set AWS_REGION or a profile")
	}
	client := dynamodb.NewFromConfig(conf, func(o *dynamodb.Options) {
		// Error responses of DynamoDB Local have no checksum.
		o.DisableValidateResponseChecksum = boot.OnThisMachine(o.BaseEndpoint)
	})
	return &dynamotable.Table{
		Client: dynamotable.NewClient(client), Name: name,
		Timeout: 10 * time.Second, Patience: 30 * time.Second, // for slow connections
	}, nil
}

// Secret reads a secret of Secrets Manager by its name or ARN.
func Secret(ctx context.Context, id string) ([]byte, error) {
	conf, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("operator: find credentials and region: %w", err)
	}
	return boot.Secret{Client: secretsmanager.NewFromConfig(conf), ID: id}.Read(ctx)
}

// Root returns a root key that unwraps the keys of programs with KMS. It cannot wrap new ones.
func Root(ctx context.Context) (keyring.Root, error) {
	conf, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return keyring.Root{}, fmt.Errorf("operator: find credentials and region: %w", err)
	}
	key := boot.KMS{
		Region: conf.Region, Credentials: conf.Credentials.Retrieve, Do: http.DefaultClient.Do,
		Endpoint: boot.Endpoint("AWS_ENDPOINT_URL_KMS"),
	}
	return key.Root(), nil
}
