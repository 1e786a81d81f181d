# Waylight. `make test` is all there is to know; the rest is convenience.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

GO      ?= go
TIMEOUT ?= 10m
FUZZ    ?= 20s

# Releases hold Go's FIPS 140-3 module in this version, in process.
FIPS := v1.26.0

# What the tests need beside Go: a browser, and PostgreSQL's own programs.
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable
POSTGRES  = command -v postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres'

.NOTPARALLEL:
.PHONY: build test tools format vet unit signon stores fips packs demo bench fuzz clean help

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## bin/waylight, one static binary
	CGO_ENABLED=0 GOFIPS140=$(FIPS) $(GO) build -trimpath -ldflags '-s -w' -o bin/waylight ./cmd/waylight

test: tools format vet unit signon stores fips packs ## everything that must pass before a commit
	@echo 'All tests passed.'

# Installs what is missing where it may, or says what to run.
tools:
	@missing=(); \
	for b in $(BROWSERS); do if command -v $$b >/dev/null; then browser=$$b; break; fi; done; \
	[ -n "$${browser:-}" ] || missing+=(chromium); \
	{ $(POSTGRES); } >/dev/null 2>&1 || missing+=(postgresql); \
	if [ $${#missing[@]} -eq 0 ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then \
	  echo "The tests need $${missing[*]}. Install them with this system's package manager, then run: make test" >&2; exit 1; \
	fi; \
	if [ "$$(id -u)" -ne 0 ]; then \
	  echo "The tests need $${missing[*]}. Run this, then make test again:" >&2; \
	  echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $${missing[*]}" >&2; exit 1; \
	fi; \
	echo "Installing $${missing[*]}"; \
	apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$${missing[@]}"

format:
	@unformatted=$$(find . -name '*.go' -not -path '*/node_modules/*' -print0 | xargs -0 gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:" >&2; echo "$$unformatted" >&2; exit 1; fi

vet:
	$(GO) vet ./...

unit:
	$(GO) test -timeout $(TIMEOUT) ./...

# Sign-in by an agency's own service, against a real one. Its libraries stay in a module of their own, away from the program.
signon:
	cd test/oidc && $(GO) vet ./... && $(GO) test -timeout $(TIMEOUT) ./...

# The second copy in an S3-compatible store, against a server of that protocol. Its libraries stay in a module of their own too.
stores:
	cd test/s3 && $(GO) vet ./... && $(GO) test -timeout $(TIMEOUT) ./...

# Sealing again, with every algorithm outside the FIPS module refused.
fips:
	GOFIPS140=$(FIPS) GODEBUG=fips140=only $(GO) test -timeout $(TIMEOUT) -count=1 ./internal/platform/seal/...

# The packs, and what they may never do, over every envelope.
packs:
	$(GO) run ./cmd/waylight check programs/ms

demo: ## invented offices and reports on this machine
	$(GO) run ./cmd/waylight demo

bench: build ## how many reports a second, and how many the disk would allow
	./bin/waylight bench intake --senders 64 --seconds 20

fuzz: ## every fuzz target for FUZZ (20s) each
	@grep -rlE '^func Fuzz' --include='*_test.go' --exclude-dir=testdata . | sort | while read -r file; do \
	  for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' "$$file"); do \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ) "$$(dirname "$$file")"; \
	  done; \
	done

clean: ## remove what make built
	rm -rf bin
