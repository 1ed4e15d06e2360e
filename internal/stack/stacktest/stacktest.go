// Package stacktest runs the tests of functions under the policies of template.yaml.
package stacktest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

// Deployment is where the tests' stack is said to be.
var Deployment = stack.Deployment{Region: "eu-west-1", Account: "123456789012", StackName: "perennial"}

// Template reads template.yaml of this module.
func Template(t testing.TB) *stack.Template {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "template.yaml")
		if _, err := os.Stat(path); err != nil {
			continue
		}
		tpl, err := stack.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		return tpl
	}
	t.Fatal("no template.yaml above this package")
	return nil
}

// Guard returns a guard with the policies of all functions, in a stack in which every optional part is turned on. A
// call that they deny fails the test.
func Guard(t testing.TB) *access.Guard {
	t.Helper()
	tpl := Template(t)
	values := tpl.Names(Deployment)
	for name, value := range map[string]string{
		"MailFrom": "Bluebird Rewards <hello@bluebird.test>", "SmsSender": "Bluebird", "PushBus": "perennial-push",
		"WebhookUrl": "https://shop.test/reminders",
	} {
		values[name] = value
	}
	g, err := access.New(tpl, values)
	if err != nil {
		t.Fatal(err)
	}
	g.Denied = func(err error) { t.Errorf("the policies of template.yaml deny a call: %v", err) }
	return g
}
