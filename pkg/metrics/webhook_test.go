// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strings"
	"testing"
	"time"
)

func TestWebhookFamilies(t *testing.T) {
	m := New(LabelValues{})
	if strings.Contains(scrape(t, m.Handler()), "hourglass_webhook") {
		t.Error("webhook families without webhooks")
	}
	var begins, ends time.Time
	w := m.Webhook([]string{"validate"}, []string{"allowed", "denied"}, func() (time.Time, time.Time) { return begins, ends })
	w.Served("validate", "denied", 0.002)
	body := scrape(t, m.Handler())
	begins, ends = time.Unix(1600000000, 0), time.Unix(1700000000, 0)
	body += scrape(t, m.Handler())
	for _, want := range []string{
		`hourglass_webhook_requests_total{operation="validate",result="allowed"} 0`,
		`hourglass_webhook_requests_total{operation="validate",result="denied"} 1`,
		`hourglass_webhook_request_duration_seconds_count{operation="validate"} 1`,
		"hourglass_webhook_certificate_not_before_timestamp_seconds 0",
		"hourglass_webhook_certificate_not_before_timestamp_seconds 1.6e+09",
		"hourglass_webhook_certificate_expiry_timestamp_seconds 0",
		"hourglass_webhook_certificate_expiry_timestamp_seconds 1.7e+09",
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("/metrics lacks %q", want)
		}
	}
}
