package dynamotable

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// A Client contains the operations of a DynamoDB client that a Table uses. It does not contain the client itself,
// because a Table is stored in an interface. The linker would therefore include all methods of the client, which add
// more than a megabyte to each function.
type Client struct {
	Options func() dynamodb.Options

	BatchGetItem              operation[dynamodb.BatchGetItemInput, dynamodb.BatchGetItemOutput]
	DeleteItem                operation[dynamodb.DeleteItemInput, dynamodb.DeleteItemOutput]
	DescribeContinuousBackups operation[
		dynamodb.DescribeContinuousBackupsInput, dynamodb.DescribeContinuousBackupsOutput,
	]
	GetItem            operation[dynamodb.GetItemInput, dynamodb.GetItemOutput]
	PutItem            operation[dynamodb.PutItemInput, dynamodb.PutItemOutput]
	Query              operation[dynamodb.QueryInput, dynamodb.QueryOutput]
	TransactWriteItems operation[dynamodb.TransactWriteItemsInput, dynamodb.TransactWriteItemsOutput]
}

// An operation is one method of a DynamoDB client.
type operation[In, Out any] func(context.Context, *In, ...func(*dynamodb.Options)) (*Out, error)

// NewClient returns the operations of a client.
func NewClient(c *dynamodb.Client) Client {
	return Client{
		Options:                   c.Options,
		BatchGetItem:              c.BatchGetItem,
		DeleteItem:                c.DeleteItem,
		DescribeContinuousBackups: c.DescribeContinuousBackups,
		GetItem:                   c.GetItem,
		PutItem:                   c.PutItem,
		Query:                     c.Query,
		TransactWriteItems:        c.TransactWriteItems,
	}
}
