package dynamodbapi

import (
	"errors"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// The supported requests, with the parameters that package dynamotable sends. Other parameters are rejected,
// because ignoring one would change the meaning of the request.
type (
	getItemInput struct {
		TableName      string
		Key            attributes
		ConsistentRead bool
	}
	batchGetItemInput struct {
		RequestItems map[string]keysInput
	}
	keysInput struct {
		Keys           []attributes
		ConsistentRead bool
	}
	queryInput struct {
		TableName                 string
		IndexName                 string
		KeyConditionExpression    string
		ExpressionAttributeNames  map[string]string
		ExpressionAttributeValues attributes
		ScanIndexForward          *bool
		ExclusiveStartKey         attributes
		Limit                     int
		ConsistentRead            bool
	}
	// writeInput contains the parameters of PutItem, DeleteItem and each operation of TransactWriteItems.
	writeInput struct {
		TableName                           string
		Item                                attributes // Put
		Key                                 attributes // Delete, Update, ConditionCheck
		UpdateExpression                    string     // Update
		ConditionExpression                 string
		ExpressionAttributeNames            map[string]string
		ExpressionAttributeValues           attributes
		ReturnValuesOnConditionCheckFailure string
	}
	transactInput struct {
		ClientRequestToken string
		TransactItems      []transactItem
	}
	transactItem struct {
		Put, Delete, Update, ConditionCheck *writeInput
	}
)

// decode decodes a request.
func decode(body []byte, in any) error {
	err := json.Unmarshal(body, in, json.RejectUnknownMembers(true))
	if errors.Is(err, json.ErrUnknownName) {
		return invalid("A parameter of the request is not supported here: %v", err)
	}
	if err != nil {
		return fail("SerializationException", "%v", err)
	}
	return nil
}

// unused returns an error for placeholders that occur in no expression, like DynamoDB.
func unused(names map[string]string, values attributes, used map[string]bool) error {
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !used[name] {
			return invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !used[name] {
			return invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", name)
		}
	}
	return values.check()
}

// The kinds of writes, named after their IAM actions.
const (
	put            = "PutItem"
	remove         = "DeleteItem"
	modify         = "UpdateItem"
	conditionCheck = "ConditionCheckItem"
)

// A write is one parsed conditional write.
type write struct {
	kind      string
	key       table.Key
	item      attributes // put
	condition condition
	update    update // modify
	returnOld bool   // whether a failed condition returns the item
}

func parseWrite(kind string, in *writeInput) (w write, err error) {
	w = write{kind: kind, item: in.Item, returnOld: in.ReturnValuesOnConditionCheckFailure == "ALL_OLD"}
	if !w.returnOld && in.ReturnValuesOnConditionCheckFailure != "" &&
		in.ReturnValuesOnConditionCheckFailure != "NONE" {
		return w, invalid("ReturnValuesOnConditionCheckFailure is %s", in.ReturnValuesOnConditionCheckFailure)
	}
	if w.key, err = in.key(kind); err != nil {
		return w, err
	}
	used := map[string]bool{}
	if w.condition, err = parseCondition(
		in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues, used,
	); err != nil {
		return w, err
	}
	if (kind == modify) != (in.UpdateExpression != "") || (kind == conditionCheck) && in.ConditionExpression == "" {
		return w, invalid("%s has a missing or superfluous expression", kind)
	}
	if kind == modify {
		if w.update, err = parseUpdate(
			in.UpdateExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues, used,
		); err != nil {
			return w, err
		}
	}
	return w, unused(in.ExpressionAttributeNames, in.ExpressionAttributeValues, used)
}

// key returns the key of the written item.
func (in *writeInput) key(kind string) (table.Key, error) {
	if kind != put {
		if in.Item != nil {
			return table.Key{}, invalid("%s takes no Item", kind)
		}
		return readKey(in.Key)
	}
	if in.Key != nil {
		return table.Key{}, invalid("%s takes no Key", kind)
	}
	if err := in.Item.check(); err != nil {
		return table.Key{}, err
	}
	it, err := fromAttributes(in.Item)
	return it.Key, err
}

// write returns the kind and the parameters of an operation of a transaction.
func (part transactItem) write() (kind string, in *writeInput, err error) {
	n := 0
	for _, one := range []struct {
		kind string
		in   *writeInput
	}{{put, part.Put}, {remove, part.Delete}, {modify, part.Update}, {conditionCheck, part.ConditionCheck}} {
		if one.in != nil {
			kind, in, n = one.kind, one.in, n+1
		}
	}
	if n != 1 {
		return "", nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
	}
	return kind, in, nil
}
