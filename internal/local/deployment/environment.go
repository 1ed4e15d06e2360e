package deployment

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/local/awsapi"
	"github.com/perennial-loyalty/perennial/internal/local/runtimeapi"
	"github.com/perennial-loyalty/perennial/internal/stack"
)

// version is the number of the first version that AutoPublishAlias publishes.
const version = "1"

// newFunction returns a function of the template that runs the function's binary.
func (d *Deployment) newFunction(f *stack.Function) (*runtimeapi.Function, error) {
	env, err := d.options.Template.Environment(f, d.values)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprint(d.values[f.ID])
	group, err := d.options.Template.Resolve(stack.At(f.Properties, "LoggingConfig", "LogGroup"), d.values)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(d.options.Binaries, f.Name, "bootstrap")
	all := lambdaVariables(name, f, fmt.Sprint(group), filepath.Dir(path))
	all["AWS_ENDPOINT_URL"] = d.url
	if d.options.Clock != nil {
		all["PERENNIAL_TEST_CLOCK"] = "event"
	}
	for variable, value := range env {
		all[variable] = value
	}
	fn := &runtimeapi.Function{
		Name: name, Path: path, Timeout: time.Duration(f.Timeout) * time.Second,
		ARN:       fmt.Sprint(d.values[f.ID+".Arn"], ":", cmp.Or(text(f.Properties["AutoPublishAlias"]), "$LATEST")),
		Processes: cmp.Or(d.options.Processes, processes),
	}
	for variable, value := range all {
		fn.Env = append(fn.Env, variable+"="+value)
	}
	if output := d.options.Output; output != nil {
		fn.Output = func(line []byte) { output(f.Name, line) }
	}
	if clock := d.options.Clock; clock != nil {
		fn.ClientContext = func() string { return app.ClockContext(clock()) }
	}
	return fn, nil
}

// lambdaVariables returns the variables that Lambda sets for a function with an OS-only runtime
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html). The name of the log stream differs from
// Lambda's: it contains no date, because the date would depend on the start of the process.
func lambdaVariables(name string, f *stack.Function, group, root string) map[string]string {
	return map[string]string{
		"_HANDLER":                        text(f.Properties["Handler"]),
		"AWS_REGION":                      Region,
		"AWS_DEFAULT_REGION":              Region,
		"AWS_LAMBDA_FUNCTION_NAME":        name,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemorySize),
		"AWS_LAMBDA_FUNCTION_VERSION":     version,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       group,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "local/[" + version + "]" + f.Name,
		"AWS_LAMBDA_LOG_FORMAT":           text(stack.At(f.Properties, "LoggingConfig", "LogFormat")),
		"AWS_ACCESS_KEY_ID":               awsapi.AccessKeyID(f.Name),
		"AWS_SECRET_ACCESS_KEY":           "local",
		"AWS_SESSION_TOKEN":               "local",
		"LAMBDA_TASK_ROOT":                root,
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"LANG":                            "en_US.UTF-8",
		"PATH":                            "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"TZ":                              ":UTC",
	}
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
