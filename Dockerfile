# The operator's image: one static binary. It is built from vendor/, so the build needs
# no network.
#
#   make docker-build IMG=myregistry/hourglass-operator:v1.0.0

ARG GO_VERSION=1.26

# Runs on the builder's platform and compiles for the target platform.
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS build
WORKDIR /src
COPY go.mod go.sum ./
COPY vendor/ vendor/
COPY hack/version.sh hack/
COPY cmd/ cmd/
COPY pkg/ pkg/
ARG TARGETOS=linux
ARG TARGETARCH
ARG VERSION=v0.0.0
ARG COMMIT=unknown
ARG COMMIT_DATE=1970-01-01T00:00:00Z
ARG TREE_STATE=unknown
RUN --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} GOFLAGS=-mod=vendor GOTOOLCHAIN=local \
    go build -trimpath -ldflags "-s -w $(hack/version.sh ldflags)" -o /manager ./cmd/manager

FROM gcr.io/distroless/static:nonroot
ARG VERSION=v0.0.0
ARG COMMIT=unknown
ARG COMMIT_DATE=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="hourglass-operator" \
      org.opencontainers.image.description="Kubernetes operator that runs AVS performers" \
      org.opencontainers.image.source="https://github.com/Layr-Labs/hourglass-operator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}" \
      org.opencontainers.image.created="${COMMIT_DATE}"
COPY --from=build /manager /manager
USER 65532:65532
ENTRYPOINT ["/manager"]
