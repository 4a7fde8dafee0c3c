// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package markdown

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Page is one file of Markdown.
type Page struct {
	// Path is where it is below the repository's root.
	Path string
	// WithoutOperator says that the page begins with a cluster in which the operator is not installed.
	WithoutOperator bool
	// Blocks are the blocks of code and the commands in comments, from top to bottom.
	Blocks []Block
	// Anchors are the fragments by which the page's headings can be linked to.
	Anchors []string
	// Links are the targets of its links and pictures.
	Links []Link
}

// Link is a target and the line it stands in.
type Link struct {
	Line   int
	Target string
}

// Block is a block of code, or commands that stand in a comment.
type Block struct {
	// Line is the first line of its text, counted from 1.
	Line     int
	Language string
	Text     string
	// Hidden says that it stands in a comment: commands of the tests, which readers don't see.
	Hidden bool
	// NotRun is why the block isn't run, "" for one that is.
	NotRun string
	// Applied says that a manifest is to be applied, and not only judged by the API server.
	Applied bool
	// SavedAs is the name of the file that the text is written to, "" for none. It is not applied then.
	SavedAs string
	// Fails says that the commands are meant to fail.
	Fails bool
}

const (
	// Bash is the language of commands alone.
	Bash = "bash"
	// Console is the language of commands, each after a prompt, with what they print.
	Console = "console"
	// YAML is the language of manifests and of fragments of them.
	YAML = "yaml"
)

// languages are those that a block may have. None is plain text, and so is text.
var languages = []string{"", "text", Bash, Console, YAML, "json", "go", "promql", "diff", "dockerfile", "mermaid", "makefile", "gotemplate"}

// Load reads a page whose commands are run. root is the repository's folder.
func Load(root, path string) (*Page, error) {
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return nil, err
	}
	return Parse(path, string(text))
}

// LoadLinks reads the headings and links of a page, and passes its blocks by.
func LoadLinks(root, path string) (*Page, error) {
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return nil, err
	}
	return parse(path, string(text), true)
}

// Documents returns the paths of the pages whose commands are run: README.md and those of docs/.
func Documents(root string) ([]string, error) {
	paths := []string{"README.md"}
	err := fs.WalkDir(os.DirFS(root), "docs", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".md") {
			paths = append(paths, path)
		}
		return err
	})
	return paths, err
}

var (
	// fence begins a block. It may be indented, in a list.
	fence   = regexp.MustCompile("^ *(```+) *([^`]*?) *$")
	heading = regexp.MustCompile(`^#{1,6} +(.+?) *#*$`)
	target  = regexp.MustCompile(`\]\(([^)\s]+)[^)]*\)|(?:src|href)="([^"]+)"|^\[[^\]]+\]: *(\S+)`)
	inCode  = regexp.MustCompile("`[^`]*`")
	// fileName is the name of a file in the working directory.
	fileName = regexp.MustCompile(`^[\w-][\w.-]*$`)
	// indented are commands in a block of Markdown's other kind, which has no language.
	indented = regexp.MustCompile(`^ {4,}(\$|kubectl|helm|make|go|bin/[a-z]+|hack/\S+\.sh) `)
	typed    = regexp.MustCompile(`^ *(\$|kubectl|helm|make|bin/[a-z]+|hack/\S+\.sh) `)
)

// Parse reads a page from its text. An error names path and line.
func Parse(path, text string) (*Page, error) {
	return parse(path, text, false)
}

func parse(path, text string, onlyLinks bool) (*Page, error) {
	p := parser{page: &Page{Path: path}, lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n"), onlyLinks: onlyLinks}
	for p.at < len(p.lines) {
		if err := p.next(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, p.at+1, err)
		}
	}
	if p.marker != nil {
		return nil, fmt.Errorf("%s: the last marker stands above no block", path)
	}
	return p.page, nil
}

type parser struct {
	page  *Page
	lines []string
	// at is the line to read next.
	at int
	// marker is what comments said of the block that comes next, nil for nothing.
	marker *Block
	// comment is a comment directly above, which is no marker.
	comment bool
	// onlyLinks passes by the contents of blocks and comments.
	onlyLinks bool
}

// next reads what begins at the present line.
func (p *parser) next() error {
	line := p.lines[p.at]
	switch {
	case fence.MatchString(line):
		return p.block()
	case strings.HasPrefix(strings.TrimSpace(line), "<!--"):
		return p.commentBlock()
	case strings.TrimSpace(line) == "":
		p.at++
		return nil
	case p.onlyLinks:
	case p.marker != nil:
		return fmt.Errorf("a marker must stand directly above its block, and here is %q", line)
	case indented.MatchString(line):
		return fmt.Errorf("put commands between ``` lines, so that they can be run")
	}
	p.comment = false
	if match := heading.FindStringSubmatch(line); match != nil {
		p.page.Anchors = append(p.page.Anchors, anchor(match[1], p.page.Anchors))
	}
	for _, match := range target.FindAllStringSubmatch(inCode.ReplaceAllString(line, "`code`"), -1) {
		p.page.Links = append(p.page.Links, Link{Line: p.at + 1, Target: match[1] + match[2] + match[3]})
	}
	p.at++
	return nil
}

// block reads a block of code.
func (p *parser) block() error {
	begin := fence.FindStringSubmatch(p.lines[p.at])
	block := Block{}
	if p.marker != nil {
		block = *p.marker
	}
	block.Line, block.Language = p.at+2, begin[2]
	switch {
	case p.onlyLinks:
	case p.comment:
		return fmt.Errorf("the comment above this block is no marker: package test/e2e/docs tells which there are")
	case !slices.Contains(languages, block.Language):
		return fmt.Errorf("a block of %q: the languages are %q", block.Language, languages)
	case block.Applied && block.Language != YAML:
		return fmt.Errorf("only YAML can be applied, not %q", block.Language)
	case block.Fails && block.Language != Bash && block.Language != Console:
		return fmt.Errorf("only commands can fail, not %q", block.Language)
	}
	indent := len(p.lines[p.at]) - len(strings.TrimLeft(p.lines[p.at], " "))
	end := p.at + 1
	for ; ; end++ {
		if end == len(p.lines) {
			return fmt.Errorf("this block has no end")
		}
		if strings.TrimSpace(p.lines[end]) == begin[1] {
			break
		}
		line := p.lines[end]
		if !p.onlyLinks && block.Language == "" && typed.MatchString(line) {
			p.at = end
			return fmt.Errorf("here are commands in a block without a language: make it bash, or console with a $ before each command, or text")
		}
		block.Text += line[min(indent, len(line)-len(strings.TrimLeft(line, " "))):] + "\n"
	}
	if !p.onlyLinks && block.Language == Console && !strings.HasPrefix(block.Text, "$ ") {
		return fmt.Errorf(`a console begins with a command after "$ "`)
	}
	p.page.Blocks = append(p.page.Blocks, block)
	p.at, p.marker = end+1, nil
	return nil
}

// commentBlock reads a comment, which may be a marker.
func (p *parser) commentBlock() error {
	line, text := p.at+1, ""
	for ended := false; !ended; p.at++ {
		if p.at == len(p.lines) {
			p.at = line - 1
			return fmt.Errorf("this comment has no end")
		}
		text += p.lines[p.at] + "\n"
		ended = strings.Contains(p.lines[p.at], "-->")
	}
	if p.onlyLinks {
		return nil
	}
	text, rest, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(text), "<!--"), "-->")
	word, more, _ := strings.Cut(text, ":")
	word, more = strings.TrimSpace(word), strings.TrimSpace(more)
	marker := Block{}
	if p.marker != nil {
		marker = *p.marker
	}
	switch {
	case rest != "":
		return fmt.Errorf("a comment stands on lines of its own, and after this one comes %q", rest)
	case word == "run" && more != "":
		p.page.Blocks = append(p.page.Blocks, Block{Line: line, Language: Bash, Text: more + "\n", Hidden: true})
		return nil
	case word == "page" && more == "without operator":
		p.page.WithoutOperator = true
		return nil
	case word == "not run" && len(strings.Fields(more)) >= 2:
		marker.NotRun = more
	case word == "applied" && more == "":
		marker.Applied = true
	case word == "saved as" && fileName.MatchString(more):
		marker.SavedAs = more
	case word == "fails" && more == "":
		marker.Fails = true
	case slices.Contains([]string{"run", "page", "not run", "applied", "saved as", "fails"}, word):
		return fmt.Errorf("the marker %q can't be: package test/e2e/docs tells how they are written", strings.TrimSpace(text))
	default:
		p.comment = true
		return nil
	}
	p.marker = &marker
	return nil
}

// anchor returns the fragment that GitHub gives a heading.
func anchor(heading string, taken []string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
	unique := name
	for i := 1; slices.Contains(taken, unique); i++ {
		unique = fmt.Sprintf("%s-%d", name, i)
	}
	return unique
}
