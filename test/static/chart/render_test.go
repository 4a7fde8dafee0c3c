// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

const (
	// usualRelease is the name of the release whose objects have the same names as those of
	// deploy/.
	usualRelease = "hourglass-operator"
	namespace    = "hourglass-system"
)

// chartDir is the folder of the chart.
var chartDir = repository.Path("deploy/charts/hourglass-operator")

// helms are the paths of Helm 3 and Helm 4.
var helms = map[string]string{}

func TestMain(m *testing.M) {
	for _, name := range []string{"helm3", "helm4"} {
		path, err := tool(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		helms[name] = path
	}
	os.Exit(m.Run())
}

// tool returns the path of a pinned tool, and builds the tool if necessary.
func tool(name string) (string, error) {
	build := exec.Command(repository.Path("hack/tools/build.sh"), name)
	build.Stderr = os.Stderr
	path, err := build.Output()
	if err != nil {
		return "", fmt.Errorf("building %s: %w", name, err)
	}
	return strings.TrimSpace(string(path)), nil
}

// eachHelm runs a test with Helm 3 and with Helm 4.
func eachHelm(t *testing.T, test func(t *testing.T, helm string)) {
	t.Helper()
	for name, path := range helms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, path)
		})
	}
}

// object is a decoded manifest.
type object map[string]any

// objects are the objects of an installation by kind, namespace and name: "Service
// hourglass-system/metrics".
type objects map[string]object

// helmTemplate renders the chart as a release with the given name. refusal is Helm's error if it
// rejects the values.
func helmTemplate(t *testing.T, helm, release string, args ...string) (rendered objects, refusal string) {
	t.Helper()
	cmd := exec.Command(helm, append([]string{"template", release, chartDir, "--namespace", namespace}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if exit := (&exec.ExitError{}); !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return nil, stderr.String()
	}
	return parse(t, stdout.Bytes()), ""
}

// renderChart renders the chart as usualRelease. values are arguments of --set.
func renderChart(t *testing.T, helm string, values ...string) objects {
	t.Helper()
	rendered, refusal := helmTemplate(t, helm, usualRelease, sets(values)...)
	if refusal != "" {
		t.Fatalf("%s: %s", strings.Join(values, " "), refusal)
	}
	return rendered
}

// sets returns a --set argument for each value.
func sets(values []string) (args []string) {
	for _, value := range values {
		args = append(args, "--set", value)
	}
	return args
}

// parse returns the objects in a YAML stream.
func parse(t *testing.T, manifests []byte) objects {
	t.Helper()
	all := objects{}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	for {
		var o object
		if err := decoder.Decode(&o); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(o) == 0 {
			continue
		}
		name, _ := get(o, "metadata.name").(string)
		if ns, _ := get(o, "metadata.namespace").(string); ns != "" {
			name = ns + "/" + name
		}
		key := fmt.Sprintf("%v %s", o["kind"], name)
		if all[key] != nil {
			t.Errorf("%s is defined twice", key)
		}
		all[key] = o
	}
}

// get returns the value at a path such as spec.ports.0.port, or nil if there is none. A key with a
// dot is written in brackets: metadata.labels.[app.kubernetes.io/name].
func get(o object, path string) any {
	var at any = map[string]any(o)
	for path != "" {
		var step string
		if rest, quoted := strings.CutPrefix(path, "["); quoted {
			step, path, _ = strings.Cut(rest, "]")
			path = strings.TrimPrefix(path, ".")
		} else {
			step, path, _ = strings.Cut(path, ".")
		}
		switch in := at.(type) {
		case map[string]any:
			at = in[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(in) {
				return nil
			}
			at = in[i]
		default:
			return nil
		}
	}
	return at
}

// read returns a file of the repository.
func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(repository.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readAll returns the objects in all files that match a pattern.
func readAll(t *testing.T, pattern string) objects {
	t.Helper()
	paths, err := filepath.Glob(repository.Path(pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no file matches %s: %v", pattern, cmp.Or(err, os.ErrNotExist))
	}
	var all []byte
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(append(all, "\n---\n"...), data...)
	}
	return parse(t, all)
}
