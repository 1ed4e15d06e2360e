# `make run` and `make test` do everything; `make help` lists the rest. Only Go is needed, but for DynamoDB Local
# (make test, test-long, bench, mutate: Java and npm), the SAM translator (make test, lint: Python), moto, ministack
# and the SAM CLI (make test-aws: Python) and cfn-lint (make lint: Python), which infra/ fetches at pinned versions,
# PostgreSQL (make race: Linux) and PHP (make test), which infra/postgresql and infra/php download as Debian packages.
SHELL := bash
MAKEFLAGS += --no-print-directory
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

FUNCTIONS := members earn redeem programs reminders webhooks reassess remind relay
DYNAMODB := infra/dynamodb-local run -- env PERENNIAL_REQUIRE_DYNAMODB=1 PERENNIAL_REQUIRE_SAM=1 PERENNIAL_REQUIRE_PHP=1

.PHONY: help
help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## start everything on this machine, with a demo program and 200 members (ARGS='--addr 127.0.0.1:9000 …')
	@go run ./functions/perennial dev $(ARGS)

.PHONY: test
test: ## run every test but those of test-aws, also those against DynamoDB Local (about 3 minutes on two cores)
	$(DYNAMODB) go test ./...

.PHONY: test-aws
test-aws: ## deploy the stack to an emulator of AWS and drive it end to end (Python; about 2 minutes)
	infra/moto run -- env PERENNIAL_REQUIRE_MOTO=1 go test -count=1 -p 1 ./internal/boot/senders ./internal/boot/failurequeues
	infra/build --arch host build/host $(FUNCTIONS)
	infra/ministack run -- env PERENNIAL_REQUIRE_MINISTACK=1 go test -count=1 -timeout 20m ./infra/e2e

.PHONY: test-long
test-long: ## the same with a year of 10,000 members, all 113,400 orderings of 5 adapters, 20,000 lives, a million delivered histories, 500 days hour by hour, a member with 20,000 orders, 5,000 torn copies (about 55 minutes)
	$(DYNAMODB) env PERENNIAL_LONG=1 go test -timeout 180m ./...

.PHONY: test-race
test-race: ## the same under the race detector, and 200 linearizable histories on goroutines (about 15 minutes)
	go test -race -timeout 90m ./...
	PERENNIAL_LONG=1 go test -race -timeout 90m -run 'IsLinearizable/at_once' ./internal/service

.PHONY: test-million
test-million: ## a million members, of whom 10,000 are due, and all; killed and resumed (about 3 minutes, 4 GB)
	PERENNIAL_MILLION=1 go test -v -timeout 60m -run 'TestRunCosts|TestKilledRun' ./internal/jobs

.PHONY: lint
lint: ## formatting, vet, staticcheck, complexity, line length, the template, go.mod, generated files
	infra/lint

.PHONY: build
build: ## the nine Lambda binaries, reproducible, in build/<function>/bootstrap
	infra/build build $(FUNCTIONS)

.PHONY: deploy
deploy: build ## create or update the stack on AWS with samconfig.toml (ENV=prod for the real one)
	infra/sam deploy --config-env $(or $(ENV),default)

.PHONY: build-twice
build-twice: build ## build again elsewhere, without the build cache, and compare the digests
	infra/build --compare build $(FUNCTIONS)

.PHONY: bench
bench: ## benchmarks: decisions, tables, the API, cold start, binary sizes, memory
	$(DYNAMODB) go test -run '^$$' -bench . -benchmem ./...

.PHONY: race
race: ## compare with a hand-written PostgreSQL service, write the README's table (12 minutes; ROUNDS=1 SECONDS=1: 2 minutes, only print)
	@go build -o build/race/ ./infra/race ./functions/perennial
	@build/race/race -rounds $(or $(ROUNDS),7) -seconds $(or $(SECONDS),2) $(if $(ROUNDS)$(SECONDS),,-readme README.md) $(ARGS)

.PHONY: mutate
mutate: ## break the table's adapters and a sample of the rules on purpose, and require that the tests notice (an hour at most)
	$(DYNAMODB) go run ./infra/mutate

.PHONY: generate
generate: ## write the generated files from their sources
	go generate ./...
