package dynamodbapi

import "github.com/perennial-loyalty/perennial/internal/table"

// keyCondition parses a key condition expression. The expression compares the partition key with a value. It may have
// one condition on the sort key, with =, <=, >= or BETWEEN. dynamotable uses no other expressions.
func (in *queryInput) keyCondition() (q table.Query, err error) {
	partition, sort := partitionName, sortName
	if in.IndexName != "" {
		partition, sort = indexPartitionName, indexSortName
	}
	used := map[string]bool{}
	e := newExpression(in.KeyConditionExpression, "KeyConditionExpression", in.ExpressionAttributeNames,
		in.ExpressionAttributeValues, used)
	e.attribute(partition)
	e.expect("=")
	q.PK = e.key()
	if e.take("AND") {
		e.attribute(sort)
		switch operator := e.peek(); operator {
		case "=", "<=", ">=":
			e.next()
			bound := e.key()
			if operator != "<=" {
				q.From = bound
			}
			if operator != ">=" {
				q.To = bound
			}
		case "BETWEEN":
			e.next()
			q.From = e.key()
			e.expect("AND")
			q.To = e.key()
		default:
			e.fail("the operator %q is not supported", operator)
		}
	}
	if err := e.end(); err != nil {
		return table.Query{}, err
	}
	if q.To != "" && q.From > q.To {
		return table.Query{}, invalid("Invalid KeyConditionExpression: " +
			"The BETWEEN operator requires upper bound to be greater than or equal to lower bound")
	}
	return q, unused(in.ExpressionAttributeNames, in.ExpressionAttributeValues, used)
}

// attribute reads the name of a key attribute, which must be the argument.
func (e *expression) attribute(want string) {
	if path := e.path(); e.err == nil && (len(path) != 1 || path[0] != want) {
		e.fail("Query condition missed key schema element: %s", want)
	}
}

// key reads a placeholder of a value, such as :value, and returns the value, which must be valid in a key.
func (e *expression) key() string {
	v := e.literal()
	if e.err != nil {
		return ""
	}
	s, err := v.text("of a key condition")
	if err != nil {
		e.fail("%v", err)
	}
	return s
}
