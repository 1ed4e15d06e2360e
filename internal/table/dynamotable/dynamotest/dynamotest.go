// Package dynamotest creates DynamoDB tables for tests. It skips the tests if there is no DynamoDB.
package dynamotest

import (
	"context"
	"crypto/rand"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/perennial-loyalty/perennial/internal/table/dynamotable"
)

// Endpoint returns the value of the environment variable AWS_ENDPOINT_URL_DYNAMODB. If it is not set, Endpoint skips
// the test, or fails the test if PERENNIAL_REQUIRE_DYNAMODB is 1.
func Endpoint(t testing.TB) string {
	t.Helper()
	endpoint := os.Getenv("AWS_ENDPOINT_URL_DYNAMODB")
	switch {
	case endpoint != "":
	case os.Getenv("PERENNIAL_REQUIRE_DYNAMODB") == "1":
		t.Fatal("PERENNIAL_REQUIRE_DYNAMODB is set, but AWS_ENDPOINT_URL_DYNAMODB is not")
	default:
		t.Skip("SKIPPED: no DynamoDB endpoint. Set AWS_ENDPOINT_URL_DYNAMODB or run make test")
	}
	return endpoint
}

// Open creates an empty table at Endpoint, and deletes it when the test ends.
func Open(t testing.TB) *dynamotable.Table {
	t.Helper()
	// The timeout is long, because a busy machine may respond late. Tests of timing set their own timeouts.
	tab := &dynamotable.Table{
		Client: dynamotable.Local(Endpoint(t)), Name: "test-" + rand.Text(), Timeout: 20 * time.Second,
		Patience: time.Minute,
	}
	if err := dynamotable.Create(t.Context(), tab); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		drop := &dynamodb.DeleteTableInput{TableName: &tab.Name}
		if _, err := dynamodb.New(tab.Client.Options()).DeleteTable(
			context.WithoutCancel(t.Context()), drop,
		); err != nil {
			t.Errorf("drop the test's table: %v", err)
		}
	})
	return tab
}
