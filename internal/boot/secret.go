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

// Overlap is how long after a rotation the value from before is still used: a processor goes on signing with it until
// the rotation has reached all of its servers, and repeats what it signed before.
const Overlap = 24 * time.Hour

// A Secret is one secret of Secrets Manager.
type Secret struct {
	Client *secretsmanager.Client
	ID     string // its name or ARN
	Now    func() time.Time
}

// Read returns the current value, whether it was stored as a text or as bytes.
func (s Secret) Read(ctx context.Context) ([]byte, error) {
	out, err := s.version(ctx, "AWSCURRENT")
	if err != nil {
		return nil, err
	}
	return valueOf(out), nil
}

// ReadBoth returns the current value (AWSCURRENT) and, until Overlap after that was stored, the value from before
// (AWSPREVIOUS); nil if there is none. To end the overlap at once, because the value from before has leaked, store the
// current value a second time: it is then the value from before as well.
func (s Secret) ReadBoth(ctx context.Context) (current, previous []byte, err error) {
	out, err := s.version(ctx, "AWSCURRENT")
	if err != nil {
		return nil, nil, err
	}
	current = valueOf(out)
	if out.CreatedDate == nil || s.Now().Sub(*out.CreatedDate) >= Overlap {
		return current, nil, nil
	}
	before, err := s.version(ctx, "AWSPREVIOUS")
	if HasNoValue(err) {
		return current, nil, nil // it was never rotated
	}
	if err != nil {
		return nil, nil, err
	}
	return current, valueOf(before), nil
}

// HasNoValue reports whether an error of Read or ReadBoth says that no value was ever stored in the secret. The template
// creates the secret of payment processors without a value, so that no update of the stack can replace one.
func HasNoValue(err error) bool { return errors.As(err, new(*types.ResourceNotFoundException)) }

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

// Secrets is a client of Secrets Manager for a function.
func Secrets(region string, client *awshttp.BuildableClient) *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{
		Region:       region,
		Credentials:  aws.CredentialsProviderFunc(Credentials),
		HTTPClient:   client,
		BaseEndpoint: Endpoint("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
	})
}

// readProcessors reads what is agreed with payment processors. The secrets from before a rotation are accepted for
// Overlap. A document that cannot be used is an error, so that the connections from before stay in use. No value means
// that there are no connections yet.
func readProcessors(ctx context.Context, s Secret) (app.Processors, error) {
	current, previous, err := s.ReadBoth(ctx)
	if HasNoValue(err) {
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
