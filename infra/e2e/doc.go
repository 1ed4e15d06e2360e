// Package e2e tests the deployed stack from end to end, without an AWS account.
//
// Its test runs with infra/ministack, which `make test-aws` starts. It deploys template.yaml with every condition
// enabled, publishes a program and creates a key with the command line, and sends requests to the API as a
// storefront and payment processors do. It runs schedules, makes work fail, changes a parameter of the stack and
// redrives failed messages. IAM is enforced, so every function has only the permissions of its role.
//
// PayPal is not covered, because only PayPal can sign its webhooks. infra/ministack.py lists the limits of the
// emulator.
package e2e
