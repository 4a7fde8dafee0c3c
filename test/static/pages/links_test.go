// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/markdown"
	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// markdownFiles returns the paths of all Markdown files in this repository, except those in
// vendor/.
func markdownFiles(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(repository.Root(), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"vendor", ".git", "bin", "dist", "node_modules"}, entry.Name()):
			return fs.SkipDir
		case entry.Type().IsRegular() && strings.HasSuffix(path, ".md"):
			below, err := filepath.Rel(repository.Root(), path)
			paths = append(paths, below)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(paths, "README.md") {
		t.Fatalf("README.md is not among %q", paths)
	}
	return paths
}

// documents returns the pages whose commands are run. Loading a page compares its blocks with its
// script.
func documents(t *testing.T) []*markdown.Page {
	t.Helper()
	paths, err := markdown.Documents(repository.Root())
	if err != nil {
		t.Fatal(err)
	}
	var pages []*markdown.Page
	for _, path := range paths {
		page, err := markdown.Load(repository.Root(), path)
		if err != nil {
			t.Error(err)
			continue
		}
		pages = append(pages, page)
	}
	if len(pages) < 2 {
		t.Fatal("no pages")
	}
	return pages
}

// TestLinks checks that the targets of links and pictures exist in the repository, including
// headings.
func TestLinks(t *testing.T) {
	for _, path := range markdownFiles(t) {
		page, err := markdown.LoadLinks(repository.Root(), path)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, link := range page.Links {
			if err := follow(page, link.Target); err != nil {
				t.Errorf("%s:%d: the link to %s: %v", path, link.Line, link.Target, err)
			}
		}
	}
}

// follow returns an error if the target of a link should be in the repository and does not exist.
func follow(from *markdown.Page, target string) error {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return nil
	}
	path, fragment, _ := strings.Cut(target, "#")
	to := from
	if path != "" {
		path = filepath.Join(filepath.Dir(from.Path), path)
		if strings.HasPrefix(path, "..") {
			return errors.New("the path leaves the repository")
		}
		if _, err := os.Stat(repository.Path(path)); err != nil {
			return err
		}
		if fragment == "" || !strings.HasSuffix(path, ".md") {
			return nil
		}
		var err error
		if to, err = markdown.LoadLinks(repository.Root(), path); err != nil {
			return err
		}
	}
	if !slices.Contains(to.Anchors, fragment) {
		return errors.New("no such heading")
	}
	return nil
}

// TestEveryScriptHasItsPage finds scripts whose page was removed or renamed.
func TestEveryScriptHasItsPage(t *testing.T) {
	scripts, err := markdown.Scripts(repository.Root())
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range documents(t) {
		scripts = slices.DeleteFunc(scripts, func(path string) bool { return path == markdown.ScriptPath(page.Path) })
	}
	if len(scripts) > 0 {
		t.Errorf("scripts without a page: %q", scripts)
	}
}

// TestIndexHasEveryPage checks that docs/README.md links to every page of docs/.
func TestIndexHasEveryPage(t *testing.T) {
	index, err := markdown.Load(repository.Root(), "docs/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range documents(t) {
		name, isDoc := strings.CutPrefix(page.Path, "docs/")
		if isDoc && page.Path != index.Path && !slices.ContainsFunc(index.Links, func(l markdown.Link) bool { return l.Target == name }) {
			t.Errorf("docs/README.md does not link to %s", name)
		}
	}
}

// TestYAMLBlocks parses all blocks of YAML, whether manifests or fragments.
func TestYAMLBlocks(t *testing.T) {
	for _, page := range documents(t) {
		for _, block := range page.Blocks {
			if block.Language != markdown.YAML {
				continue
			}
			for _, document := range strings.Split(block.Text, "\n---\n") {
				var value any
				if err := yaml.UnmarshalStrict([]byte(document), &value); err != nil {
					t.Errorf("%s:%d: %v", page.Path, block.Line, err)
				}
			}
		}
	}
}

// TestFirstPerformerIsTheSample compares the Performer in README.md with the file that README.md
// names.
func TestFirstPerformerIsTheSample(t *testing.T) {
	page, err := markdown.Load(repository.Root(), "README.md")
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(page.Blocks, func(b markdown.Block) bool { return b.Language == markdown.YAML })
	if at < 0 {
		t.Fatal("README.md has no block of YAML")
	}
	var shown, sample v1alpha1.Performer
	if err := yaml.UnmarshalStrict([]byte(page.Blocks[at].Text), &shown); err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict([]byte(read(t, "manifests/samples/performer.yaml")), &sample); err != nil {
		t.Fatal(err)
	}
	if !equality.Semantic.DeepEqual(shown.Spec, sample.Spec) || shown.Name != sample.Name || shown.Kind != sample.Kind {
		t.Errorf("the Performer in README.md is %+v\nwant that of the sample: %+v", shown, sample)
	}
}
