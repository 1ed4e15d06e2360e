package access

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// DynamoDB returns the Call that a request to DynamoDB makes. The argument operation is the part of the header
// X-Amz-Target after the period, and body is the JSON body. It supports the operations that dynamotable uses.
// DescribeContinuousBackups applies to the whole table and names no item.
func (g *Guard) DynamoDB(operation string, body []byte) (Call, error) {
	var in request
	if err := json.Unmarshal(body, &in); err != nil {
		return Call{}, fmt.Errorf("access: read %s: %w", operation, err)
	}
	c := g.onTable(operation)
	switch operation {
	case "DescribeContinuousBackups":
		return c, nil
	case "GetItem", "DeleteItem":
		c.Ops = []Op{{operation, in.Key.PK.S}}
	case "PutItem":
		c.Ops = []Op{{operation, in.Item.PK.S}}
	case "Query":
		if in.IndexName != "" {
			c.Resource += "/index/" + in.IndexName
		}
		c.Ops = []Op{{operation, in.partition()}}
	case "BatchGetItem":
		for _, t := range in.RequestItems {
			for _, k := range t.Keys {
				c.Ops = append(c.Ops, Op{operation, k.PK.S})
			}
		}
	case "TransactWriteItems":
		for _, m := range in.TransactItems {
			for name, part := range m {
				c.Ops = append(c.Ops, part.op(name))
			}
		}
	}
	return c, checkKeys(operation, c.Ops)
}

// checkKeys returns an error if an operation has no items, or if an item has no partition key.
func checkKeys(operation string, ops []Op) error {
	if len(ops) == 0 {
		return fmt.Errorf("access: %s is not supported, or names no item", operation)
	}
	if slices.ContainsFunc(ops, func(op Op) bool { return op.Key == "" }) {
		return fmt.Errorf("access: %s has an item without a partition key", operation)
	}
	return nil
}

// request contains the fields of DynamoDB's requests that name items.
type request struct {
	IndexName                 string
	Key, Item                 attributes
	KeyConditionExpression    string
	ExpressionAttributeValues map[string]value
	RequestItems              map[string]struct{ Keys []attributes }
	TransactItems             []map[string]part
}

type attributes struct {
	PK value `json:"pk"`
}

type value struct{ S string }

// part is one operation of a transaction.
type part struct{ Key, Item attributes }

func (p part) op(name string) Op {
	action := name + "Item" // name is Put, Update or Delete
	if name == "ConditionCheck" {
		action = "ConditionCheckItem"
	}
	return Op{action, p.Key.PK.S + p.Item.PK.S}
}

var equality = regexp.MustCompile(`^\s*\w+\s*=\s*(:\w+)`)

// partition returns the partition key of a query. The key condition expression must start with it.
func (in request) partition() string {
	m := equality.FindStringSubmatch(in.KeyConditionExpression)
	if m == nil {
		return ""
	}
	return in.ExpressionAttributeValues[m[1]].S
}
