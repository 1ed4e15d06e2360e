package dynamodbapi

import (
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// These constants are the attribute names of an item, as in package dynamotable and template.yaml.
const (
	partitionName      = "pk"
	sortName           = "sk"
	indexPartitionName = "ipk"
	indexSortName      = "isk"
	versionName        = "v"
	documentName       = "doc"
	expiryName         = "ttl"

	indexName = "index"
)

func keyAttributes(k table.Key) attributes {
	return attributes{partitionName: text(k.PK), sortName: text(k.SK)}
}

// indexAttributes returns the key attributes of an item in the table and in the index.
func indexAttributes(it table.Item) attributes {
	a := keyAttributes(it.Key)
	a[indexPartitionName], a[indexSortName] = text(it.Index.PK), text(it.Index.SK)
	return a
}

// toAttributes converts an item to DynamoDB's form. It returns nil if the item is absent.
func toAttributes(it table.Item) (attributes, error) {
	if it.Version == 0 {
		return nil, nil
	}
	a := keyAttributes(it.Key)
	if !it.Index.IsZero() {
		a = indexAttributes(it)
	}
	a[versionName] = number(strconv.FormatInt(it.Version, 10))
	if !it.Expires.IsZero() {
		a[expiryName] = number(strconv.FormatInt(it.Expires.Unix(), 10))
	}
	doc, err := parseDocument(it.Doc)
	if err != nil {
		return nil, err
	}
	a[documentName] = doc
	return a, nil
}

// fromAttributes converts attributes in DynamoDB's form to an item. It returns a ValidationException if the table
// cannot store the item.
func fromAttributes(a attributes) (it table.Item, err error) {
	if it.Key, err = readKey(attributes{partitionName: a[partitionName], sortName: a[sortName]}); err != nil {
		return table.Item{}, err
	}
	for name, v := range a {
		switch name {
		case partitionName, sortName:
		case indexPartitionName:
			it.Index.PK, err = v.text(name)
		case indexSortName:
			it.Index.SK, err = v.text(name)
		case versionName:
			it.Version, err = v.whole(name)
		case expiryName:
			var seconds int64
			seconds, err = v.whole(name)
			it.Expires = time.Unix(seconds, 0).UTC()
		case documentName:
			it.Doc, err = renderDocument(v)
		default:
			err = invalid("An item of this table has no attribute %s", name)
		}
		if err != nil {
			return table.Item{}, err
		}
	}
	if it.Version < 1 || it.Doc == nil {
		return table.Item{}, invalid("An item of this table has the attributes %s and %s", versionName, documentName)
	}
	return it, nil
}

// readKey converts attributes to a key of the table. There must be exactly the two key attributes.
func readKey(a attributes) (k table.Key, err error) {
	if len(a) != 2 {
		return table.Key{}, invalid("The provided key element does not match the schema")
	}
	if k.PK, err = a[partitionName].text(partitionName); err != nil {
		return table.Key{}, err
	}
	if k.SK, err = a[sortName].text(sortName); err != nil {
		return table.Key{}, err
	}
	return k, nil
}

func (v value) text(name string) (string, error) {
	if v.S == nil {
		return "", invalid("The attribute %s must be a string", name)
	}
	if *v.S == "" {
		return "", invalid("The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", name)
	}
	return *v.S, nil
}

func (v value) whole(name string) (int64, error) {
	r, ok := v.rational()
	if !ok || !r.IsInt() || !r.Num().IsInt64() {
		return 0, invalid("The attribute %s must be a whole number", name)
	}
	return r.Num().Int64(), nil
}
