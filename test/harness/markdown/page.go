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
	// Blocks are the blocks of code, from top to bottom.
	Blocks []Block
	// Script says what is done with the blocks.
	Script Script
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

// Block is a block of code.
type Block struct {
	// Line is the first line of its text, counted from 1.
	Line     int
	Language string
	Text     string
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

// Load reads a page whose commands are run, and its script. root is the repository's folder.
func Load(root, path string) (*Page, error) {
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return nil, err
	}
	page, err := Parse(path, string(text))
	if err != nil {
		return nil, err
	}
	if err := loadScript(root, page); err != nil {
		return nil, err
	}
	return page, nil
}

// LoadLinks reads the headings and links of a page, and skips its blocks.
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
	return p.page, nil
}

type parser struct {
	page  *Page
	lines []string
	// at is the line to read next.
	at int
	// onlyLinks skips the contents of blocks and comments.
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
	case indented.MatchString(line):
		return fmt.Errorf("put commands between ``` lines, so that they can be run")
	}
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
	block := Block{Line: p.at + 2, Language: begin[2]}
	switch {
	case p.onlyLinks:
	case !slices.Contains(languages, block.Language):
		return fmt.Errorf("a block of %q: the languages are %q", block.Language, languages)
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
	p.at = end + 1
	return nil
}

// commentBlock skips a comment. A page whose commands are run has none, except that it is
// generated: how its blocks are run is in its script.
func (p *parser) commentBlock() error {
	if !p.onlyLinks && !strings.HasPrefix(p.lines[p.at], "<!-- Generated ") {
		return fmt.Errorf("this page has a comment: remove it; how blocks are run is in %s", ScriptPath(p.page.Path))
	}
	for at := p.at; at < len(p.lines); at++ {
		if strings.Contains(p.lines[at], "-->") {
			p.at = at + 1
			return nil
		}
	}
	return fmt.Errorf("this comment has no end")
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
