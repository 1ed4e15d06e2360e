package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// failed returns the failed messages of one queue, as listed by the command line.
func (w *world) failed(queue string) (list []answer) {
	w.Helper()
	var out struct{ Data []answer }
	if err := json.Unmarshal([]byte(w.operator("failures", "list", "--json", "--stack", stackName)), &out); err != nil {
		w.Fatal(err)
	}
	for _, f := range out.Data {
		if f["queue"] == queue {
			list = append(list, f)
		}
	}
	return list
}

// refuses runs a command that must fail, and returns its standard error.
func (w *world) refuses(args ...string) string {
	w.Helper()
	cmd := exec.CommandContext(w.Context(), w.perennial, args...)
	out, err := cmd.CombinedOutput()
	if err == nil {
		w.Errorf("%v succeeded: %s", args, out)
	}
	return string(out)
}

// redrivenMessage removes the cause of a failed message, and restarts its work.
func redrivenMessage(w *world) {
	list := w.failed("reassess")
	if len(list) != 1 || !strings.Contains(list[0].text("body"), laterProgram) || list[0].text("attempts") != "5" {
		w.Fatalf("the list is %v", list)
	}
	id := list[0].text("id")
	if shown := w.operator(
		"failures", "show", id, "--stack", stackName,
	); !strings.Contains(shown, list[0].text("body")) {
		w.Error(shown)
	}
	source, err := os.ReadFile("testdata/program.yaml")
	if err != nil {
		w.Fatal(err)
	}
	file := filepath.Join(w.TempDir(), "later.yaml")
	if err := os.WriteFile(
		file, []byte(strings.Replace(string(source), "program: "+program, "program: "+laterProgram, 1)), 0o600,
	); err != nil {
		w.Fatal(err)
	}
	w.operator("program", "publish", "--table", w.stack.Outputs["TableName"], file)
	if out := w.operator(
		"failures", "redrive", id, "--stack", stackName,
	); !strings.Contains(out, id+"  queue reassess: restarted") {
		w.Error(out)
	}
	w.eventually("a worker processes the message", func() bool {
		for _, line := range w.lines("ReassessLogs", "shard processed") {
			if line["program"] == laterProgram {
				return true
			}
		}
		return false
	})
	if list := w.failed("reassess"); len(list) > 0 || w.messages("ReassessQueue") > 0 {
		w.Errorf("still failed: %v", list)
	}
}

// failedInvocation makes a function fail to process an asynchronous event, like those of schedules and SES.
func failedInvocation(w *world) {
	w.signed("lambda", "POST", "/2015-03-31/functions/"+w.resource("RemindFunction")+"/invocations",
		http.Header{"X-Amz-Invocation-Type": {"Event"}}, `{"schedule":"nonsense","to":"eve@example.com"}`)
	w.eventually("the failed event is stored", func() bool { return w.messages("InvocationFailures") == 1 })
	list := w.failed("invocations")
	if len(list) != 1 || strings.Contains(list[0].text("body"), "eve@") ||
		!strings.Contains(list[0].text("error"), "neither") {
		w.Fatalf("the list is %v", list)
	}
	w.refuses("failures", "redrive", "--all", "--queue", "invocations", "--stack", stackName)
	if list := w.failed("invocations"); len(list) != 1 {
		w.Fatalf("an event that fails again must remain: %v", list)
	}

	// An event that failed for another reason, in Lambda's format, is processed when it is sent again.
	due := time.Now().UTC().Format(time.RFC3339)
	record := fmt.Sprintf(`{"version":"1.0","requestContext":{"functionArn":%q,"condition":"RetriesExhausted",`+
		`"approximateInvokeCount":3},"requestPayload":{"schedule":"reassess","time":%q},`+
		`"responsePayload":{"errorMessage":"the table was unavailable"}}`,
		w.resource("ReassessFunctionAliaslive"), due)
	if _, err := sqs.NewFromConfig(w.config).SendMessage(w.Context(), &sqs.SendMessageInput{
		QueueUrl: aws.String(w.resource("InvocationFailures")), MessageBody: &record,
	}); err != nil {
		w.Fatal(err)
	}
	out := w.refuses("failures", "redrive", "--all", "--queue", "invocations", "--stack", stackName)
	if !strings.Contains(out, w.resource("ReassessFunction")+": restarted") {
		w.Error(out)
	}
	if list := w.failed("invocations"); len(list) != 1 || list[0].text("error") == "the table was unavailable" {
		w.Errorf("remaining: %v", list)
	}
}

// failedRecords redrives positions in the table's stream: of the first record, and of an invalid item with the keys
// of an entry, which the relay must not skip. The emulator does not write these messages itself.
func failedRecords(w *world) {
	if _, err := dynamodb.NewFromConfig(w.config).PutItem(w.Context(), &dynamodb.PutItemInput{
		TableName: aws.String(w.stack.Outputs["TableName"]), Item: map[string]dynamotypes.AttributeValue{
			"pk": &dynamotypes.AttributeValueMemberS{Value: "P#" + program + "#O#broken"},
			"sk": &dynamotypes.AttributeValueMemberS{Value: "000001"},
		},
	}); err != nil {
		w.Fatal(err)
	}
	first, broken := w.streamPositions()
	for _, position := range []string{first, broken} {
		record := fmt.Sprintf(`{"requestContext":{"functionArn":%q,"condition":"RetryAttemptsExhausted",`+
			`"approximateInvokeCount":11},"DDBStreamBatchInfo":%s}`,
			w.resource("RelayFunctionAliaslive"), position)
		if _, err := sqs.NewFromConfig(w.config).SendMessage(w.Context(), &sqs.SendMessageInput{
			QueueUrl: aws.String(w.resource("RelayFailures")), MessageBody: &record,
		}); err != nil {
			w.Fatal(err)
		}
	}
	out := w.refuses("failures", "redrive", "--all", "--queue", "relay", "--stack", stackName)
	if !strings.Contains(out, "stream of the table: restarted") ||
		!strings.Contains(out, "stream of the table: failurequeues: the function failed again, at ") {
		w.Error(out)
	}
	list := w.failed("relay")
	for _, f := range list { // the client retries a request after a lost response, so there may be two
		if !strings.Contains(f.text("body"), broken) {
			w.Errorf("%v must have been redriven", f)
		}
	}
	if len(list) == 0 {
		w.Error("a record that fails again must remain")
	}
}

// streamPositions returns the positions of the first record of the stream and of the invalid item.
func (w *world) streamPositions() (first, broken string) {
	w.Helper()
	streams, ctx := dynamodbstreams.NewFromConfig(w.config), w.Context()
	list, err := streams.ListStreams(
		ctx, &dynamodbstreams.ListStreamsInput{TableName: aws.String(w.stack.Outputs["TableName"])},
	)
	if err != nil || len(list.Streams) != 1 {
		w.Fatal(list, err)
	}
	stream := list.Streams[0].StreamArn
	described, err := streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: stream})
	if err != nil || len(described.StreamDescription.Shards) != 1 {
		w.Fatal(described, err)
	}
	shard := described.StreamDescription.Shards[0].ShardId
	from, err := streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
		StreamArn: stream, ShardId: shard, ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		w.Fatal(err)
	}
	for next := from.ShardIterator; next != nil && broken == ""; {
		page, err := streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: next})
		if err != nil || len(page.Records) == 0 {
			w.Fatalf("the stream ends before the broken item: %v", err)
		}
		for _, r := range page.Records {
			n := aws.ToString(r.Dynamodb.SequenceNumber)
			position := fmt.Sprintf(
				`{"streamArn":%q,"shardId":%q,"startSequenceNumber":%q,"endSequenceNumber":%q}`, *stream, *shard, n, n,
			)
			if first == "" {
				first = position
			}
			if pk, ok := r.Dynamodb.Keys["pk"].(*streamtypes.AttributeValueMemberS); ok &&
				strings.HasSuffix(pk.Value, "#broken") {
				broken = position
			}
		}
		next = page.NextShardIterator
	}
	return first, broken
}
