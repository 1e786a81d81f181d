# Waylight. `make test` is all there is to know; the rest is convenience.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

GO      ?= go
TIMEOUT ?= 20m
FUZZ    ?= 20s
STORED  ?= 0
KILLS   ?= 1000
IMAGES  ?= 10000
CUBES   ?= 10000
ENGINE  ?= podman

# How many alterations make tamper tries on SQLite (a tenth of that on PostgreSQL), and which: the same seed alters the same.
ALTERATIONS ?= 10000
SEED        ?= 1

# Releases hold Go's FIPS 140-3 module in this version, in process.
FIPS := v1.26.0

# What is shipped stays under 45 MB: HTTP/2 is left out (the server speaks HTTP/1.1, to the public or to the proxy before it), functions stand closer together,
# and in what compiles the rules of packs calls stay calls.
LEAN := nethttpomithttp2
CALLS := -gcflags='cel.dev/...=-l' -gcflags='github.com/antlr4-go/...=-l' -gcflags='google.golang.org/protobuf/...=-l'
MOST := 45000000

# What the tests need beside Go: a browser, and PostgreSQL's own programs.
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable
POSTGRES  = command -v postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres'

.NOTPARALLEL:
.PHONY: build test tools format vet unit cluster failover clustertools container containertools signon stores exposition attack disclosure fips packs demo bench bench-postgres bench-conflicts bench-figures comparison bench-posters fonts pictures overload hunt tamper fuzz crash release reproduce hardening clean help

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: ## bin/waylight, one static binary
	CGO_ENABLED=0 GOFIPS140=$(FIPS) $(GO) build -trimpath -tags $(LEAN) $(CALLS) -ldflags '-s -w -funcalign=16' -o bin/waylight ./cmd/waylight
	@size=$$(wc -c < bin/waylight); [ $$size -lt $(MOST) ] || { echo "bin/waylight has $$size bytes; it must stay under $(MOST)" >&2; exit 1; }

test: tools format vet unit signon stores exposition attack fips packs ## everything that must pass before a commit
	@echo 'All tests passed.'

# Installs what is missing where it may, or says what to run.
tools:
	@missing=(); \
	for b in $(BROWSERS); do if command -v $$b >/dev/null; then browser=$$b; break; fi; done; \
	[ -n "$${browser:-}" ] || missing+=(chromium); \
	{ $(POSTGRES); } >/dev/null 2>&1 || missing+=(postgresql); \
	command -v pdftoppm >/dev/null || missing+=(poppler-utils); \
	command -v zbarimg >/dev/null || missing+=(zbar-tools); \
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
	$(GO) test -timeout $(TIMEOUT) $$($(GO) list ./... | grep -vE '/test/(failover|container)$$')

cluster: clustertools ## two Waylight on three PostgreSQL that fail over: four faults
	$(GO) test -timeout $(TIMEOUT) -count=1 ./test/failover

failover: clustertools ## twenty faults of a database cluster under load; as root, of its network too
	$(GO) test -timeout 60m -count=1 -v ./test/failover -faults 20

clustertools:
	@missing=(); \
	command -v etcd >/dev/null || missing+=(etcd-server); \
	{ command -v patroni || [ -x /usr/bin/patroni ]; } >/dev/null || missing+=(patroni); \
	{ command -v haproxy || [ -x /usr/sbin/haproxy ]; } >/dev/null || missing+=(haproxy); \
	{ $(POSTGRES); } >/dev/null 2>&1 || missing+=(postgresql); \
	if [ $${#missing[@]} -eq 0 ]; then exit 0; fi; \
	if [ "$$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then \
	  echo "The cluster's tests need $${missing[*]}. On Debian:" >&2; \
	  echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $${missing[*]}" >&2; exit 1; \
	fi; \
	echo "Installing $${missing[*]}"; \
	apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$${missing[@]}"

# Sign-in by an agency's own service, against a real one. Its libraries stay in a module of their own, away from the program.
signon:
	cd test/oidc && $(GO) vet ./... && $(GO) test -timeout $(TIMEOUT) ./...

# The page of metrics, read by Prometheus' own parser. In a module of its own for the same reason.
exposition:
	cd test/prometheus && $(GO) vet ./... && $(GO) test -timeout $(TIMEOUT) ./...

# The second copy in an S3-compatible store, against a server of that protocol. Its libraries stay in a module of their own too.
stores:
	cd test/s3 && $(GO) vet ./... && $(GO) test -timeout $(TIMEOUT) ./...

# The audit of published tables, against linear programming by another library. In a module of its own too.
attack:
	cd test/disclosure && $(GO) vet ./... && $(GO) test -timeout $(TIMEOUT) ./...

disclosure: ## ten thousand random cubes through the attacker's test, by two other ways of finding bounds
	$(GO) test -count=1 -timeout 2h ./internal/platform/disclosure -cubes $(CUBES) -seed $(SEED)
	cd test/disclosure && $(GO) test -count=1 -v -timeout 2h ./... -cubes $(CUBES) -seed $(SEED)

# Sealing again, with every algorithm outside the FIPS module refused.
fips:
	GOFIPS140=$(FIPS) GODEBUG=fips140=only $(GO) test -timeout $(TIMEOUT) -count=1 ./internal/platform/seal/...

# The packs, and what they may never do, over every envelope, with the program as it is shipped.
packs: build
	./bin/waylight check programs/ms

demo: ## invented offices and reports on this machine
	$(GO) run ./cmd/waylight demo

bench: build ## how many reports a second, and how many the disk would allow
	./bin/waylight bench intake --sealed --seconds 20 --stored $(STORED)

bench-postgres: build ## the same on a PostgreSQL server that is thrown away
	$(GO) run ./test/postgres ./bin/waylight bench intake --sealed --seconds 20 --stored $(STORED) --database {url}

bench-conflicts: build ## how fast a plan is told of others among 350,000
	./bin/waylight bench conflicts --events 350000

bench-figures: build ## every figure of a million results, and an import of 100,000
	./bin/waylight bench figures --rows 1000000

# The same sheet with two other libraries. In a module of its own too.
comparison:
	cd test/posters && $(GO) vet ./... && $(GO) test -timeout $(TIMEOUT) ./...

bench-posters: build ## letter posters a second, a network of 2,124, and two other libraries on the same sheet
	./bin/waylight bench posters
	cd test/posters && $(GO) test -run '^$$' -bench . -benchtime 20x ./...

fonts: ## cuts the posters' fonts out of Debian's, after letters were added
	internal/platform/typeset/font/subset.sh

pictures: build ## docs/pictures of the posters, one for each language
	./docs/pictures/posters.sh ./bin/waylight

overload: ## ten times the senders it can answer, for two minutes, and for half a minute on PostgreSQL
	$(GO) test -count=1 -v -timeout 60m ./test/overload -seconds 120
	$(GO) test -count=1 -v -timeout 60m ./test/overload -seconds 30 -postgres

hunt: ## 10,000 reports on each engine, then every byte on every disk is searched for their words
	$(GO) test -count=1 -v -timeout 120m ./test/hunt -reports 10000

tamper: ## ten thousand alterations of a database, each to be found by verify (about a quarter of an hour)
	$(GO) test -count=1 -timeout 2h -v -run 'TestTamper$$' ./test/tamper -alterations $(ALTERATIONS) -seed $(SEED)

fuzz: ## every fuzz target for FUZZ (20s) each
	@grep -rlE '^func Fuzz' --include='*_test.go' --exclude-dir=testdata . | sort | while read -r file; do \
	  for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' "$$file"); do \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ) "$$(dirname "$$file")"; \
	  done; \
	done

crash: ## kill the program KILLS (1000) times under load, and look into IMAGES (10000) states after power loss
	$(GO) test -count=1 -v -timeout 6h ./test/crash -kills $(KILLS) -images $(IMAGES)

# A release is named after its commit, unless VERSION says otherwise. Nothing else of the machine, the day or the folder is in it.
ARCHES            ?= amd64 arm64
COMMIT            ?= $(shell git rev-parse HEAD 2>/dev/null)
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
VERSION           ?= $(shell v=$$(git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null) && echo "$${v\#v}" || echo "0.0.0+$$(date -u -d @$(SOURCE_DATE_EPOCH) +%Y%m%d).$$(printf %.12s '$(COMMIT)')")

release: ## dist/: binaries, Debian packages, bills of materials, checksums
	@rm -rf dist && mkdir dist
	@for arch in $(ARCHES); do \
	  CGO_ENABLED=0 GOOS=linux GOARCH=$$arch GOAMD64=v1 GOARM64=v8.0 GOFLAGS= GOFIPS140=$(FIPS) $(GO) build -trimpath -tags $(LEAN) $(CALLS) -buildvcs=false \
	    -ldflags '-s -w -funcalign=16 -buildid= -X main.version=$(VERSION) -X main.commit=$(COMMIT)' -o dist/waylight-linux-$$arch ./cmd/waylight; \
	  $(GO) run ./packaging/deb --binary dist/waylight-linux-$$arch --arch $$arch --version '$(VERSION)' --epoch $(SOURCE_DATE_EPOCH) --out dist/waylight_$${arch}.deb; \
	done
	@for arch in $(ARCHES); do dist/waylight-linux-$$($(GO) env GOHOSTARCH) version --sbom --as '$(VERSION)' dist/waylight-linux-$$arch > dist/waylight-linux-$$arch.cdx.json; done
	@cd dist && sha256sum * > SHA256SUMS && cat SHA256SUMS

reproduce: ## builds a release twice, in two folders and with nothing kept in between, and compares
	@where=$$(mktemp -d); trap 'rm -rf "$$where"' EXIT; \
	for name in one another/and/longer/folder; do mkdir -p "$$where/$$name" && git ls-files -z | xargs -0 cp --parents -t "$$where/$$name"; done; \
	for name in one another/and/longer/folder; do \
	  GOCACHE="$$where/cache" $(MAKE) -s -C "$$where/$$name" release VERSION='$(VERSION)' COMMIT='$(COMMIT)' SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) >/dev/null; \
	  rm -rf "$$where/cache"; \
	done; \
	diff "$$where/one/dist/SHA256SUMS" "$$where/another/and/longer/folder/dist/SHA256SUMS"; \
	cat "$$where/one/dist/SHA256SUMS"; echo 'Both builds are the same, byte for byte.'

# What systemd itself says of the units. The tools come with its package and need no running systemd.
hardening: ## the units, held by systemd's own tools
	@command -v systemd-analyze >/dev/null || { echo 'hardening needs systemd-analyze: apt-get install -y --no-install-recommends systemd' >&2; exit 1; }
	@where=$$(mktemp -d); trap 'rm -rf "$$where"' EXIT; \
	sed 's|/usr/bin/waylight|/bin/true|' packaging/waylight.service > "$$where/waylight.service"; cp packaging/waylight.socket "$$where"; \
	SYSTEMD_UNIT_PATH="$$where:" systemd-analyze verify --man=no "$$where/waylight.service" "$$where/waylight.socket"
	@systemd-analyze security --offline=true --threshold=15 --no-pager packaging/waylight.service | tail -1

# Where cgroups of both kinds are mounted, crun refuses: ENGINE='podman --runtime runc'.
container: ARCHES := $(shell $(GO) env GOHOSTARCH)
container: containertools release ## the container's image of this machine's kind, built from a release and run as docs/operations.md says
	$(GO) test -timeout $(TIMEOUT) -count=1 -v ./test/container -engine '$(ENGINE)'

containertools:
	@command -v $(firstword $(ENGINE)) >/dev/null || { \
	  echo 'container needs $(firstword $(ENGINE)). On Debian:' >&2; \
	  echo '  sudo apt-get update && sudo apt-get install -y --no-install-recommends podman runc netavark iptables' >&2; exit 1; }

clean: ## remove what make built
	rm -rf bin dist
