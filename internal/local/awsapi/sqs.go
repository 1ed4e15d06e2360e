package awsapi

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

// These constants are quotas of SQS
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
const (
	maxEntries = 10
	maxMessage = 1 << 20 // maximum number of bytes of a message, and also of all messages of a batch together
)

type sendMessageInput struct{ QueueUrl, MessageBody string }

type sendMessageBatchInput struct {
	QueueUrl string
	Entries  []sendEntry
}

type sendEntry struct{ Id, MessageBody string }

type sentMessage struct {
	Id               string `json:"Id,omitzero"`
	MessageId        string
	MD5OfMessageBody string
}

type sendMessageBatchOutput struct {
	Successful []sentMessage
	Failed     []struct{}
}

// sqs serves SendMessage and SendMessageBatch. Both need the permission sqs:SendMessage.
func (s *Server) sqs(r *request) ([]access.Call, func(http.ResponseWriter) error, error) {
	var in sendMessageBatchInput
	single := r.operation == "SendMessage"
	switch {
	case single:
		var one sendMessageInput
		if err := decode(r.body, &one); err != nil {
			return nil, nil, err
		}
		in = sendMessageBatchInput{one.QueueUrl, []sendEntry{{MessageBody: one.MessageBody}}}
	case r.operation == "SendMessageBatch":
		if err := decode(r.body, &in); err != nil {
			return nil, nil, err
		}
	default:
		return nil, nil, unknown(r)
	}
	q, ok := s.Queues[in.QueueUrl]
	if !ok {
		return nil, nil, invalid("QueueDoesNotExist", "The specified queue does not exist: "+in.QueueUrl)
	}
	return []access.Call{{Operation: "sqs:SendMessage", Resource: q.ARN}}, func(w http.ResponseWriter) error {
		sent, err := send(r, q, in.Entries)
		if err != nil {
			return err
		}
		if single {
			return respond(w, sent[0])
		}
		return respond(w, sendMessageBatchOutput{Successful: sent, Failed: []struct{}{}})
	}, nil
}

func send(r *request, q Queue, entries []sendEntry) ([]sentMessage, error) {
	if len(entries) == 0 {
		return nil, invalid(
			"EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the request.",
		)
	}
	if len(entries) > maxEntries {
		return nil, invalid(
			"TooManyEntriesInBatchRequest", fmt.Sprintf("Maximum number of entries per request are %d.", maxEntries),
		)
	}
	ids, bytes := map[string]bool{}, 0
	var bodies []string
	var sent []sentMessage
	for _, e := range entries {
		if ids[e.Id] {
			return nil, invalid("BatchEntryIdsNotDistinct", "Id "+e.Id+" repeated.")
		}
		if e.MessageBody == "" {
			return nil, invalid("MissingParameter", "The request must contain the parameter MessageBody.")
		}
		ids[e.Id] = true
		bytes += len(e.MessageBody)
		bodies = append(bodies, e.MessageBody)
		sum := md5.Sum([]byte(e.MessageBody))
		sent = append(sent, sentMessage{e.Id, rand.Text(), hex.EncodeToString(sum[:])})
	}
	if bytes > maxMessage {
		return nil, invalid(
			"BatchRequestTooLong", fmt.Sprintf("Batch requests cannot be longer than %d bytes.", maxMessage),
		)
	}
	return sent, q.Send(r.Context(), bodies...)
}
