// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Client queries a Prometheus server.
type Client struct {
	// URL is its address, such as http://127.0.0.1:9090.
	URL string
}

// Sample is one value that Prometheus has stored.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// Series is one value over time.
type Series struct {
	Labels map[string]string
	Points []Point
}

// Point is a value at a time.
type Point struct {
	Time  time.Time
	Value float64
}

// Query returns what Prometheus answers to an instant query.
func (c *Client) Query(ctx context.Context, query string) ([]Sample, error) {
	var result []struct {
		Metric map[string]string
		Value  point
	}
	if err := c.Get(ctx, "query?"+url.Values{"query": {query}}.Encode(), &struct{ Result any }{&result}); err != nil {
		return nil, err
	}
	var samples []Sample
	for _, r := range result {
		samples = append(samples, Sample{r.Metric, r.Value.Value})
	}
	return samples, nil
}

// Range returns what Prometheus answers to a query for each step from a start to an end.
func (c *Client) Range(ctx context.Context, query string, start, end time.Time, step time.Duration) ([]Series, error) {
	seconds := func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
	values := url.Values{"query": {query}, "start": {seconds(start)}, "end": {seconds(end)}, "step": {step.String()}}
	var result []struct {
		Metric map[string]string
		Values []point
	}
	if err := c.Get(ctx, "query_range?"+values.Encode(), &struct{ Result any }{&result}); err != nil {
		return nil, err
	}
	var series []Series
	for _, r := range result {
		s := Series{Labels: r.Metric}
		for _, p := range r.Values {
			s.Points = append(s.Points, Point(p))
		}
		series = append(series, s)
	}
	return series, nil
}

// point is a Point as Prometheus writes it: a list of seconds and of the value in quotes.
type point Point

// UnmarshalJSON implements json.Unmarshaler.
func (p *point) UnmarshalJSON(data []byte) error {
	var seconds float64
	var value string
	if err := json.Unmarshal(data, &[]any{&seconds, &value}); err != nil {
		return err
	}
	p.Time = time.UnixMilli(int64(seconds * 1000))
	var err error
	p.Value, err = strconv.ParseFloat(value, 64)
	return err
}

// Get sends a GET to the API of Prometheus and decodes the data of its answer.
func (c *Client) Get(ctx context.Context, path string, data any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/api/v1/"+path, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("the Prometheus server answers %s to %s: %w", response.Status, path, err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("the Prometheus server answers %s to %s: %s", response.Status, path, answer.Error)
	}
	return nil
}
