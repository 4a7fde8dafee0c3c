// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"html"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/Layr-Labs/hourglass-operator/test/harness/prometheus"
)

// Sizes of the picture, in pixels. Grafana's grid has 24 columns, too.
const (
	column, line = 50, 32
	gap          = 4
	headHeight   = 44
	fontSize     = 11
)

// palette are the colours of series, one after the other.
var palette = []string{"#3b78c4", "#e0862c", "#4a9e4a", "#c94141", "#8a62b8", "#7d5a4a", "#d177b5", "#6d6d6d", "#a9a634", "#2fa6b5"}

// colours are Grafana's names as they are drawn here.
var colours = map[string]string{"green": "#3c8f3c", "red": "#c43535", "orange": "#d9822b", "blue": "#3b78c4", "text": "#24292e"}

// canvas is an SVG that is being drawn.
type canvas struct{ bytes.Buffer }

func (c *canvas) text(x, y float64, size int, attributes, text string) {
	fmt.Fprintf(c, `<text x="%.1f" y="%.1f" font-size="%d" %s>%s</text>`+"\n", x, y, size, attributes, html.EscapeString(text))
}

// Draw draws a dashboard as an SVG: what its queries give from start to end, panel by panel, where Grafana puts them. It
// knows those kinds of panels that the dashboard of this repository has.
func (d *Dashboard) Draw(ctx context.Context, client *prometheus.Client, start, end time.Time, rateInterval string) (string, error) {
	choose, err := d.Choose(ctx, client, rateInterval)
	if err != nil {
		return "", err
	}
	lines := 0
	for _, panel := range d.Panels {
		lines = max(lines, panel.GridPos.Y+panel.GridPos.H)
	}
	width, height := 24*column+2*gap, lines*line+headHeight+2*gap
	c := &canvas{}
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="DejaVu Sans, Verdana, sans-serif" fill="#24292e">`+"\n", width, height)
	fmt.Fprintf(c, `<rect width="%d" height="%d" fill="#f4f5f5"/>`+"\n", width, height)
	c.text(2*gap, 28, 18, `font-weight="bold"`, d.Title)
	c.text(float64(width-2*gap), 28, fontSize, `text-anchor="end" fill="#6a737d"`,
		start.UTC().Format("2006-01-02 15:04:05")+" to "+end.UTC().Format("15:04:05")+" UTC")
	for _, panel := range d.Panels {
		fmt.Fprintf(c, `<g transform="translate(%d,%d)">`+"\n", panel.GridPos.X*column+gap, panel.GridPos.Y*line+headHeight)
		b := box{c, float64(panel.GridPos.W*column - gap), float64(panel.GridPos.H*line - gap)}
		if panel.Type == "row" {
			c.text(4, 21, 14, `font-weight="bold"`, panel.Title)
		} else {
			fmt.Fprintf(c, `<rect width="%.0f" height="%.0f" fill="#fff" stroke="#dcdee0"/>`+"\n", b.width, b.height)
			c.text(8, 17, 12, `font-weight="bold"`, panel.Title)
			if err := b.panel(ctx, client, panel, choose, start, end); err != nil {
				return "", fmt.Errorf("panel %q: %w", panel.Title, err)
			}
		}
		c.WriteString("</g>\n")
	}
	c.WriteString("</svg>\n")
	return c.String(), nil
}

// box is where a panel is drawn, from its upper left corner on.
type box struct {
	*canvas
	width, height float64
}

func (b box) panel(ctx context.Context, client *prometheus.Client, panel Panel, choose func(string) string, start, end time.Time) error {
	// What Grafana shows as the present is the end of the time that is looked at.
	now := func(expr string) ([]prometheus.Sample, error) {
		var samples []prometheus.Sample
		all, err := client.Range(ctx, choose(expr), end, end, time.Second)
		for _, series := range all {
			samples = append(samples, prometheus.Sample{Labels: series.Labels, Value: series.Points[len(series.Points)-1].Value})
		}
		return samples, err
	}
	switch panel.Type {
	case "stat":
		samples, err := now(panel.Targets[0].Expr)
		if err == nil {
			b.stat(panel, samples)
		}
		return err
	case "table":
		samples, err := now(panel.Targets[0].Expr)
		if err == nil {
			b.table(panel, samples)
		}
		return err
	case "timeseries":
		step := max(time.Second, end.Sub(start)/240).Truncate(time.Second)
		var all []named
		for _, query := range panel.Targets {
			series, err := client.Range(ctx, choose(query.Expr), start, end, step)
			if err != nil {
				return err
			}
			for _, s := range series {
				all = append(all, named{legend(query.LegendFormat, s.Labels), s.Points})
			}
		}
		b.chart(panel, all, start, end, step)
		return nil
	}
	return fmt.Errorf("a panel of type %q can't be drawn", panel.Type)
}

func (b box) nothing(text string) {
	b.text(b.width/2, b.height/2+10, 13, `text-anchor="middle" fill="#8a9299"`, text)
}

func (b box) stat(panel Panel, samples []prometheus.Sample) {
	defaults := panel.FieldConfig.Defaults
	if len(samples) == 0 {
		b.nothing(cmp.Or(defaults.NoValue, "no data"))
		return
	}
	slices.SortFunc(samples, func(x, y prometheus.Sample) int {
		return strings.Compare(legend(panel.Targets[0].LegendFormat, x.Labels), legend(panel.Targets[0].LegendFormat, y.Labels))
	})
	for i, sample := range samples {
		colour := "text"
		for _, step := range defaults.Thresholds.Steps {
			if step.Value == nil || sample.Value >= *step.Value {
				colour = step.Color
			}
		}
		width := b.width / float64(len(samples))
		middle := width * (float64(i) + 0.5)
		b.text(middle, b.height/2+20, 30, fmt.Sprintf(`text-anchor="middle" fill=%q`, colours[colour]), format(sample.Value, defaults.Unit))
		// One value needs no name.
		if len(samples) > 1 {
			b.text(middle, b.height-10, fontSize, `text-anchor="middle"`, shorten(legend(panel.Targets[0].LegendFormat, sample.Labels), width))
		}
	}
}

// inOrder returns the names of columns, the leftmost first.
func (c Columns) inOrder() []string {
	return slices.SortedFunc(maps.Keys(c.IndexByName), func(a, b string) int { return cmp.Compare(c.IndexByName[a], c.IndexByName[b]) })
}

func (b box) table(panel Panel, samples []prometheus.Sample) {
	// A cluster is told only where targets have one.
	columns := slices.DeleteFunc(panel.Transformations[0].Options.inOrder(), func(name string) bool {
		return name == "cluster" && !slices.ContainsFunc(samples, func(s prometheus.Sample) bool { return s.Labels[name] != "" })
	})
	unit := ""
	for _, override := range panel.FieldConfig.Overrides {
		for _, property := range override.Properties {
			unit = fmt.Sprint(property.Value)
		}
	}
	slices.SortFunc(samples, func(a, b prometheus.Sample) int { return cmp.Compare(b.Value, a.Value) })
	const lineHeight = 17.0
	fits := int((b.height - 40) / lineHeight)
	for i, name := range columns {
		x := 8 + float64(i)*(b.width-12)/float64(len(columns))
		b.text(x, 36, fontSize, `fill="#3b78c4"`, cmp.Or(panel.Transformations[0].Options.RenameByName[name], name))
		for j, sample := range samples[:min(len(samples), fits)] {
			cell := sample.Labels[name]
			if name == "Value" {
				cell = format(sample.Value, unit)
			}
			b.text(x, 36+lineHeight*float64(j+1), fontSize, "", shorten(cell, (b.width-12)/float64(len(columns))))
		}
	}
	if len(samples) == 0 {
		b.nothing("no data")
	}
}

// named is a series with its legend.
type named struct {
	name   string
	points []prometheus.Point
}

func (b box) chart(panel Panel, all []named, start, end time.Time, step time.Duration) {
	all = slices.DeleteFunc(all, func(s named) bool {
		return !slices.ContainsFunc(s.points, func(p prometheus.Point) bool { return finite(p.Value) })
	})
	if len(all) == 0 {
		b.nothing("no data")
		return
	}
	slices.SortFunc(all, func(a, b named) int { return strings.Compare(a.name, b.name) })
	custom := panel.FieldConfig.Defaults.Custom
	stacked := custom.Stacking.Mode == "normal"

	// Each point with what it stands on: 0, or what is stacked below it.
	below := map[int64]float64{}
	type bar struct{ from, to float64 }
	bars := make([]map[int64]bar, len(all))
	top := 0.0
	for i, s := range all {
		bars[i] = map[int64]bar{}
		for _, p := range s.points {
			if !finite(p.Value) {
				continue
			}
			at, from := p.Time.Unix(), 0.0
			if stacked {
				from = below[at]
				below[at] += p.Value
			}
			bars[i][at] = bar{from, from + p.Value}
			top = max(top, from+p.Value)
		}
	}

	unit := panel.FieldConfig.Defaults.Unit
	scale := 1.0
	if unit == "bytes" {
		scale = 1 << 20 // as format writes them
	}
	mark := roundUp(cmp.Or(top, 1)/3/scale) * scale
	top = mark * math.Ceil(cmp.Or(top, 1)/mark*0.999)
	left, right, upper := 58.0, b.width-10, 28.0
	lower := b.height - 22 - 15*float64(b.legend(all, false))
	x := func(at int64) float64 {
		return left + (right-left)*(time.Unix(at, 0).Sub(start).Seconds())/end.Sub(start).Seconds()
	}
	y := func(value float64) float64 { return lower - (lower-upper)*value/top }
	for value := 0.0; value <= top*1.001; value += mark {
		fmt.Fprintf(b, `<path d="M%.1f %.1fH%.1f" stroke="#e7e9eb"/>`+"\n", left, y(value), right)
		b.text(left-5, y(value)+4, fontSize, `text-anchor="end" fill="#6a737d"`, format(value, unit))
	}
	for i := range 4 {
		at := start.Add(end.Sub(start) / 4 * time.Duration(i)).Unix()
		b.text(x(at), lower+14, fontSize, `fill="#6a737d"`, time.Unix(at, 0).UTC().Format("15:04:05"))
	}

	for i := range all {
		colour := palette[i%len(palette)]
		times := slices.Sorted(maps.Keys(bars[i]))
		var path strings.Builder
		for j, at := range times {
			gone := j > 0 && at-times[j-1] > int64(step.Seconds())
			switch value := bars[i][at]; {
			case custom.DrawStyle == "bars":
				if value.to > value.from {
					fmt.Fprintf(&path, "M%.1f %.1fV%.1f", x(at), y(value.from), y(value.to))
				}
			case j == 0 || gone:
				// A point alone shows as a dash.
				fmt.Fprintf(&path, "M%.1f %.1fh1", x(at), y(value.to))
			case custom.LineInterpolation == "stepAfter":
				fmt.Fprintf(&path, "H%.1fV%.1f", x(at), y(value.to))
			default:
				fmt.Fprintf(&path, "L%.1f %.1f", x(at), y(value.to))
			}
		}
		width := 1.5
		if custom.DrawStyle == "bars" {
			width = max(1.5, (right-left)*step.Seconds()/end.Sub(start).Seconds())
		}
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="%.1f"/>`+"\n", &path, colour, width)
	}
	b.legend(all, true)
}

// legend draws the names of series at the bottom, in as many lines as it returns.
func (b box) legend(all []named, draw bool) (lines int) {
	lines = 1
	x := 10.0
	for i, s := range all {
		name := shorten(s.name, b.width-30)
		width := 22 + 6.6*float64(len(name))
		if x > 10 && x+width > b.width {
			lines++
			x = 10
		}
		if draw {
			y := b.height - 9 - 15*float64(b.legend(all, false)-lines)
			fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="10" height="4" fill="%s"/>`+"\n", x, y-6, palette[i%len(palette)])
			b.text(x+14, y, fontSize, "", name)
		}
		x += width
	}
	return lines
}

var placeholder = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// legend returns the name of a series.
func legend(format string, labels map[string]string) string {
	return strings.TrimSpace(placeholder.ReplaceAllStringFunc(format, func(p string) string {
		return labels[placeholder.FindStringSubmatch(p)[1]]
	}))
}

func shorten(text string, width float64) string {
	if fits := int(width / 6.6); len(text) > fits {
		return text[:max(1, fits-1)] + "…"
	}
	return text
}

func finite(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

// roundUp returns the next of 1, 2 and 5, times a power of ten.
func roundUp(value float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(value)))
	for _, digit := range []float64{1, 2, 5} {
		if value <= digit*power*1.001 {
			return digit * power
		}
	}
	return 10 * power
}

// format writes a value with its unit, those that the dashboard has, in few characters.
func format(value float64, unit string) string {
	short := func(value float64) string { return fmt.Sprintf("%.3g", value) }
	switch size := math.Abs(value); {
	case unit == "bytes":
		return short(value/(1<<20)) + " MiB"
	case unit == "s" && size >= 2*86400:
		return short(value/86400) + " d"
	case unit == "s" && size >= 2*3600:
		return short(value/3600) + " h"
	case unit == "s" && size >= 120:
		return short(value/60) + " min"
	case unit == "s" && size > 0 && size < 0.001:
		return short(value*1e6) + " µs"
	case unit == "s" && size > 0 && size < 1:
		return short(value*1e3) + " ms"
	case unit == "s":
		return short(value) + " s"
	case unit == "ops", unit == "reqps":
		return short(value) + "/s"
	case size >= 1e6:
		return short(value/1e6) + " M"
	case size >= 1e4:
		return short(value/1e3) + " K"
	}
	return fmt.Sprintf("%.4g", value)
}
