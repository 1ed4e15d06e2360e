// Package operator opens the table, and reads secrets, for a person at a terminal, who has profiles, single sign-on and
// roles to assume, as Amazon's own command line understands them. It is apart from boot so that no function on Lambda
// carries the code for that. It deliberately knows no function, and keeps no secret.
package operator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/perennial-loyalty/perennial/internal/boot"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
)

// Table is the DynamoDB table of that name or ARN, with the credentials and the region that the environment and
// Amazon's configuration files say.
func Table(ctx context.Context, name string) (*dynamotable.Table, error) {
	conf, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("operator: find credentials and region: %w", err)
	}
	if conf.Region == "" {
		return nil, errors.New("operator: no region; set AWS_REGION or a profile")
	}
	client := dynamodb.NewFromConfig(conf, func(o *dynamodb.Options) {
		o.DisableValidateResponseChecksum = boot.OnThisMachine(o.BaseEndpoint) // DynamoDB Local sends none with errors
	})
	return &dynamotable.Table{
		Client: client, Name: name, Timeout: 10 * time.Second, Patience: 30 * time.Second, // a slow line
	}, nil
}

// Secret is a secret of Secrets Manager, by name or ARN.
func Secret(ctx context.Context, id string) ([]byte, error) {
	conf, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("operator: find credentials and region: %w", err)
	}
	return boot.Secret{Client: secretsmanager.NewFromConfig(conf), ID: id}.Read(ctx)
}
