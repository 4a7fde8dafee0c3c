// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package markdown

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// ScriptFolder is the folder of the scripts, below the repository's root.
const ScriptFolder = "test/e2e/docs/pages"

// Script says how the commands of a page are run. It is a file next to the tests, so that the page
// itself has nothing that its readers don't need.
type Script struct {
	// WithoutOperator says that the operator is not installed when the page begins.
	WithoutOperator bool `json:"withoutOperator,omitempty"`
	// Steps are in the order of the page.
	Steps []Step `json:"steps"`
}

// Step is either a block of the page, or commands that the page does not show. A block without
// further fields is run: commands have to succeed, and the API server has to accept a manifest.
type Step struct {
	// Run are commands that the page does not show. They prepare the next block, check more than
	// the page shows, or clean up.
	Run string `json:"run,omitempty"`
	// Begins is the beginning of a block of the page, without the prompt of a console.
	Begins string `json:"block,omitempty"`
	// NotRun is why the block is not run.
	NotRun string `json:"notRun,omitempty"`
	// Fails says that each command of the block has to fail.
	Fails bool `json:"fails,omitempty"`
	// Apply says that the manifest is applied. Otherwise the API server only validates it.
	Apply bool `json:"apply,omitempty"`
	// SaveAs is the name of the file that the text is written to, in the working directory.
	SaveAs string `json:"saveAs,omitempty"`

	// Block is the block that Begins stands for, nil for commands that the page does not show.
	Block *Block `json:"-"`
}

// ScriptPath returns the path of a page's script.
func ScriptPath(page string) string {
	return ScriptFolder + "/" + strings.TrimSuffix(page, ".md") + ".yaml"
}

// Scripts returns the paths of all scripts.
func Scripts(root string) ([]string, error) {
	var paths []string
	err := fs.WalkDir(os.DirFS(root), ScriptFolder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	return paths, err
}

// loadScript reads the script of a page and finds the block of each step. A page without a script
// has no steps.
func loadScript(root string, page *Page) error {
	path := ScriptPath(page.Path)
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	script, err := ParseScript(path, string(text))
	if err == nil {
		err = script.find(path, page)
	}
	if err != nil {
		return err
	}
	page.Script = *script
	return nil
}

// ParseScript reads a script from its text. An error names the path and the step.
func ParseScript(path, text string) (*Script, error) {
	script := &Script{}
	if err := yaml.UnmarshalStrict([]byte(text), script); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i := range script.Steps {
		if err := script.Steps[i].check(); err != nil {
			return nil, fmt.Errorf("%s: step %d: %w", path, i+1, err)
		}
	}
	return script, nil
}

// fileName is the name of a file in the working directory.
var fileName = regexp.MustCompile(`^[\w-][\w.-]*$`)

func (s *Step) check() error {
	var set []string
	for _, field := range []struct {
		name  string
		isSet bool
	}{{"notRun", s.NotRun != ""}, {"fails", s.Fails}, {"apply", s.Apply}, {"saveAs", s.SaveAs != ""}} {
		if field.isSet {
			set = append(set, field.name)
		}
	}
	switch {
	case (s.Run == "") == (s.Begins == ""):
		return errors.New("set either run or block")
	case s.Run != "" && len(set) > 0:
		return fmt.Errorf("run can't be combined with %s", set[0])
	case len(set) > 1:
		return fmt.Errorf("%s can't be combined", strings.Join(set, " and "))
	case s.NotRun != "" && len(strings.Fields(s.NotRun)) < 2:
		return fmt.Errorf("notRun is %q: give a reason", s.NotRun)
	case s.SaveAs != "" && !fileName.MatchString(s.SaveAs):
		return fmt.Errorf("saveAs is %q: it must be a file name without a folder", s.SaveAs)
	}
	return nil
}

// suits returns nil if the step can be done with its block.
func (s *Step) suits() error {
	isCommands := s.Block.Language == Bash || s.Block.Language == Console
	switch {
	case s.Apply && s.Block.Language != YAML:
		return fmt.Errorf("only YAML can be applied, not %q", s.Block.Language)
	case s.Fails && !isCommands:
		return fmt.Errorf("only commands can fail, not %q", s.Block.Language)
	case !s.Block.needsStep() && s.SaveAs == "":
		return fmt.Errorf("a block of %q can only be saved", s.Block.Language)
	}
	return nil
}

// find sets the blocks of the steps. Every block of commands or YAML has to have its step, in the
// order of the page.
func (s *Script) find(path string, page *Page) error {
	blocks := page.Blocks
	for i := range s.Steps {
		step := &s.Steps[i]
		if step.Begins == "" {
			continue
		}
		at := slices.IndexFunc(blocks, func(b Block) bool { return b.needsStep() || b.beginsWith(step.Begins) })
		switch {
		case at < 0:
			return fmt.Errorf("%s: step %d: %s has no further block, and none that begins with %q", path, i+1, page.Path, step.Begins)
		case !blocks[at].beginsWith(step.Begins):
			return fmt.Errorf("%s:%d: %s has to say what is done with the block that begins with %q; its step %d is about %q",
				page.Path, blocks[at].Line, path, blocks[at].firstLine(), i+1, step.Begins)
		}
		step.Block = &blocks[at]
		if err := step.suits(); err != nil {
			return fmt.Errorf("%s: step %d: %w", path, i+1, err)
		}
		blocks = blocks[at+1:]
	}
	if at := slices.IndexFunc(blocks, Block.needsStep); at >= 0 {
		return fmt.Errorf("%s:%d: %s has to say what is done with the block that begins with %q; it has no further step",
			page.Path, blocks[at].Line, path, blocks[at].firstLine())
	}
	return nil
}

// needsStep returns whether the script has to have a step for the block.
func (b Block) needsStep() bool {
	return slices.Contains([]string{Bash, Console, YAML}, b.Language)
}

// shown returns the text without the first prompt of a console.
func (b Block) shown() string {
	return strings.TrimPrefix(b.Text, "$ ")
}

func (b Block) beginsWith(beginning string) bool {
	return strings.HasPrefix(b.shown(), beginning)
}

func (b Block) firstLine() string {
	line, _, _ := strings.Cut(b.shown(), "\n")
	return line
}
