package dynamotable

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/big"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/perennial-loyalty/perennial/internal/random"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// These constants are condition expressions and update expressions.
const (
	isAbsent    = "attribute_not_exists(pk)"
	isAsRead    = "v = :read"
	notBelow    = "doc.#f BETWEEN :least AND :most"
	notBelowOr0 = "attribute_exists(pk) AND (attribute_not_exists(doc.#f) OR " + notBelow + ")"
	addUp       = "SET doc.#f = if_not_exists(doc.#f, :zero) + :delta, v = v + :one"
)

// A plan is an encoded transaction. All its attempts send the same request.
type plan struct {
	ops []table.Op
	// stored contains, for each operation, the item that a Put stores or that an Add creates. For other operations, it
	// contains nil.
	stored []attributes
	token  string    // the client token of all attempts
	random io.Reader // the source of randomness for tokens
}

// newPlan encodes operations that were checked. It first assumes that the item of every Add exists.
func (t *Table) newPlan(ops []table.Op) (*plan, error) {
	p := &plan{ops: ops, stored: make([]attributes, len(ops)), token: random.Text(t.Random), random: t.Random}
	for i, op := range ops {
		if op.Kind != table.OpPut {
			continue
		}
		var err error
		if p.stored[i], err = encode(op.Item); err != nil {
			return nil, fmt.Errorf("operation %d (%s): %w", i, op.Item.Key, err)
		}
	}
	return p, nil
}

// send makes one attempt. DynamoDB recognizes a repeated client token for ten minutes, which is much longer than all
// attempts together take.
func (t *Table) send(ctx context.Context, p *plan) error {
	if len(p.ops) == 1 && p.ops[0].Kind != table.OpAdd {
		return t.sendOne(ctx, p.ops[0], p.stored[0])
	}
	in := &dynamodb.TransactWriteItemsInput{
		ClientRequestToken: &p.token,
		TransactItems:      make([]types.TransactWriteItem, len(p.ops)),
	}
	for i, op := range p.ops {
		in.TransactItems[i] = t.part(op, p.stored[i])
	}
	_, err := t.Client.TransactWriteItems(ctx, in, once)
	return err
}

// sendOne sends a single Put or Delete as a plain conditional write.
func (t *Table) sendOne(ctx context.Context, op table.Op, stored attributes) error {
	condition, values := unchanged(op.Item)
	var err error
	if op.Kind == table.OpDelete {
		_, err = t.Client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName:                           &t.Name,
			Key:                                 keyAttributes(op.Item.Key),
			ConditionExpression:                 condition,
			ExpressionAttributeValues:           values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}, once)
		return err
	}
	_, err = t.Client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           &t.Name,
		Item:                                stored,
		ConditionExpression:                 condition,
		ExpressionAttributeValues:           values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}, once)
	return err
}

// part converts op to an operation of a DynamoDB transaction. The argument stored is the encoded item, or nil.
func (t *Table) part(op table.Op, stored attributes) types.TransactWriteItem {
	condition, values := unchanged(op.Item)
	old := types.ReturnValuesOnConditionCheckFailureAllOld
	switch {
	case stored != nil:
		if op.Kind == table.OpAdd {
			condition, values = aws.String(isAbsent), nil
		}
		return types.TransactWriteItem{Put: &types.Put{
			TableName: &t.Name, Item: stored,
			ConditionExpression: condition, ExpressionAttributeValues: values,
			ReturnValuesOnConditionCheckFailure: old,
		}}
	case op.Kind == table.OpDelete:
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: &t.Name, Key: keyAttributes(op.Item.Key),
			ConditionExpression: condition, ExpressionAttributeValues: values,
			ReturnValuesOnConditionCheckFailure: old,
		}}
	case op.Kind == table.OpCheck:
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: &t.Name, Key: keyAttributes(op.Item.Key),
			ConditionExpression: condition, ExpressionAttributeValues: values,
			ReturnValuesOnConditionCheckFailure: old,
		}}
	}
	condition, values = addable(op)
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &t.Name, Key: keyAttributes(op.Item.Key), UpdateExpression: aws.String(addUp),
		ConditionExpression: condition, ExpressionAttributeValues: values,
		ExpressionAttributeNames:            map[string]string{"#f": op.Field},
		ReturnValuesOnConditionCheckFailure: old,
	}}
}

// unchanged returns the condition expression for an item that has not changed since it was read.
func unchanged(it table.Item) (*string, attributes) {
	if it.Version == 0 {
		return aws.String(isAbsent), nil
	}
	return aws.String(isAsRead), attributes{":read": whole(it.Version)}
}

// addable returns the condition expression for an Add to an existing item: the sum must not be less than the floor, and
// must fit into an int64. Because the condition has both bounds, it also fails for a field that is not a number.
func addable(op table.Op) (*string, attributes) {
	condition := notBelow
	if op.Delta >= op.Floor {
		condition = notBelowOr0
	}
	return &condition, attributes{
		":zero":  whole(0),
		":one":   whole(1),
		":delta": whole(op.Delta),
		":least": difference(op.Floor, op.Delta),
		":most":  difference(math.MaxInt64, op.Delta),
	}
}

// made returns the attributes that an Add stores if its item does not exist yet.
func made(op table.Op) attributes {
	a := keyAttributes(op.Item.Key)
	a["v"] = whole(1)
	a["doc"] = &types.AttributeValueMemberM{Value: attributes{op.Field: whole(op.Delta)}}
	return a
}

// difference returns a - b as a DynamoDB number. It is calculated with big integers, because it may not fit into an
// int64.
func difference(a, b int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: new(big.Int).Sub(big.NewInt(a), big.NewInt(b)).String()}
}
