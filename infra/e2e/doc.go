// Package e2e tests the deployed stack from end to end, without an AWS account.
//
// Its test runs with infra/ministack, an emulator of AWS that `make test-aws` starts. The test deploys template.yaml
// with every condition enabled, and publishes a program and creates a key with the command line. It then sends requests
// to the API, as a storefront and payment processors do. It runs schedules, makes work fail, changes a parameter of the
// stack and redrives failed messages. The emulator enforces IAM policies, so every function has only the permissions of
// its role.
//
// PayPal is not tested, because only PayPal can sign its webhooks. infra/ministack.py lists the limits of the emulator.
package e2e
