# `make help` lists the targets. They need no setup: tools and the parts of a cluster
# are built from source at pinned versions when they are first needed.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

# The operator's image.
IMG ?= hourglass-operator:dev
# The tool for images: docker, podman, buildah, or hack/buildah.sh on a machine without an engine.
CONTAINER_TOOL ?= docker
# The platforms of docker-buildx.
PLATFORMS ?= linux/amd64,linux/arm64,linux/s390x,linux/ppc64le
# More arguments of docker-buildx, such as --sbom=true.
BUILDX_ARGS ?=
# The kubectl that install, uninstall, deploy and undeploy use, with the current KUBECONFIG.
KUBECTL ?= kubectl
# The version of the packaged chart (that of its Chart.yaml if empty).
CHART_VERSION ?=
# The folder of packaged charts, and for its index the URL that will serve them.
CHART_RELEASES ?= chart_releases
CHART_URL ?=
# Arguments of the manager in `make run`.
ARGS ?=
# true: uninstall and undeploy succeed if there is nothing to remove.
ignore-not-found ?= false

CHART := deploy/charts/hourglass-operator
BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false
not_found_flag := $(if $(filter true,$(ignore-not-found)),--ignore-not-found)

##@ Start here

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN { FS = ":.*## "; print "make TARGET [NAME=VALUE ...]" } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z0-9-]*:.*## / { printf "  %-16s %s\n", $$1, $$2 } \
		/^# / { about = about substr($$0, 3) " "; next } \
		/^[a-zA-Z_-]+ \?= ?/ { split($$0, set, / \?= ?/); vars = vars sprintf("  %-16s %s[%s]\n", set[1], about, set[2]) } \
		{ about = "" } \
		END { printf "\nVariables, with their defaults\n%s", vars }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Start a local cluster with the operator and a Performer that answers gRPC.
	hack/demo.sh

.PHONY: demo-down
demo-down: ## Stop that cluster and delete its files.
	hack/demo-down.sh

.PHONY: all
all: generate manifests fmt vet test build ## Generate, format, vet, test and build.

##@ Develop

.PHONY: generate
generate: ## Generate the code for the API types (run it after changing them).
	hack/update-codegen.sh

.PHONY: manifests
manifests: ## Generate the CRD, role, deploy/, chart and docs/api.md (run it after changing types, markers or manifests).
	hack/update-crd.sh
	hack/update-rbac.sh
	hack/update-deploy.sh
	hack/update-policies.sh
	hack/update-monitoring.sh
	hack/update-chart.sh
	hack/update-api-docs.sh

.PHONY: crd-baseline
crd-baseline: ## Store the CRD of the release VERSION, to check that later CRDs are compatible with it.
	VERSION="$(VERSION)" FORCE="$(FORCE)" hack/crd-baseline.sh

.PHONY: fmt
fmt: ## Format the Go code.
	hack/update-gofmt.sh

.PHONY: vet
vet: ## Run go vet.
	hack/verify-vet.sh

.PHONY: lint
lint: ## Run golangci-lint.
	hack/lint.sh

.PHONY: lint-fix
lint-fix: ## Run golangci-lint and fix what it can.
	hack/lint.sh --fix

.PHONY: verify
verify: ## Run all checks that need no cluster: generated files, vendor/, formatting, imports, vet, lint.
	hack/verify.sh

.PHONY: vulncheck
vulncheck: ## Look for known vulnerabilities in code that the manager calls (needs the Go vulnerability database).
	hack/vulncheck.sh

.PHONY: licenses
licenses: ## List the licenses of the vendored modules, and fail if one must not be shipped.
	hack/verify-licenses.sh

##@ Test

.PHONY: test
test: ## Run unit tests, and integration tests with a real API server; writes cover.out.
	hack/test.sh

.PHONY: test-e2e
test-e2e: ## Run the end-to-end tests on a local cluster with a real node (root on Linux).
	hack/test-e2e.sh

.PHONY: test-docs
test-docs: ## Run the commands of all pages, of which test-e2e runs some.
	hack/test-e2e.sh docs

.PHONY: test-install
test-install: ## Run all ways to install, upgrade and uninstall the operator, of which test-e2e runs some.
	hack/test-e2e.sh install

.PHONY: test-disruption
test-disruption: ## Run the end-to-end tests in which a node fails, on a local cluster with two real nodes.
	hack/test-e2e.sh disruption

.PHONY: fuzz
fuzz: ## Fuzz the admission webhooks for FUZZTIME (60s) each.
	hack/fuzz.sh

.PHONY: test-compat
test-compat: ## Run the integration tests with the newest API server and an older one.
	hack/test-compat.sh

.PHONY: test-all
test-all: lint test test-e2e test-docs test-install test-disruption ## Lint and run all tests.

##@ Build

.PHONY: build
build: ## Build bin/manager.
	$(BUILD) -ldflags "$$(hack/version.sh ldflags)" -o bin/manager ./cmd/manager

.PHONY: build-platforms
build-platforms: ## Build bin/manager-OS-ARCHITECTURE for each of PLATFORMS.
	for platform in $$(tr , ' ' <<<"$(PLATFORMS)"); do \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} $(BUILD) -ldflags "$$(hack/version.sh ldflags)" \
			-o "bin/manager-$${platform/\//-}" ./cmd/manager; \
	done

.PHONY: run
run: build ## Run the operator on this machine, for the cluster of the current kubeconfig.
	bin/manager $(ARGS)

.PHONY: docker-build
docker-build: ## Build the image IMG.
	$(CONTAINER_TOOL) build $$(hack/version.sh | sed 's/^/--build-arg /') --tag $(IMG) .

.PHONY: docker-push
docker-push: ## Push the image IMG.
	$(CONTAINER_TOOL) push $(IMG)

.PHONY: docker-buildx
docker-buildx: ## Build the image IMG for PLATFORMS and push it (docker with buildx).
	$(CONTAINER_TOOL) buildx inspect hourglass-operator-builder >/dev/null 2>&1 \
		|| $(CONTAINER_TOOL) buildx create --name hourglass-operator-builder
	$(CONTAINER_TOOL) buildx build --builder hourglass-operator-builder --platform $(PLATFORMS) \
		$$(hack/version.sh | sed 's/^/--build-arg /') $(BUILDX_ARGS) --tag $(IMG) --push .

.PHONY: build-installer
build-installer: ## Write dist/install.yaml, which installs the operator with the image IMG.
	mkdir -p dist
	hack/render.sh $(IMG) > dist/install.yaml.new
	mv dist/install.yaml.new dist/install.yaml
	@echo "dist/install.yaml installs $(IMG): kubectl apply -f dist/install.yaml"

.PHONY: helm-lint
helm-lint: ## Lint the Helm chart, with Helm 3 and Helm 4.
	for helm in $$(hack/tools/build.sh helm3 helm4); do $$helm lint --strict $(CHART); done

.PHONY: helm-package
helm-package: ## Package the Helm chart into chart_releases/, with the image IMG as default.
	IMG=$(IMG) CHART_VERSION=$(CHART_VERSION) hack/package-chart.sh $(CHART_RELEASES)

.PHONY: helm-index
helm-index: ## Write chart_releases/index.yaml, which makes the folder a chart repository; existing entries stay.
	$$(hack/tools/build.sh helm4) repo index $(CHART_RELEASES) $(if $(CHART_URL),--url $(CHART_URL)) \
		$(if $(wildcard $(CHART_RELEASES)/index.yaml),--merge $(CHART_RELEASES)/index.yaml)

.PHONY: release
release: ## Build the files of a release for PLATFORMS with the image IMG, in dist/.
	IMG=$(IMG) PLATFORMS=$(PLATFORMS) hack/release.sh

.PHONY: clean
clean: ## Delete everything that was built, except caches.
	rm -rf bin dist cover.out $(CHART_RELEASES)

##@ Install, in the cluster of the current kubeconfig

.PHONY: install
install: ## Install the CRD.
	$(KUBECTL) apply -f manifests/crd/bases

.PHONY: uninstall
uninstall: ## Delete all Performers, then the CRD.
	KUBECTL=$(KUBECTL) hack/undeploy.sh crd $(not_found_flag)

.PHONY: deploy
deploy: ## Install the operator with the image IMG, and the CRD.
	hack/render.sh $(IMG) | $(KUBECTL) apply -f -

.PHONY: undeploy
undeploy: ## Delete all Performers, then the operator, its namespace and the CRD.
	KUBECTL=$(KUBECTL) hack/undeploy.sh all $(not_found_flag)

##@ Tools, built from source

.PHONY: controller-gen
controller-gen: ## Build bin/tools/controller-gen.
	hack/tools/build.sh controller-gen

.PHONY: kustomize
kustomize: ## Build bin/tools/kustomize.
	hack/tools/build.sh kustomize

.PHONY: golangci-lint
golangci-lint: ## Build bin/tools/golangci-lint.
	hack/tools/build.sh golangci-lint

.PHONY: helm
helm: ## Build bin/tools/helm3 and bin/tools/helm4.
	hack/tools/build.sh helm3 helm4

.PHONY: envtest
envtest: ## Build kube-apiserver and etcd, unless KUBEBUILDER_ASSETS has them.
	hack/envtest.sh

.PHONY: localcluster
localcluster: ## Build bin/localcluster, which runs a cluster on this machine.
	go build -C hack/localcluster -trimpath -o ../../bin/localcluster .
