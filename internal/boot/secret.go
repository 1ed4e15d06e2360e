package boot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// overlap is the time for which the earlier value of a secret remains valid after a rotation. A processor continues to
// sign with the earlier value until the rotation has reached all of its servers, and resends webhooks that it signed
// earlier.
const overlap = 24 * time.Hour

// A Secret is one secret of Secrets Manager.
type Secret struct {
	Client *secretsmanager.Client
	ID     string // the name or ARN of the secret
	Now    func() time.Time
}

// Read returns the current value, which can be stored as text or as bytes.
func (s Secret) Read(ctx context.Context) ([]byte, error) {
	out, err := s.version(ctx, "AWSCURRENT")
	if err != nil {
		return nil, err
	}
	return valueOf(out), nil
}

// ReadBoth returns the current value (AWSCURRENT) and the previous value (AWSPREVIOUS). The previous value is nil if
// the current value was stored longer than overlap ago. If the previous value has leaked, end the overlap immediately:
// store the current value a second time, so that it becomes the previous value too.
func (s Secret) ReadBoth(ctx context.Context) (current, previous []byte, err error) {
	out, err := s.version(ctx, "AWSCURRENT")
	if err != nil {
		return nil, nil, err
	}
	current = valueOf(out)
	if out.CreatedDate == nil || s.Now().Sub(*out.CreatedDate) >= overlap {
		return current, nil, nil
	}
	before, err := s.version(ctx, "AWSPREVIOUS")
	if hasNoValue(err) {
		return current, nil, nil // the secret was never rotated
	}
	if err != nil {
		return nil, nil, err
	}
	return current, valueOf(before), nil
}

// hasNoValue reports whether err means that the secret has never had a value. The template creates the secret for
// payment processors without a value, so that an update of the stack cannot replace its value.
func hasNoValue(err error) bool { return errors.As(err, new(*types.ResourceNotFoundException)) }

func (s Secret) version(ctx context.Context, stage string) (*secretsmanager.GetSecretValueOutput, error) {
	out, err := s.Client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.ID, VersionStage: &stage})
	if err != nil {
		return nil, fmt.Errorf("boot: read the secret %s (%s): %w", s.ID, stage, err)
	}
	return out, nil
}

func valueOf(out *secretsmanager.GetSecretValueOutput) []byte {
	if out.SecretString != nil {
		return []byte(*out.SecretString)
	}
	return out.SecretBinary
}

// Secrets returns a client of Secrets Manager for a function.
func Secrets(region string, client *awshttp.BuildableClient) *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{
		Region:       region,
		Credentials:  aws.CredentialsProviderFunc(Credentials),
		HTTPClient:   client,
		BaseEndpoint: Endpoint("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
	})
}

// readProcessors reads the connections to payment processors. After a rotation, earlier secrets remain valid for the
// duration overlap. An invalid document is an error, so that the earlier connections remain in use. If the secret has
// no value yet, there are no connections.
func readProcessors(ctx context.Context, s Secret) (app.Processors, error) {
	current, previous, err := s.ReadBoth(ctx)
	if hasNoValue(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	agreed, err := app.ReadProcessors(current)
	if err != nil {
		return nil, err
	}
	if err := agreed.Check(); err != nil {
		return nil, err
	}
	if before, err := app.ReadProcessors(previous); err == nil {
		return agreed.Accepting(before), nil
	}
	return agreed, nil
}
