// Package stacktest runs tests of functions with the policies of template.yaml.
package stacktest

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

// Deployment is a fictitious deployment for tests.
var Deployment = stack.Deployment{Region: "eu-west-1", Account: "123456789012", StackName: "perennial"}

// Template returns the template.yaml of this module. It is read once per process. Tests must not change it.
func Template(t testing.TB) *stack.Template {
	t.Helper()
	tpl, err := readTemplate()
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

var readTemplate = sync.OnceValues(func() (*stack.Template, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "template.yaml")
		if _, err := os.Stat(path); err == nil {
			return stack.Read(path)
		}
	}
	return nil, errors.New("no template.yaml above this package")
})

// Parameters contains template parameters that enable every optional part of the stack.
var Parameters = map[string]string{
	"MailFrom": "Bluebird Rewards <hello@bluebird.test>", "SmsSender": "Bluebird", "PushBus": "perennial-push",
	"WebhookUrl": "https://shop.test/reminders", "PublicUrl": "https://api.bluebird.test",
	"KmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/k1",
}

// Values returns the values of all references in a template, for the fictitious deployment.
func Values(tpl *stack.Template) stack.Values {
	values := tpl.Names(Deployment)
	for name, value := range Parameters {
		values[name] = value
	}
	return values
}

// Guard returns a guard with the policies of all functions in the fictitious deployment. If a call is denied, the test
// fails.
func Guard(t testing.TB) *access.Guard {
	t.Helper()
	read, err := readGuard()
	if err != nil {
		t.Fatal(err)
	}
	g := &access.Guard{Policies: maps.Clone(read.Policies), TableARN: read.TableARN, KeyARN: read.KeyARN}
	g.Denied = func(err error) { t.Errorf("the policies of template.yaml deny a call: %v", err) }
	return g
}

var readGuard = sync.OnceValues(func() (*access.Guard, error) {
	tpl, err := readTemplate()
	if err != nil {
		return nil, err
	}
	return access.New(tpl, Values(tpl))
})
