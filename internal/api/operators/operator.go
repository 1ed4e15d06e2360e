package operators

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A CreateBody is the body of a new operator.
type CreateBody struct {
	Email         string        `json:"email"`
	Role          string        `json:"role"`
	MaxAdjustment request.Whole `json:"max_adjustment"`
	DailyPoints   request.Whole `json:"daily_points"`
}

// An UpdateBody is the body of a change of an operator.
type UpdateBody struct {
	Role          string        `json:"role"`
	MaxAdjustment request.Whole `json:"max_adjustment"`
	DailyPoints   request.Whole `json:"daily_points"`
}

func (b UpdateBody) check(c *request.Check) {
	if c.Required(request.At("role"), b.Role != "") && !auth.Role(b.Role).IsValid() {
		c.Fault(request.At("role"), loyalty.ValidationFailed, "The role must be one of %v.", auth.AllRoles())
	}
	checkLimit(c, "max_adjustment", b.MaxAdjustment)
	checkLimit(c, "daily_points", b.DailyPoints)
}

// checkLimit checks an optional number of points.
func checkLimit(c *request.Check, name string, limit request.Whole) {
	switch {
	case limit.Given && limit.N <= 0:
		c.Fault(request.At(name), loyalty.AmountNotPositive, "The limit must be a positive number of points.")
	case limit.N > int64(loyalty.MaxPoints):
		c.Fault(request.At(name), loyalty.AmountOutOfRange, "The limit must not exceed %d.", loyalty.MaxPoints)
	}
}

func (b UpdateBody) limits() auth.Limits {
	return auth.Limits{MaxAdjustment: b.MaxAdjustment.N, DailyPoints: b.DailyPoints.N}
}

func listOperators(ctx context.Context, c *request.Call) (request.Answer, error) {
	all, err := c.App.Operators.List(ctx, c.Who.Program)
	if err != nil {
		return request.Answer{}, err
	}
	list := wire.OperatorList{Data: []wire.Operator{}}
	for _, o := range all {
		list.Data = append(list.Data, wireOperator(o))
	}
	return request.Answer{Body: list}, nil
}

// createOperator adds an operator. A repeated request changes nothing and returns the operator.
func createOperator(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b CreateBody
	if err := c.Take(&b, func(faults *request.Check) {
		if faults.Required(request.At("email"), b.Email != "") {
			faults.Email(request.At("email"), b.Email)
		}
		b.update().check(faults)
	}); err != nil {
		return request.Answer{}, err
	}
	role := auth.Role(b.Role)
	if err := mayManage(c, role); err != nil {
		return request.Answer{}, err
	}
	in := auth.NewOperator{Email: b.Email, Role: role, Limits: b.update().limits()}
	o, err := c.App.Operators.Add(ctx, c.Who.Program, in, c.Who.Actor())
	again := errors.Is(err, auth.ErrOperatorExists) && o.Is(in)
	if err != nil && !again {
		return request.Answer{}, rejection(err)
	}
	return request.Answer{Status: request.CreatedIf(!again), Body: wireOperator(o), Replayed: again}, nil
}

func (b CreateBody) update() UpdateBody { return UpdateBody{b.Role, b.MaxAdjustment, b.DailyPoints} }

func retrieveOperator(ctx context.Context, c *request.Call) (request.Answer, error) {
	o, err := c.App.Operators.Operator(ctx, c.Who.Program, c.Path("operator"))
	if err != nil {
		return request.Answer{}, rejection(err)
	}
	return request.Answer{Body: wireOperator(o)}, nil
}

func updateOperator(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b UpdateBody
	if err := c.Take(&b, func(faults *request.Check) { b.check(faults) }); err != nil {
		return request.Answer{}, err
	}
	role := auth.Role(b.Role)
	if _, err := managed(ctx, c, role); err != nil {
		return request.Answer{}, err
	}
	o, err := c.App.Operators.Update(ctx, c.Who.Program, c.Path("operator"), role, b.limits(), c.Who.Actor())
	if err != nil {
		return request.Answer{}, rejection(err)
	}
	return request.Answer{Body: wireOperator(o)}, nil
}

// removeOperator removes an operator. A repeated request changes nothing and returns the same response.
func removeOperator(ctx context.Context, c *request.Call) (request.Answer, error) {
	o, err := managed(ctx, c, "")
	if err != nil {
		return request.Answer{}, err
	}
	if err := c.App.Operators.Remove(ctx, c.Who.Program, o.ID, c.Who.Actor()); err != nil {
		return request.Answer{}, rejection(err)
	}
	o.Status = auth.OperatorRemoved
	return request.Answer{Body: wireOperator(o)}, nil
}

// managed returns the operator in the path. It returns forbidden if the caller may not manage the operator, or may not
// assign the role.
func managed(ctx context.Context, c *request.Call, role auth.Role) (auth.OperatorProfile, error) {
	o, err := c.App.Operators.Operator(ctx, c.Who.Program, c.Path("operator"))
	if err != nil {
		return o, rejection(err)
	}
	return o, mayManage(c, o.Role, role)
}

// mayManage returns forbidden if one of the roles is owner and the caller is not an owner.
func mayManage(c *request.Call, roles ...auth.Role) error {
	for _, r := range roles {
		if r == auth.Owner && c.Who.Role != auth.Owner {
			return request.Refuse(loyalty.Code(auth.Forbidden), "Only an owner may add, change or remove owners.")
		}
	}
	return nil
}

// rejection returns the error of the API for an error of the stored operators.
func rejection(err error) error {
	switch {
	case errors.Is(err, auth.ErrUnknownOperator):
		return request.Refuse(loyalty.NotFound, request.NotFoundDetail)
	case errors.Is(err, auth.ErrOperatorExists):
		return request.RefuseAt(loyalty.AlreadyExists, "/email", "An operator of the program has this email address.")
	case errors.Is(err, auth.ErrOperatorRemoved):
		return request.Refuse(loyalty.AlreadyResolved, "The operator was removed. Add the operator again.")
	case errors.Is(err, auth.ErrLastOwner):
		return request.Refuse(request.VersionConflict, "The program must have an owner. Add another owner first.")
	case errors.Is(err, auth.ErrTooManyOperators):
		return request.Refuse(loyalty.ValidationFailed, "The program has the maximum number of operators.")
	}
	return err
}

func wireOperator(o auth.OperatorProfile) wire.Operator {
	return wire.Operator{
		ID: o.ID, Email: o.Email, Role: wire.OperatorRole(o.Role), Status: wire.OperatorStatus(o.Status),
		MaxAdjustment: o.MaxAdjustment, DailyPoints: o.DailyPoints, CreatedAt: o.CreatedAt.UTC(),
	}
}
