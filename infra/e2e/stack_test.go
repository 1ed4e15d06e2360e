package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
)

const (
	root      = "../.."
	stackName = "perennial"
	domain    = "api.bluebird.test"
	program   = "bluebird"
	// laterProgram is not published at first.
	laterProgram = "later"
)

// patience limits every wait. On an idle machine each takes a few seconds.
const patience = 90 * time.Second

// parameters enables every condition of the template except mail, which the parameter change enables, and the
// canary, because the emulator has no CodeDeploy.
var parameters = []string{
	"Stage=live",
	"DomainName=" + domain,
	"CertificateArn=arn:aws:acm:us-east-1:000000000000:certificate/6b1c0d4e-0000-4000-8000-000000000001",
	"AlarmTopicArn=arn:aws:sns:us-east-1:000000000000:alarms",
	"SmsSender=Bluebird",
	"PushBus=push",
	"WebhookUrl=https://hooks.bluebird.test/reminders",
}

// A world is the deployed stack with its clients.
type world struct {
	*testing.T
	endpoint  string // the endpoint of the emulator
	perennial string // the built command line
	config    aws.Config
	zone      string // the DNS zone
	stack     deployment
	key       string // an API key of the program
	calls     int
}

// A deployment is the output of infra/deploy-ministack.
type deployment struct {
	Status    string
	Outputs   map[string]string
	Resources map[string]string // physical ID by logical ID
}

func TestStack(t *testing.T) {
	endpoint := os.Getenv("PERENNIAL_MINISTACK")
	if endpoint == "" && os.Getenv("PERENNIAL_REQUIRE_MINISTACK") != "" {
		t.Fatal("PERENNIAL_MINISTACK is not set")
	}
	if endpoint == "" {
		t.Skip("no ministack: run make test-aws")
	}
	conf, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, endpoint: endpoint, config: conf, perennial: filepath.Join(t.TempDir(), "perennial")}
	w.run("go", "build", "-buildvcs=false", "-o", w.perennial, "./functions/perennial")
	w.zone = w.hostedZone()
	w.deploy(append(parameters, "HostedZoneId="+w.zone)...)

	steps := []struct {
		name string
		do   func(*world)
	}{
		{"operator publishes a program and creates a key", publish},
		{"unknown path is a problem document", unknownPath},
		{"member enrolls, orders and gets a refund", order},
		{"limited reward is quoted, reserved, committed and canceled", limitedReward},
		{"code comes from the uploaded pool", codePool},
		{"gift card is used at a point of sale", giftCard},
		{"waitlisted member gets the canceled reward", waitlist},
		{"points are transferred", transfer},
		{"household shares points", household},
		{"payment processors report payments and refunds", webhooks},
		{"stream reaches the relay", relayed},
		{"schedule starts workers", scheduled},
		{"only the failed message is redelivered", partialFailure},
		{"operator redrives the message", redrivenMessage},
		{"changed parameter reaches the functions", parameterChange},
		{"member is reminded by email", reminded},
		{"failed event is stored and redriven", failedInvocation},
		{"records of the stream are redriven", failedRecords},
		{"commands of the README work", readme},
	}
	for i, s := range steps {
		if !w.step(s.name, s.do) && i == 0 {
			t.Fatal("no other step can run")
		}
	}
}

// step runs a subtest, which shares the world, and reports whether it passed.
func (w *world) step(name string, do func(*world)) bool {
	return w.T.Run(name, func(t *testing.T) {
		inner := *w
		inner.T = t
		defer func() { w.key, w.stack, w.calls = inner.key, inner.stack, inner.calls }()
		do(&inner)
	})
}

// deploy creates or updates the stack.
func (w *world) deploy(parameters ...string) {
	w.Helper()
	began := time.Now()
	out := w.run("infra/deploy-ministack", append([]string{"build/host", stackName}, parameters...)...)
	w.stack = deployment{}
	if err := json.Unmarshal(out, &w.stack); err != nil || !strings.HasSuffix(w.stack.Status, "_COMPLETE") ||
		strings.Contains(w.stack.Status, "ROLLBACK") {
		w.Fatalf("the stack is %s: %v", w.stack.Status, err)
	}
	w.Logf("%d resources are deployed after %.0f s", len(w.stack.Resources), time.Since(began).Seconds())
}

// hostedZone creates the DNS zone of the domain, which must exist before the stack.
func (w *world) hostedZone() string {
	w.Helper()
	body := `<CreateHostedZoneRequest ` +
		`xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Name>bluebird.test</Name>` +
		`<CallerReference>end-to-end</CallerReference></CreateHostedZoneRequest>`
	resp := w.signed("route53", "POST", "/2013-04-01/hostedzone", nil, body)
	var created struct {
		ID string `xml:"HostedZone>Id"`
	}
	if err := xml.Unmarshal(resp, &created); err != nil || created.ID == "" {
		w.Fatalf("no hosted zone: %v\n%s", err, resp)
	}
	return strings.TrimPrefix(created.ID, "/hostedzone/")
}

// signed sends a request to an AWS service for which the module has no SDK client.
func (w *world) signed(service, method, path string, header http.Header, body string) []byte {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.endpoint+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	maps.Copy(req.Header, header)
	credentials, err := w.config.Credentials.Retrieve(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(body)))
	if err := v4.NewSigner().SignHTTP(
		w.Context(), credentials, req, digest, service, w.config.Region, time.Now(),
	); err != nil {
		w.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		w.Fatalf("%s %s %s: %s %v\n%s", service, method, path, resp.Status, err, answer)
	}
	return answer
}

// resource returns the physical ID of a resource of the template.
func (w *world) resource(logical string) string {
	w.Helper()
	id, ok := w.stack.Resources[logical]
	if !ok {
		w.Fatalf("the stack has no resource %s", logical)
	}
	return id
}

// run runs a command in the root of the tree and returns its standard output.
func (w *world) run(name string, args ...string) []byte {
	w.Helper()
	cmd := exec.CommandContext(w.Context(), name, args...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = root, &stderr
	out, err := cmd.Output()
	if err != nil {
		w.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return out
}

// operator runs the command line.
func (w *world) operator(args ...string) string {
	w.Helper()
	return strings.TrimSpace(string(w.run(w.perennial, args...)))
}

// An answer is a JSON object.
type answer map[string]any

// at returns the value at a path of names and indexes, such as "entries.0.points".
func (a answer) at(path string) any {
	var v any = map[string]any(a)
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) text(path string) string { return fmt.Sprint(a.at(path)) }

// success is any status from 200 to 299.
const success = 0

// call sends a request with the API key and checks the status of the response.
func (w *world) call(want int, method, path, body string) answer {
	w.Helper()
	w.calls++
	header := http.Header{
		"Authorization":   {"Bearer " + w.key},
		"Content-Type":    {"application/json"},
		"Idempotency-Key": {fmt.Sprintf("end-to-end-call-%06d", w.calls)},
	}
	return w.send(want, method, path, header, body)
}

func (w *world) send(want int, method, path string, header http.Header, body string) answer {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, w.endpoint+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	req.Header, req.Host = header, domain
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(resp.Body); err != nil {
		w.Fatal(err)
	}
	if ok := want == success && resp.StatusCode/100 == 2; !ok && resp.StatusCode != want {
		w.Fatalf("%s %s: %d, want %d\n%s", method, path, resp.StatusCode, want, raw.Bytes())
	}
	var out answer
	if err := json.Unmarshal(raw.Bytes(), &out); err != nil {
		w.Fatalf("%s %s: %v\n%s", method, path, err, raw.Bytes())
	}
	return out
}

// want checks a value of a response.
func (w *world) want(a answer, path, value string) {
	w.Helper()
	if got := a.text(path); got != value {
		w.Errorf("%s is %s, want %s: %v", path, got, value, a)
	}
}

// eventually waits until done returns true.
func (w *world) eventually(what string, done func() bool) {
	w.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if done() {
			return
		}
	}
	w.Fatalf("after %s, still waiting until %s", patience, what)
}
