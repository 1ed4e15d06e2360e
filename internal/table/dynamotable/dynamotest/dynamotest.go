// Package dynamotest gives tests a DynamoDB table of their own, or skips them where there is no DynamoDB.
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

// Endpoint is that of AWS_ENDPOINT_URL_DYNAMODB. Without it the test is skipped, or fails if
// PERENNIAL_REQUIRE_DYNAMODB is 1, as it is where nothing may be skipped unseen.
func Endpoint(t testing.TB) string {
	t.Helper()
	endpoint := os.Getenv("AWS_ENDPOINT_URL_DYNAMODB")
	switch {
	case endpoint != "":
	case os.Getenv("PERENNIAL_REQUIRE_DYNAMODB") == "1":
		t.Fatal("no endpoint: AWS_ENDPOINT_URL_DYNAMODB is not set, and PERENNIAL_REQUIRE_DYNAMODB is")
	default:
		t.Skip("SKIPPED for want of an endpoint: set AWS_ENDPOINT_URL_DYNAMODB or run make test")
	}
	return endpoint
}

// Open makes an empty table at Endpoint and drops it when the test ends.
func Open(t testing.TB) *dynamotable.Table {
	t.Helper()
	// A busy machine may answer late. The tests that are about time set their own bounds.
	tab := &dynamotable.Table{
		Client: dynamotable.Local(Endpoint(t)), Name: "test-" + rand.Text(), Timeout: 20 * time.Second, Patience: time.Minute,
	}
	if err := tab.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		drop := &dynamodb.DeleteTableInput{TableName: &tab.Name}
		if _, err := tab.Client.DeleteTable(context.WithoutCancel(t.Context()), drop); err != nil {
			t.Errorf("drop the table of the test: %v", err)
		}
	})
	return tab
}
