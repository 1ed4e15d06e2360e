package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// The items of the operators of a program. The partition contains one item per operator, look-ups by email address and
// by account, an item with totals, which every change writes, and one immutable item per change for the audit list.
const (
	operatorPrefix = "op_" // of IDs
	operatorItem   = "OPERATOR#"
	headItem       = "HEAD"
	changeItem     = "CHANGE#"
)

func operatorPartition(program string) string { return "P#" + program + "#OPERATORS" }

func emailItem(email string) string { return "EMAIL#" + hashed(email) }

func subjectItem(issuer, subject string) string { return "SUBJECT#" + hashed(issuer+"\x00"+subject) }

// hashed returns a text that can be part of a key, whatever the text contains.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// errUnchanged ends a change that has nothing to write.
var errUnchanged = errors.New("auth: nothing to change")

// operatorHeadDoc is stored. Fields may only be added. It counts the operators of a program. Every change writes it, so
// that changes of a program do not overlap.
type operatorHeadDoc struct {
	Operators int `json:"operators"` // including removed ones
	Owners    int `json:"owners"`
	Changes   int `json:"changes"`
}

// operatorNameDoc is stored. Fields may only be added. It names the operator of an email address or of an account; it
// is empty after the operator was removed.
type operatorNameDoc struct {
	Operator string `json:"operator"`
}

// An OperatorChange is stored, and the audit list is made from it. Fields may only be added.
type OperatorChange struct {
	Operator string          `json:"operator"`
	Action   string          `json:"action"` // create_operator, update_operator or remove_operator
	At       time.Time       `json:"at"`
	By       string          `json:"by"`
	Before   *OperatorValues `json:"before,omitzero"`
	After    *OperatorValues `json:"after,omitzero"`
}

// OperatorValues are the values of an operator in the audit list. They contain no personal data.
type OperatorValues struct {
	Role          Role           `json:"role"`
	Status        OperatorStatus `json:"status"`
	MaxAdjustment int64          `json:"max_adjustment,omitzero"`
	DailyPoints   int64          `json:"daily_points"`
}

// A named is a look-up with its item.
type named struct {
	operatorNameDoc
	item table.Item
}

// An operatorChange is a change of the operators of a program: one transaction.
type operatorChange struct {
	*Operators
	program string
	head    operatorHeadDoc
	ops     []table.Op
	changed string // the ID of the changed operator
}

func (c *operatorChange) key(item string) table.Key {
	return table.Key{PK: operatorPartition(c.program), SK: item}
}

// change runs a function that collects the operations of a change, and executes them. It repeats that after a conflict
// with another change.
func (o *Operators) change(ctx context.Context, program string, collect func(*operatorChange) error) error {
	var failed error
	for range attempts {
		c := &operatorChange{Operators: o, program: program}
		head, err := o.Table.Get(ctx, c.key(headItem))
		if err != nil {
			return fmt.Errorf("auth: read the operators of %s: %w", program, err)
		}
		if head.Version > 0 {
			if err := json.Unmarshal(head.Doc, &c.head); err != nil {
				return fmt.Errorf("auth: decode %s: %w", head.Key, err)
			}
		}
		if err := collect(c); errors.Is(err, errUnchanged) {
			return nil
		} else if err != nil {
			return err
		}
		if head.Doc, err = json.Marshal(c.head); err != nil {
			return fmt.Errorf("auth: encode %s: %w", head.Key, err)
		}
		if failed = o.Table.Transact(ctx, append(c.ops, table.Put(head))...); failed == nil {
			o.operators.remove(program + "#" + c.changed)
			return nil
		}
		if !errors.As(failed, new(*table.ConflictError)) {
			break
		}
	}
	return fmt.Errorf("auth: change the operators of %s: %w", program, failed)
}

// replace changes the document of an operator that was not removed.
func (o *Operators) replace(
	ctx context.Context, program, id, by string, change func(*operatorChange, *operatorDoc) error,
) error {
	return o.change(ctx, program, func(c *operatorChange) error {
		item, doc, err := o.read(ctx, program, id)
		if err != nil {
			return err
		}
		if !doc.Removed.IsZero() {
			return ErrOperatorRemoved
		}
		before := doc
		if err := change(c, &doc); err != nil {
			return err
		}
		if doc == before {
			return errUnchanged
		}
		return c.put(item, id, &before, &doc, by)
	})
}

// put adds the new document of an operator and the item of the change to the transaction.
func (c *operatorChange) put(item table.Item, id string, before, after *operatorDoc, by string) error {
	c.head.Owners += owners(after) - owners(before)
	if c.head.Owners == 0 && owners(before) > 0 {
		return ErrLastOwner
	}
	c.head.Changes++
	x := OperatorChange{
		Operator: id, Action: "update_operator", At: c.Now().UTC(), By: by,
		Before: values(before), After: values(after),
	}
	switch {
	case before == nil:
		x.Action = "create_operator"
	case !after.Removed.IsZero():
		x.Action = "remove_operator"
	}
	record := table.Item{Key: c.key(fmt.Sprintf("%s%08d", changeItem, c.head.Changes))}
	var failed [2]error
	item.Doc, failed[0] = json.Marshal(after)
	record.Doc, failed[1] = json.Marshal(x)
	if err := errors.Join(failed[:]...); err != nil {
		return fmt.Errorf("auth: encode operator %s: %w", id, err)
	}
	c.ops, c.changed = append(c.ops, table.Put(item), table.Put(record)), id
	return nil
}

// owners returns 1 for an owner who was not removed.
func owners(d *operatorDoc) int {
	if d != nil && d.Role == Owner && d.Removed.IsZero() {
		return 1
	}
	return 0
}

func values(d *operatorDoc) *OperatorValues {
	if d == nil {
		return nil
	}
	o := d.operator("", "")
	return &OperatorValues{
		Role: o.Role, Status: o.Status, MaxAdjustment: o.MaxAdjustment, DailyPoints: o.DailyPoints,
	}
}

// lookup reads the operator of an email address or an account.
func (c *operatorChange) lookup(ctx context.Context, item string) (n named, err error) {
	if n.item, err = c.Table.Get(ctx, c.key(item)); err != nil {
		return n, fmt.Errorf("auth: look up an operator of %s: %w", c.program, err)
	}
	n.item.Key = c.key(item)
	if n.item.Version > 0 {
		if err := json.Unmarshal(n.item.Doc, &n.operatorNameDoc); err != nil {
			return n, fmt.Errorf("auth: decode %s: %w", n.item.Key, err)
		}
	}
	return n, nil
}

// name adds a look-up that names an operator, or none if the ID is empty, to the transaction.
func (c *operatorChange) name(n named, id string) {
	n.item.Doc, _ = json.Marshal(operatorNameDoc{id}) // a struct with one text can always be encoded
	c.ops = append(c.ops, table.Put(n.item))
}

// read returns the document of an operator and its item, or ErrUnknownOperator.
func (o *Operators) read(ctx context.Context, program, id string) (table.Item, operatorDoc, error) {
	var doc operatorDoc
	item, err := o.Table.Get(ctx, table.Key{PK: operatorPartition(program), SK: operatorItem + id})
	if err != nil {
		return item, doc, fmt.Errorf("auth: read operator %s: %w", id, err)
	}
	if item.Version == 0 {
		return item, doc, ErrUnknownOperator
	}
	if err := json.Unmarshal(item.Doc, &doc); err != nil {
		return item, doc, fmt.Errorf("auth: decode operator %s: %w", id, err)
	}
	return item, doc, nil
}
