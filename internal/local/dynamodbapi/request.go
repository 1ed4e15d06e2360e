package dynamodbapi

import (
	"errors"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// These types are the supported requests, with the parameters that package dynamotable sends. Other parameters are
// rejected, because the meaning of a request would change if they were ignored.
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
	scanInput struct {
		TableName              string
		Segment, TotalSegments int
		ExclusiveStartKey      attributes
		ConsistentRead         bool
		ReturnConsumedCapacity string
	}
	// writeInput contains the parameters of PutItem, of DeleteItem, and of each operation in TransactWriteItems.
	writeInput struct {
		TableName                           string
		Item                                attributes // for Put
		Key                                 attributes // for Delete, Update and ConditionCheck
		UpdateExpression                    string     // for Update
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

// decode decodes the parameters of a request. It rejects unknown parameters.
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

// unused returns an error if a placeholder occurs in no expression, as DynamoDB does.
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

// These constants are kinds of writes. Their values are the names of the IAM actions.
const (
	put            = "PutItem"
	remove         = "DeleteItem"
	modify         = "UpdateItem"
	conditionCheck = "ConditionCheckItem"
)

// A write is one parsed write with its condition.
type write struct {
	kind      string
	key       table.Key
	item      attributes // for a put
	condition condition
	update    update // for a modify
	returnOld bool   // true if the response to a failed condition must contain the item
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

// key returns the key of the item that is written.
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

// write returns the kind and the parameters of one operation in a transaction.
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
