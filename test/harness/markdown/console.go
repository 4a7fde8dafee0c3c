// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package markdown

import (
	"fmt"
	"regexp"
	"strings"
)

// Command is a command of a console and its output.
type Command struct {
	// Line is the line of the page that the command is on.
	Line int
	Text string
	// Output is what the page shows of its output, "" for nothing.
	Output string
}

// Commands returns the commands of a console with the output of each.
func (b *Block) Commands() []Command {
	var commands []Command
	line, continued := b.Line, false
	for text := range strings.Lines(b.Text) {
		last := len(commands) - 1
		command, begins := strings.CutPrefix(text, "$ ")
		switch {
		case begins:
			commands = append(commands, Command{Line: line, Text: command})
			continued = strings.HasSuffix(strings.TrimSpace(command), "\\")
		case continued:
			commands[last].Text += strings.TrimPrefix(text, "> ")
			continued = strings.HasSuffix(strings.TrimSpace(text), "\\")
		default:
			commands[last].Output += text
		}
		line++
	}
	for i := range commands {
		commands[i].Output = strings.TrimSpace(commands[i].Output)
	}
	return commands
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

// age is a word that says how old something is, or how long it took.
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

// Shows returns nil if a command printed what a page shows. Blanks, ages, times, addresses,
// revisions and everything else that differs from run to run are ignored. Three dots in a line of
// the page stand for any text, and on a line of their own for any number of lines.
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
		return fmt.Errorf("the page shows\n%s\nand the command printed\n%s", strings.TrimSpace(page), strings.TrimSpace(printed))
	}
	return nil
}
