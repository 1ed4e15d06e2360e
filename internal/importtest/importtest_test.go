package importtest

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/perennial-loyalty/perennial"

// arrows lists the packages of this module that each package may import. It is ordered by layers: a package imports
// packages listed above it, which are simpler.
var arrows = []struct {
	pkg string
	may []string // the allowed imports, below internal/
}{
	{"internal", nil}, // the contributor's map
	{"internal/loyalty/calendar", nil},
	{"internal/loyalty/exact", nil},
	{"internal/loyalty", units},
	{"internal/loyalty/loyaltytest", []string{"loyalty"}},
	{"internal/loyalty/posting", []string{"loyalty"}},
	{"internal/loyalty/receipt", []string{"loyalty"}},
	{"internal/loyalty/earn", []string{"loyalty", "loyalty/posting", "loyalty/receipt"}},
	{"internal/loyalty/redeem", []string{"loyalty", "loyalty/earn", "loyalty/posting"}},
	{"internal/loyalty/tier", []string{"loyalty", "loyalty/earn", "loyalty/posting", "loyalty/redeem"}},
	{
		"internal/loyalty/award",
		[]string{"loyalty", "loyalty/earn", "loyalty/posting", "loyalty/receipt", "loyalty/redeem", "loyalty/tier"},
	},
	{"internal/loyalty/share", []string{"loyalty", "loyalty/earn", "loyalty/posting", "loyalty/redeem"}},
	{
		"internal/loyalty/remind",
		[]string{"loyalty", "loyalty/earn", "loyalty/posting", "loyalty/redeem", "loyalty/tier"},
	},
	{
		"internal/loyalty/engine",
		[]string{
			"loyalty", "loyalty/award", "loyalty/earn", "loyalty/posting", "loyalty/receipt", "loyalty/redeem",
			"loyalty/remind", "loyalty/share", "loyalty/tier",
		},
	},
	{
		"internal/loyalty/deliverytest",
		[]string{
			"loyalty", "loyalty/award", "loyalty/earn", "loyalty/engine", "loyalty/posting", "loyalty/receipt",
			"loyalty/redeem", "loyalty/share", "loyalty/tier",
		},
	},
	{"internal/explain", []string{"loyalty/..."}},
	{"internal/emailaddr", nil},
	{"internal/table", nil},
	{"internal/table/dynamotable", []string{"random", "table"}},
	{"internal/table/pebbletable", []string{"table"}},
	{"internal/table/dynamojson", []string{"table"}},
	{"internal/table/dynamoexport", []string{"table", "table/dynamojson"}},
	{"internal/table/localcopy", []string{"table", "table/pebbletable"}},
	{"internal/lazyregexp", nil},
	{"internal/notices", nil},
	{"internal/parallel", nil},
	{"internal/random", nil},
	{"internal/outbound", nil},
	{"internal/oidc", []string{"outbound", "random"}},
	{"internal/oidc/oidctest", nil},
	{"internal/seedtest", nil},
	{"internal/switches", nil},
	{"internal/table/tabletest", []string{"seedtest", "table"}},
	{"internal/table/dynamotable/dynamotest", []string{"table/dynamotable"}},
	{"internal/telemetry", nil},
	{"internal/translog", []string{"table"}},
	{"internal/cost", nil},
	{"internal/goldentest", nil},
	{"internal/cost/costtest", []string{"cost", "goldentest"}},
	{"internal/program/nearest", nil},
	{"internal/program/problem", nil},
	{"internal/program/condition", []string{"loyalty/...", "program/nearest"}},
	{"internal/program/snapshot", []string{"loyalty/...", "program/condition"}},
	{"internal/program/document", []string{"lazyregexp", "loyalty", "program/nearest", "program/problem"}},
	{"internal/program/describe", []string{"loyalty/..."}},
	{
		"internal/program/validate",
		[]string{"loyalty/...", "program/describe", "program/document", "program/nearest", "program/snapshot"},
	},
	{
		"internal/program",
		[]string{
			"lazyregexp", "loyalty/...", "program/condition", "program/describe", "program/document",
			"program/nearest", "program/problem", "program/snapshot", "program/validate",
		},
	},
	{"internal/program/compare", []string{"lazyregexp", "program/document"}},
	{"internal/ledger/columns", nil},
	{"internal/keyring", []string{"random", "table"}},
	{"internal/datadir", []string{"keyring", "random", "table/pebbletable", "translog/source"}},
	{"internal/keyring/keyringtest", []string{"keyring", "table"}},
	{"internal/ledger/stored/generate", nil},
	{"internal/ledger/stored", []string{"ledger/columns", "loyalty/...", "table"}},
	{"internal/listing", []string{"ledger/stored", "loyalty", "parallel", "table"}},
	{
		"internal/ledger",
		[]string{
			"emailaddr", "keyring", "ledger/columns", "ledger/stored", "loyalty/...", "parallel", "random", "switches",
			"table",
		},
	},
	{
		"internal/service/servicetest",
		[]string{
			"inventory", "keyring/keyringtest", "ledger", "loyalty/...", "members", "seedtest", "service", "table",
			"table/dynamotable/dynamotest", "table/pebbletable", "table/tabletest",
		},
	},
	{
		"internal/ledger/ledgertest",
		[]string{"keyring/keyringtest", "ledger", "loyalty/loyaltytest", "table", "table/pebbletable"},
	},
	{"internal/catalog", []string{"ledger", "ledger/stored", "loyalty/...", "switches", "table"}},
	{"internal/limits", []string{"ledger", "ledger/stored", "loyalty", "random", "table"}},
	{
		"internal/members",
		[]string{
			"emailaddr", "keyring", "ledger", "ledger/stored", "limits", "listing", "loyalty/...", "parallel", "random",
			"switches", "table",
		},
	},
	{
		"internal/inventory",
		[]string{"ledger", "ledger/stored", "loyalty/...", "members", "parallel", "random", "table"},
	},
	{
		"internal/service",
		[]string{
			"inventory", "ledger", "ledger/stored", "limits", "loyalty/...", "members", "parallel", "switches", "table",
		},
	},
	{
		"internal/approvals",
		[]string{"ledger", "ledger/stored", "limits", "loyalty/...", "members", "service", "table"},
	},
	{
		"internal/vouchers",
		[]string{"inventory", "ledger", "ledger/stored", "loyalty/...", "parallel", "service", "table"},
	},
	{
		"internal/erasure",
		[]string{"inventory", "ledger", "ledger/stored", "loyalty/...", "members", "service", "table"},
	},
	{
		"internal/messages",
		[]string{"inventory", "keyring", "ledger", "ledger/stored", "loyalty/...", "members", "service", "table"},
	},
	{"internal/auth", []string{"oidc", "random", "table"}},
	{
		"internal/audit", []string{"auth", "ledger", "ledger/stored", "loyalty/...", "switches", "table"},
	},
	{"internal/translog/source", []string{"audit", "ledger/stored", "listing", "loyalty", "table", "translog"}},
	{
		"internal/verify",
		[]string{
			"audit", "ledger", "ledger/stored", "listing", "loyalty/...", "table", "translog", "translog/source",
		},
	},
	{
		"internal/app",
		[]string{
			"approvals", "auth", "catalog", "erasure", "inventory", "keyring", "ledger", "ledger/stored", "limits",
			"loyalty/...", "members", "messages", "oidc", "outbound", "parallel", "program/snapshot", "random",
			"service", "table",
			"telemetry", "vouchers",
		},
	},
	{"internal/api/wire", nil},
	{"internal/api/wire/generate", nil},
	{
		"internal/api/request",
		[]string{
			"api/wire", "app", "auth", "inventory", "lazyregexp", "ledger", "ledger/stored", "limits", "loyalty/...",
			"members", "notify", "program/nearest", "service", "switches", "telemetry",
		},
	},
	{
		"internal/api",
		[]string{
			"api/request", "api/wire", "app", "approvals", "audit", "auth", "erasure", "explain", "inventory",
			"lazyregexp", "ledger", "ledger/stored", "limits", "loyalty/...", "members", "service", "telemetry",
			"translog", "translog/source",
		},
	},
	{
		"internal/api/operators",
		[]string{"api/request", "api/wire", "auth", "loyalty", "oidc", "random"},
	},
	{
		"internal/api/programs",
		[]string{
			"api/operators", "api/request", "api/wire", "app", "auth", "catalog", "ledger/stored", "loyalty/...",
			"program", "program/compare", "program/describe", "program/problem", "switches",
		},
	},
	{
		"internal/api/redemptions",
		[]string{
			"api/request", "api/wire", "app", "auth", "inventory", "lazyregexp", "ledger", "ledger/stored",
			"limits", "loyalty/...", "members", "messages", "parallel", "service", "telemetry", "vouchers",
		},
	},
	{
		"internal/api/reminders",
		[]string{
			"api/request", "api/wire", "app", "ledger/stored", "loyalty/...", "messages", "notify", "random",
		},
	},
	{"internal/payments/activity", []string{"ledger", "ledger/stored", "table"}},
	{"internal/payments/webhook", []string{"app", "lazyregexp", "loyalty", "service"}},
	{"internal/payments/webhook/webhooktest", []string{"app", "loyalty", "payments/webhook"}},
	{"internal/payments/adyen", []string{"lazyregexp", "loyalty", "payments/webhook", "service"}},
	{"internal/payments/paypal", []string{"app", "lazyregexp", "loyalty", "payments/webhook", "service"}},
	{"internal/payments/shopify", []string{"loyalty", "payments/webhook", "service"}},
	{"internal/payments/square", []string{"loyalty", "payments/webhook", "service"}},
	{"internal/payments/standard", []string{"app", "loyalty", "payments/webhook", "service"}},
	{"internal/payments/stripe", []string{"loyalty", "payments/webhook", "service"}},
	{
		"internal/payments",
		[]string{
			"api/wire", "app", "ledger", "ledger/stored", "loyalty", "payments/activity", "payments/adyen",
			"payments/paypal", "payments/shopify", "payments/square", "payments/standard", "payments/stripe",
			"payments/webhook", "random", "service", "switches", "telemetry",
		},
	},
	{"internal/payments/sample", []string{"app", "loyalty"}},
	{"internal/notify", []string{"emailaddr", "loyalty/..."}},
	{"internal/notify/wording", []string{"loyalty/...", "notify"}},
	{"internal/notify/sesmail", []string{"notify"}},
	{"internal/notify/snstext", []string{"loyalty", "notify"}},
	{"internal/notify/eventbus", []string{"notify"}},
	{"internal/notify/signedhook", []string{"notify", "outbound"}},
	{
		"internal/jobs",
		[]string{
			"app", "ledger", "ledger/stored", "loyalty/...", "members", "messages", "notify", "payments/activity",
			"switches", "telemetry",
		},
	},
	{
		"internal/relay",
		[]string{"app", "listing", "table", "table/dynamojson", "telemetry", "translog", "translog/source"},
	},
	{"internal/boot", []string{"app", "keyring", "table", "table/dynamotable", "telemetry"}},
	{"internal/boot/sqsqueue", []string{"app", "boot"}},
	{"internal/boot/senders", []string{
		"app", "boot", "loyalty", "notify", "notify/eventbus", "notify/sesmail", "notify/signedhook", "notify/snstext",
		"notify/wording",
	}},
	{"internal/boot/operator", []string{"boot", "keyring", "table/dynamotable"}},
	{"internal/failures", []string{"lazyregexp"}},
	{"internal/boot/failurequeues", []string{"failures"}},
	{"internal/local/dynamodbapi", []string{"table"}}, // no SDK: its tests use the functions' client
	{"internal/local/binaries", nil},
	{"internal/local/awsapi", []string{"stack/access"}}, // no SDK: its tests use the functions' clients
	{"internal/local/deployment", []string{ // uses the template, not the functions' code
		"app", "local/awsapi", "local/dynamodbapi", "local/runtimeapi", "loyalty", "notify", "stack", "stack/access",
		"table",
	}},
	{"internal/local/deployment/deploymenttest", []string{"local/binaries", "local/deployment", "stack"}},
	{"internal/local/gateway/gatewaytest", nil},
	{"internal/local/gateway", []string{"api/request", "api/wire", "stack/access"}},
	{"internal/local/paypal", nil},
	{"internal/reference", nil},
	{"internal/console", []string{"reference"}},
	{"internal/local/runtimeapi", nil}, // uses processes, not the functions' code
	{
		"internal/local",
		[]string{
			"api", "api/programs", "api/redemptions", "api/reminders", "api/request", "api/wire", "app", "auth",
			"console", "failures", "jobs", "keyring", "ledger", "ledger/stored", "listing", "local/awsapi",
			"local/deployment", "local/gateway", "local/paypal",
			"loyalty/...", "members", "notify", "notify/wording", "payments", "service", "stack",
			"stack/access", "table", "translog", "translog/source",
		},
	},
	{"internal/stack", nil},
	{"internal/stack/access", []string{"stack", "table"}},
	{
		"internal/stack/stacktest",
		[]string{
			"app", "catalog", "ledger", "loyalty", "members", "program", "program/snapshot", "service", "stack",
			"stack/access",
		},
	},
	{"internal/importtest", nil},
	{"infra", nil},
	{"infra/alarms", []string{"telemetry"}},
	{"infra/alarms/generate", []string{"infra/alarms"}},
	{"infra/licenses", nil},
	{"infra/mutate", nil},
	{"infra/race", []string{"infra/race/handwritten", "infra/race/postgres"}},
	{"infra/race/handwritten", []string{"random"}},
	{"infra/race/postgres", nil},
	{"infra/samtest", []string{"stack"}},
	{"infra/tokens/membertoken", nil},
	{"infra/e2e", []string{"app", "payments/sample"}},
	{"functions/members", []string{"api", "boot"}},
	{"functions/earn", []string{"api", "boot"}},
	{"functions/redeem", []string{"api/redemptions", "boot"}},
	{"functions/programs", []string{"api/programs", "boot"}},
	{"functions/webhooks", []string{"payments", "boot"}},
	{
		"internal/verify/drill",
		[]string{
			"audit", "ledger", "ledger/stored", "listing", "loyalty", "random", "table", "table/pebbletable",
			"translog", "translog/source", "verify",
		},
	},
	{
		"internal/verify/verifycmd",
		[]string{
			"app", "boot/operator", "catalog", "datadir", "ledger", "listing", "table", "table/dynamoexport",
			"table/dynamotable", "table/localcopy", "translog", "verify", "verify/drill",
		},
	},
	{
		"internal/verify/verifytest",
		[]string{
			"keyring/keyringtest", "ledger", "loyalty", "members", "service", "table", "table/pebbletable", "translog",
			"translog/source",
		},
	},
	{"functions/reassess", []string{"jobs", "boot", "boot/sqsqueue"}},
	{"functions/remind", []string{"jobs", "boot", "boot/senders", "boot/sqsqueue"}},
	{"functions/reminders", []string{"api/reminders", "boot", "boot/senders"}},
	{"functions/relay", []string{"relay", "boot"}},
	{
		"functions/perennial",
		[]string{
			"app", "auth", "boot/failurequeues", "boot/operator", "catalog", "cost", "datadir", "erasure", "failures",
			"inventory", "keyring",
			"ledger", "ledger/stored", "local", "local/binaries", "local/paypal", "loyalty/...", "members", "notices",
			"payments", "payments/sample", "program", "program/compare", "program/describe", "program/document",
			"service", "stack", "switches", "table", "table/dynamotable", "verify/verifycmd",
		},
	},
}

// amazon lists the packages that may import the AWS SDK. dynamotest is only for tests.
var amazon = []string{
	"internal/table/dynamotable", "internal/table/dynamotable/dynamotest", "internal/boot", "internal/boot/operator",
	"internal/boot/failurequeues",
	"internal/boot/sqsqueue", "internal/boot/senders", "internal/notify/sesmail", "internal/notify/snstext",
	"internal/notify/eventbus",
}

// outside lists, for restricted packages outside this module, which packages may import them except in tests.
var outside = map[string][]string{
	"github.com/aws/aws-sdk-go-v2":             amazon,
	"github.com/aws/smithy-go":                 amazon,
	"github.com/aws/aws-sdk-go-v2/service/sqs": {"internal/boot/failurequeues", "internal/boot/sqsqueue"},
	"github.com/aws/aws-sdk-go-v2/service/ses": {"internal/boot/senders", "internal/notify/sesmail"},
	"github.com/aws/aws-sdk-go-v2/service/sns": {"internal/boot/senders", "internal/notify/snstext"},
	"github.com/aws/aws-sdk-go-v2/service/eve": {"internal/boot/senders", "internal/notify/eventbus"},
	"github.com/santhosh-tekuri/jsonschema":    {"internal/program/document"},
	"github.com/cockroachdb/pebble":            {"internal/table/pebbletable"},
	"github.com/alecthomas/kong":               {"functions/perennial"},
	"github.com/getkin/kin-openapi":            nil,
	"github.com/expr-lang/expr":                {"internal/program/condition"},
	"github.com/goccy/go-yaml": {
		"internal/program/document", "internal/api/wire/generate", "internal/stack", "internal/reference",
	},
	"go.mau.fi/util":                 {"internal/members"},
	"github.com/google/licensecheck": {"infra/licenses"},
	"golang.org/x/mod": {
		"infra/licenses", "internal/translog", "internal/translog/source", "internal/verify",
	},
	"github.com/yuin/goldmark": {"internal/reference"},
	"golang.org/x/net":         {"internal/emailaddr", "internal/members"},
	"github.com/aws/aws-lambda-go": {
		"internal/api", "internal/api/programs", "internal/api/redemptions", "internal/api/reminders", "internal/app",
		"internal/boot", "internal/boot/senders", "internal/boot/sqsqueue", "internal/jobs", "internal/local",
		"internal/local/deployment", "internal/local/gateway", "internal/payments", "internal/relay",
	},
	"github.com/golang-jwt/jwt": {
		"internal/auth", "internal/oidc", "internal/oidc/oidctest", "infra/tokens/membertoken",
	},
	"golang.org/x/oauth2":          {"internal/oidc"},
	"github.com/jackc/pgx":         {"infra/race/handwritten"},
	"github.com/stripe/stripe-go":  nil,
	"github.com/standard-webhooks": nil,
	"github.com/google/go-cmp": {
		"internal/loyalty/deliverytest", "internal/payments/webhook/webhooktest", "internal/table/tabletest",
	},
	"pgregory.net/rapid":                {"internal/loyalty/deliverytest"},
	"github.com/anishathalye/porcupine": nil,
}

// units are the packages of dates and numbers. A package that may import loyalty may also import them.
var units = []string{"loyalty/calendar", "loyalty/exact"}

// allowed reports whether a list contains a package, or the pattern "parent/..." with the package or its parent.
func allowed(may []string, pkg string) bool {
	if slices.Contains(units, pkg) && slices.Contains(may, "loyalty") {
		return true
	}
	return slices.ContainsFunc(may, func(x string) bool {
		parent, pattern := strings.CutSuffix(x, "/...")
		return x == pkg || pattern && (pkg == parent || path.Dir(pkg) == parent && !strings.HasSuffix(pkg, "test"))
	})
}

func TestImportsFollowLayers(t *testing.T) {
	for name, pkg := range packages(t) {
		i := slices.IndexFunc(arrows, func(a struct {
			pkg string
			may []string
		},
		) bool {
			return a.pkg == name
		})
		if i < 0 {
			t.Errorf("%s is missing in the list of this test: add its allowed imports", name)
			continue
		}
		for _, imported := range pkg.Imports {
			rest, ours := strings.CutPrefix(imported, module+"/")
			if ours && !allowed(arrows[i].may, strings.TrimPrefix(rest, "internal/")) {
				t.Errorf("%s must not import %s", name, rest)
			}
		}
	}
}

func TestRulesAndStoragePortImportStandardLibraryOnly(t *testing.T) {
	all := packages(t)
	for _, name := range []string{
		"internal/loyalty/calendar", "internal/loyalty/exact", "internal/loyalty", "internal/table",
	} {
		for _, imported := range all[name].Imports {
			rest := strings.TrimPrefix(imported, module+"/internal/")
			if slices.Contains(units, rest) {
				continue
			}
			if strings.Contains(strings.Split(imported, "/")[0], ".") {
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
	for _, imported := range all["internal/loyalty"].Imports {
		if slices.Contains(
			[]string{"context", "os", "net", "log/slog", "math/rand", "math/rand/v2", "crypto/rand"}, imported,
		) {
			t.Errorf("internal/loyalty imports %s but must be pure", imported)
		}
	}
}

func TestRestrictedPackagesAreImportedByUsersOnly(t *testing.T) {
	for name, pkg := range packages(t) {
		for _, imported := range pkg.Imports {
			for prefix, who := range outside {
				if strings.HasPrefix(imported, prefix) && !slices.Contains(who, name) {
					t.Errorf("%s imports %s", name, imported)
				}
			}
		}
	}
}

// TestRandomnessHasOneSource requires that packages use the source of randomness that they receive (internal/random),
// so that a seed reproduces a run. Only packages that start a process, emulate AWS or serve tests may use another
// source.
func TestRandomnessHasOneSource(t *testing.T) {
	own := []string{
		"internal/random", "internal/boot", "functions/perennial", "internal/seedtest", "internal/table/tabletest",
		"internal/table/dynamotable/dynamotest", "internal/loyalty/deliverytest",
		"internal/payments/webhook/webhooktest", "internal/verify/verifycmd", "internal/oidc/oidctest",
	}
	for name, pkg := range packages(t) {
		root := name == "internal/local" || strings.HasPrefix(name, "internal/local/") || slices.Contains(own, name)
		for _, imported := range pkg.Imports {
			if !root && slices.Contains([]string{"crypto/rand", "math/rand", "math/rand/v2"}, imported) {
				t.Errorf("%s imports %s; it draws from a source that it is given, by internal/random", name, imported)
			}
		}
	}
}

// TestOnlyLedgerWritesUncheckedDocuments requires that only the ledger uses table.PutEncoded, with which the table does
// not check the document. The generated encoder of the ledger's documents is tested to return valid JSON.
func TestOnlyLedgerWritesUncheckedDocuments(t *testing.T) {
	users := []string{"internal/ledger", "internal/table/tabletest"} // tabletest contains the conformance suite
	for name, pkg := range packages(t) {
		for _, file := range pkg.GoFiles {
			source, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(source, func(n ast.Node) bool {
				use, ok := n.(*ast.SelectorExpr)
				if ok && use.Sel.Name == "PutEncoded" && !slices.Contains(users, name) {
					t.Errorf("%s uses table.PutEncoded in %s; use table.Put", name, file)
				}
				return true
			})
		}
	}
}

func TestFunctionsDoNotContainPebbleOrLocalStack(t *testing.T) {
	all := packages(t)
	for name := range all {
		if !strings.HasPrefix(name, "functions/") || name == "functions/perennial" {
			continue
		}
		for _, reached := range reach(all, name, map[string]bool{}) {
			forbidden := []string{
				"internal/table/pebbletable", "internal/table/tabletest", "internal/seedtest",
				"internal/boot/operator", "internal/boot/failurequeues",
			}
			if strings.HasPrefix(reached, "internal/local") || slices.Contains(forbidden, reached) {
				t.Errorf("%s contains %s", name, reached)
			}
		}
	}
}

// TestLargeDependenciesAreInUsersOnly checks that only the functions that use the YAML parser, the schema, SQS or
// the senders contain them, because they slow down every cold start: the YAML parser and the schema take 4 ms
// before main.
func TestLargeDependenciesAreInUsersOnly(t *testing.T) {
	all := packages(t)
	for part, who := range map[string][]string{
		"internal/program":       {"functions/perennial", "functions/programs"},
		"internal/boot/sqsqueue": {"functions/reassess", "functions/remind"},
		"internal/boot/senders":  {"functions/remind", "functions/reminders"},
	} {
		var contain []string
		for name := range all {
			if strings.HasPrefix(name, "functions/") && slices.Contains(reach(all, name, map[string]bool{}), part) {
				contain = append(contain, name)
			}
		}
		if slices.Sort(contain); !slices.Equal(contain, who) {
			t.Errorf("%s is contained in %v, want %v", part, contain, who)
		}
	}
}

// TestTimeZonesAreLinkedWhereUsed checks that each package that loads a time zone links the time zone data itself, so
// that it does not depend on other packages. Lambda's operating system has no time zone data.
func TestTimeZonesAreLinkedWhereUsed(t *testing.T) {
	for name, pkg := range packages(t) {
		asks := false
		for _, file := range pkg.GoFiles {
			source, err := os.ReadFile(filepath.Join(pkg.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			asks = asks || strings.Contains(string(source), "time.LoadLocation(")
		}
		if links := slices.Contains(pkg.Imports, "time/tzdata"); asks != links {
			t.Errorf("%s loads time zones: %v; links them: %v", name, asks, links)
		}
	}
}

// reach returns the packages of this module that a package contains.
func reach(all map[string]*build.Package, name string, seen map[string]bool) (reached []string) {
	if seen[name] {
		return nil
	}
	seen[name] = true
	reached = []string{name}
	for _, imported := range all[name].Imports {
		if rest, ours := strings.CutPrefix(imported, module+"/"); ours && all[rest] != nil {
			reached = append(reached, reach(all, rest, seen)...)
		}
	}
	return reached
}

func TestPackagesHaveCommentAndSpecificName(t *testing.T) {
	banned := []string{
		"types", "models", "model", "common", "util", "utils", "helpers", "handlers", "domain", "misc", "base",
	}
	for name := range packages(t) {
		if slices.Contains(banned, path.Base(name)) {
			t.Errorf("%s has a generic name", name)
		}
		if comment := packageComment(t, name); len(comment) < 40 {
			t.Errorf("%s has no package comment", name)
		}
	}
}

func packageComment(t *testing.T, name string) (comment string) {
	files, err := filepath.Glob(filepath.Join(root(t), name, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") && name != "infra" {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		if doc := (*ast.CommentGroup)(f.Doc); doc != nil && !ast.IsGenerated(f) {
			comment += doc.Text()
		}
	}
	return comment
}

// packages parses every package of the module, by its path below the root.
func packages(t *testing.T) map[string]*build.Package {
	t.Helper()
	all := map[string]*build.Package{}
	top := root(t)
	err := filepath.WalkDir(top, func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if base := d.Name(); dir != top && (strings.HasPrefix(base, ".") || base == "testdata" || base == "build") {
			return filepath.SkipDir
		}
		pkg, err := build.ImportDir(dir, 0)
		if _, none := err.(*build.NoGoError); none && len(pkg.TestGoFiles)+len(pkg.XTestGoFiles) == 0 {
			return nil
		} else if err != nil && !none {
			return err
		}
		name, err := filepath.Rel(top, dir)
		all[filepath.ToSlash(name)] = pkg
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("found only %d packages below %s", len(all), top)
	}
	return all
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above this package")
	return ""
}
