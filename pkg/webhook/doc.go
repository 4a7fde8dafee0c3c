// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package webhook is the admission server: it rejects an invalid Performer when it is created or
// changed, rather than leaving that to a condition of its status.
//
// Package performer defines what is invalid, for the controller too, so a Performer that was
// admitted while the webhooks were off or unavailable is judged by the same rules. The operator is
// correct without this package.
//
// The requests of the API server:
//
//   - handler.go serves HTTP, and limits what a caller can use up.
//   - review.go decodes an AdmissionReview and builds the response.
//   - validate.go rejects invalid Performers and warns.
//   - mutate.go adds labels and the finalizer to new Performers.
//
// The certificate of the server:
//
//   - certificates.go is the certificate manager with its loop.
//   - watch.go sets up the informers that wake it.
//   - ca.go is a CA, and signs serving certificates.
//   - secret.go stores the CA in a Secret.
//   - rotation.go decides when to renew the serving certificate, and when to use a new CA.
//   - inject.go injects the CA into the webhook configurations.
//   - bundle.go reads and builds their CA bundles.
//   - contention.go delays writes that somebody else keeps undoing.
package webhook
