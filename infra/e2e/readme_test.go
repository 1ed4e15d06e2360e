package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

var (
	codeSpan     = regexp.MustCompile("`([^`]+)`")
	secretString = regexp.MustCompile(`--secret-string '([^']+)'`)
)

// readme runs the commands of the README's section "Deploy" that work on a deployed stack: all except make, git,
// the SAM CLI and the AWS CLI, whose secret is stored with the SDK. The README uses the stack of ENV=dev; this
// stack is that of ENV=prod.
func readme(w *world) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		w.Fatal(err)
	}
	_, deploy, _ := strings.Cut(string(text), "\n## Deploy\n")
	deploy, _, _ = strings.Cut(deploy, "\n## ")
	this := strings.NewReplacer(
		"TABLE", w.stack.Outputs["TableName"], "perennial-dev", stackName, "--stage test", "--stage live",
	)
	var ran []string
	for _, span := range codeSpan.FindAllStringSubmatch(deploy, -1) {
		if command, ok := strings.CutPrefix(span[1], "go run ./functions/perennial "); ok {
			args := strings.Fields(this.Replace(command))
			out := w.operator(args...)
			ran = append(ran, strings.Join(args[:2], " "))
			if args[0] == "keys" {
				w.key = out
			}
		}
		if secret := secretString.FindStringSubmatch(span[1]); secret != nil {
			w.storeSecret(strings.Replace(secret[1], "whsec_…", processors[program][app.Stripe].Secrets[0], 1))
			ran = append(ran, "secret")
		}
	}
	if got := strings.Join(ran, ", "); got != "program publish, keys create, secret, failures list" {
		w.Errorf("the README's commands are: %s", got)
	}

	member := w.enroll("deploy", 0)
	w.want(w.putOrder("9001", member, "paid", time.Now(), ""), "status", "paid")
	event := sample.Event{
		Provider: app.Stripe, Type: "payment_intent.succeeded", Payment: "9001", Object: "C9001", Total: 4999,
		Order: "9001",
		Live:  true, At: time.Now().Truncate(time.Second),
	}
	w.report(event, "applied")
}

// storeSecret stores the secrets of payment processors, as the README describes for the AWS CLI.
func (w *world) storeSecret(document string) {
	w.Helper()
	var agreed app.Processors
	if err := json.Unmarshal([]byte(document), &agreed); err != nil || len(agreed[program][app.Stripe].Secrets) != 1 {
		w.Fatalf("the secret is %s: %v", document, err)
	}
	_, err := secretsmanager.NewFromConfig(w.config).PutSecretValue(w.Context(), &secretsmanager.PutSecretValueInput{
		SecretId: aws.String(w.resource("WebhooksSecret")), SecretString: aws.String(document),
	})
	if err != nil {
		w.Fatal(err)
	}
}
