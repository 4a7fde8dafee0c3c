// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package markdown

import (
	"fmt"
	"regexp"
	"strings"
)

// Step is a command of a console and what it prints.
type Step struct {
	// Line is that of the command.
	Line    int
	Command string
	// Output is what the page shows of its output, "" for nothing.
	Output string
}

// Steps returns the commands of a console with what each prints.
func (b *Block) Steps() []Step {
	var steps []Step
	line, continued := b.Line, false
	for text := range strings.Lines(b.Text) {
		last := len(steps) - 1
		command, begins := strings.CutPrefix(text, "$ ")
		switch {
		case begins:
			steps = append(steps, Step{Line: line, Command: command})
			continued = strings.HasSuffix(strings.TrimSpace(command), "\\")
		case continued:
			steps[last].Command += strings.TrimPrefix(text, "> ")
			continued = strings.HasSuffix(strings.TrimSpace(text), "\\")
		default:
			steps[last].Output += text
		}
		line++
	}
	for i := range steps {
		steps[i].Output = strings.TrimSpace(steps[i].Output)
	}
	return steps
}

// masks are the words that differ from run to run, each with what stands for it.
var masks = []struct {
	pattern *regexp.Regexp
	word    string
}{
	// How often an event came.
	{regexp.MustCompile(`\(x\d+ over \S+\)`), ""},
	{regexp.MustCompile(`\b\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\b`), "TIME"},
	{regexp.MustCompile(`^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ (\w+\.go):\d+\]`), "$1 TIME $2]"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)`), "TIME"},
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "UID"},
	{regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+\b`), "ADDRESS"},
	// The end of the name of a Deployment's pod.
	{regexp.MustCompile(`-[0-9a-f]{8,10}-[0-9a-z]{5}\b`), "-POD"},
	{regexp.MustCompile(`\b[0-9a-f]{10}\b`), "REVISION"},
	{regexp.MustCompile(`-{3,}`), "---"},
}

// age is a word that tells how old something is, or how long it took.
var age = regexp.MustCompile(`^(\(?)(\d+(\.\d+)?(ms|[dhms]))+([).,;:]*)$`)

// words returns a line as it is compared.
func words(line string) string {
	for _, mask := range masks {
		line = mask.pattern.ReplaceAllString(line, mask.word)
	}
	fields := strings.Fields(line)
	for i, field := range fields {
		fields[i] = age.ReplaceAllString(field, "${1}AGE${5}")
	}
	return strings.Join(fields, " ")
}

// Shows returns nil if a command printed what a page shows. Blanks don't count, nor do ages, times, addresses,
// revisions and what else differs from run to run. Three dots in a line of the page are any text, and on a line of
// their own any number of lines.
func Shows(page, printed string) error {
	var pattern strings.Builder
	pattern.WriteString(`^`)
	for line := range strings.Lines(page) {
		line = words(line)
		switch line {
		case "":
		case "...":
			pattern.WriteString(`(?:.*\n)*?`)
		default:
			pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), `\.\.\.`, `.*`) + `\n`)
		}
	}
	pattern.WriteString(`$`)
	var text strings.Builder
	for line := range strings.Lines(printed) {
		if line = words(line); line != "" {
			text.WriteString(line + "\n")
		}
	}
	if !regexp.MustCompile(pattern.String()).MatchString(text.String()) {
		return fmt.Errorf("the page shows\n%s\nand what was printed is\n%s", strings.TrimSpace(page), strings.TrimSpace(printed))
	}
	return nil
}
