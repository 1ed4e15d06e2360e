package dynamotable

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Local returns a client for DynamoDB on this machine, such as DynamoDB Local at "http://127.0.0.1:8000". The client
// signs with dummy credentials. It does not verify response checksums, because DynamoDB Local omits them from errors.
func Local(endpoint string) Client {
	return NewClient(dynamodb.New(dynamodb.Options{
		BaseEndpoint: &endpoint,
		Region:       "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
		DisableValidateResponseChecksum: true,
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
			// With the default of 10, many parallel writers would open new connections each time.
			tr.MaxIdleConnsPerHost = 64
		}),
	}))
}

// Create creates the table with on-demand capacity if it does not exist, and waits until it is active. It is for local
// endpoints and tests; on AWS, template.yaml creates the table with more settings. This table has no stream, because
// DynamoDB Local reads all earlier stream records on every write. With a stream, the tests of this package took four
// times as long, and after a dozen runs one write took most of a second.
func Create(ctx context.Context, t *Table) error {
	client := dynamodb.New(t.Client.Options())
	key := func(pk, sk string) []types.KeySchemaElement {
		return []types.KeySchemaElement{
			{AttributeName: &pk, KeyType: types.KeyTypeHash},
			{AttributeName: &sk, KeyType: types.KeyTypeRange},
		}
	}
	var attributes []types.AttributeDefinition
	for _, name := range []string{"pk", "sk", "ipk", "isk"} {
		attributes = append(attributes, types.AttributeDefinition{
			AttributeName: &name,
			AttributeType: types.ScalarAttributeTypeS,
		})
	}
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:            &t.Name,
		AttributeDefinitions: attributes,
		KeySchema:            key("pk", "sk"),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName:  aws.String(indexName),
			KeySchema:  key("ipk", "isk"),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		}},
		BillingMode: types.BillingModePayPerRequest,
	})
	if exists := new(types.ResourceInUseException); err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("dynamotable: create %s: %w", t.Name, err)
	}
	ready := dynamodb.NewTableExistsWaiter(client)
	err = ready.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &t.Name}, time.Minute)
	if err != nil {
		return fmt.Errorf("dynamotable: create %s: %w", t.Name, err)
	}
	return nil
}
