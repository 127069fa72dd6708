# Tillside: build, try and test. Everything that runs lives in .demo/.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Where the demo answers; without PORT= it is 8080, or where it was made.
PORT ?=
# 6.8 or 7: the WordPress of a new demo.
WORDPRESS ?= 6.8
export WORDPRESS

.PHONY: help
help: ## what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## bin/tillside and bin/sandbox
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/tillside ./cmd/sandbox

.PHONY: demo
demo: ## a whole shop on a real WordPress, on 127.0.0.1:8080 (PORT= changes it, WORDPRESS=7 the WordPress)
	@dev/demo up .demo $(PORT)

.PHONY: demo-down
demo-down: ## end what make demo started
	@dev/demo down .demo

.PHONY: test
test: lint test-go test-contract test-php test-js test-e2e ## every test, on real parts

.PHONY: lint
lint: ## formatting and vet
	@dev/lint

.PHONY: test-go
test-go: ## Go tests with the race detector on a private MariaDB
	@dev/test-go

.PHONY: test-contract
test-contract: ## every call to Stripe against Stripe's own description
	@cd dev/contracttest && go test -count=1 ./...

.PHONY: test-long
test-long: ## processes killed at every failpoint and at random, a cluster, long fuzzing; by hand, before a release
	@dev/test-go -tags failpoint -run Kill -count=1 -timeout 30m -v ./server/
	@dev/test-galera
	@dev/test-galera -tags failpoint -run CouponKill -count=1 -timeout 30m -v ./server/
	@go test -run '^$$' -fuzz FuzzNormalize -fuzztime 60s ./server/coupon
	@go test -run '^$$' -fuzz FuzzFindSite_DoesNotPanic -fuzztime 60s ./wpbridge
	@go test -run '^$$' -fuzz FuzzCheckEmail -fuzztime 60s ./server/contact

.PHONY: test-php
test-php: ## PHPUnit on a real WordPress, and the PHP 7.4 syntax gate
	@dev/test-php

.PHONY: test-js
test-js: node_modules ## JavaScript without a browser
	@dev/test-js

.PHONY: test-e2e
test-e2e: node_modules ## a browser buys on a real site of its own (port 8480)
	@dev/test-e2e

node_modules: package-lock.json
	npm ci --no-audit --no-fund
	@touch node_modules

.PHONY: bench
bench: ## Tillside beside floors measured in the same run, on a site of its own (port 8580)
	@dev/bench/run

.PHONY: bench-large
bench-large: ## the same with 10,000,000 codes and the magic links over ten minutes; by hand
	@dev/bench/run -codes 10000000 -launch 10m
