package dynamotable

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// PointInTimeRecovery reports whether point-in-time recovery is enabled. The error wraps errors.ErrUnsupported if the
// endpoint does not support backups, such as DynamoDB Local.
func (t *Table) PointInTimeRecovery(ctx context.Context) (on bool, err error) {
	var out *dynamodb.DescribeContinuousBackupsOutput
	err = t.read(ctx, func(ctx context.Context) (err error) {
		out, err = t.Client.DescribeContinuousBackups(
			ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &t.Name}, once,
		)
		return err
	})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "UnknownOperationException" {
		err = fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	if err != nil {
		return false, fmt.Errorf("dynamotable: describe the backups of %s: %w", t.Name, err)
	}
	d := out.ContinuousBackupsDescription
	return d != nil && d.PointInTimeRecoveryDescription != nil &&
		d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled, nil
}
