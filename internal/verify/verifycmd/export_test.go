package verifycmd

import (
	"encoding/base64"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// exported returns attributes in DynamoDB's JSON, in which exports contain them.
func exported(t *testing.T, attributes map[string]types.AttributeValue) map[string]any {
	t.Helper()
	all := map[string]any{}
	for name, v := range attributes {
		all[name] = exportedValue(t, v)
	}
	return all
}

func exportedValue(t *testing.T, v types.AttributeValue) map[string]any {
	t.Helper()
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": base64.StdEncoding.EncodeToString(v.Value)}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": v.Value}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": exported(t, v.Value)}
	case *types.AttributeValueMemberL:
		list := []any{}
		for _, one := range v.Value {
			list = append(list, exportedValue(t, one))
		}
		return map[string]any{"L": list}
	}
	t.Fatalf("%T is not supported", v)
	return nil
}
