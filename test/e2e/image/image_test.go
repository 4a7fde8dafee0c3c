//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

const (
	repository = "hourglass-operator"
	tag        = "e2e"
	// tool builds and pushes images without a container engine.
	tool = "hack/buildah.sh"
)

func TestDockerfile(t *testing.T) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		const why = "without a container engine, the base images of the Dockerfile are made from Debian packages"
		if os.Getenv("CI") != "" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	registry := startRegistry(t)
	// The registry has no certificate.
	settings := filepath.Join(t.TempDir(), "registries.conf")
	content := fmt.Sprintf("[[registry]]\nlocation = %q\ninsecure = true\n", registry.address)
	if err := os.WriteFile(settings, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CONTAINERS_REGISTRIES_CONF", settings)
	// All builds of the test use one stamp, even if the working copy changes meanwhile.
	stamp := stamp(t)
	for name, value := range stamp {
		t.Setenv(name, value)
	}

	name := registry.address + "/" + repository + ":" + tag
	cluster.MustRun(t, "make", "docker-build", "docker-push", "CONTAINER_TOOL="+tool, "IMG="+name)
	t.Cleanup(func() {
		if _, err := cluster.Run(context.WithoutCancel(t.Context()), tool, "rmi", name); err != nil {
			t.Error(err)
		}
	})
	archive := filepath.Join(t.TempDir(), "image.tar")
	cluster.MustRun(t, tool, "push", name, "docker-archive:"+archive+":"+name)
	image := readArchive(t, archive)

	t.Run("has the right configuration", func(t *testing.T) { checkConfig(t, image.config, stamp) })
	t.Run("has only the static program", func(t *testing.T) { checkFiles(t, image.files) })
	t.Run("is reproducible", func(t *testing.T) {
		here := filepath.Join(t.TempDir(), "manager")
		flags := strings.TrimSpace(cluster.MustRun(t, "hack/version.sh", "ldflags"))
		cluster.MustRun(t, "env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w "+flags, "-o", here, "./cmd/manager")
		want, err := os.ReadFile(here)
		if err != nil {
			t.Fatal(err)
		}
		if got := image.files["manager"].data; !bytes.Equal(got, want) {
			t.Errorf("/manager has %d bytes and the digest %x, the same build here has %d and %x",
				len(got), sha256.Sum256(got), len(want), sha256.Sum256(want))
		}
	})
	t.Run("was pushed", func(t *testing.T) { checkPushed(t, registry, image) })

	cluster.LoadImage(t, archive)
	t.Run("runs with its own user and entry point", func(t *testing.T) { checkRun(t, name, stamp) })
	t.Run("runs the operator", func(t *testing.T) { checkOperator(t, name, image) })
}

// stamp returns the values with which builds are stamped, by the names of hack/version.sh.
func stamp(t *testing.T) map[string]string {
	t.Helper()
	stamp := map[string]string{}
	for line := range strings.Lines(cluster.MustRun(t, "hack/version.sh")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		stamp[name] = value
	}
	if names := slices.Sorted(maps.Keys(stamp)); !slices.Equal(names, []string{"COMMIT", "COMMIT_DATE", "TREE_STATE", "VERSION"}) {
		t.Fatalf("hack/version.sh printed %q", names)
	}
	return stamp
}

func checkConfig(t *testing.T, config config, stamp map[string]string) {
	if config.OS != "linux" || config.Architecture != runtime.GOARCH {
		t.Errorf("the platform is %s/%s, want linux/%s", config.OS, config.Architecture, runtime.GOARCH)
	}
	if config.Config.User != "65532:65532" {
		t.Errorf("the user is %q, want 65532:65532", config.Config.User)
	}
	if !slices.Equal(config.Config.Entrypoint, []string{"/manager"}) || len(config.Config.Cmd) > 0 {
		t.Errorf("the entry point is %q with the arguments %q, want /manager without arguments", config.Config.Entrypoint, config.Config.Cmd)
	}
	for label, want := range map[string]string{
		"title":       "hourglass-operator",
		"description": "Kubernetes operator that runs AVS performers",
		"source":      "https://github.com/Layr-Labs/hourglass-operator",
		"licenses":    "Apache-2.0",
		"version":     stamp["VERSION"],
		"revision":    stamp["COMMIT"],
		"created":     stamp["COMMIT_DATE"],
	} {
		label = "org.opencontainers.image." + label
		if got := config.Config.Labels[label]; got != want {
			t.Errorf("the label %s is %q, want %q", label, got, want)
		}
	}
}

// checkFiles checks the files that the Dockerfile adds to its base image, which is empty in this
// test.
func checkFiles(t *testing.T, files map[string]file) {
	if paths := slices.Sorted(maps.Keys(files)); !slices.Equal(paths, []string{"manager"}) {
		t.Fatalf("the files are %q, want only /manager", paths)
	}
	manager := files["manager"]
	if manager.mode != 0o755 {
		t.Errorf("/manager has the mode %o, want 755", manager.mode)
	}
	program, err := elf.NewFile(bytes.NewReader(manager.data))
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			t.Errorf("/manager is not static: it has a segment %s", part.Type)
		}
	}
	info, err := buildinfo.Read(bytes.NewReader(manager.data))
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath=true", "GOOS=linux", "GOARCH=" + runtime.GOARCH} {
		if key, value, _ := strings.Cut(want, "="); settings[key] != value {
			t.Errorf("/manager was built with %s=%s, want %s", key, settings[key], want)
		}
	}
}

func checkPushed(t *testing.T, registry *registry, image contents) {
	pushed := registry.manifest(repository, tag)
	if pushed == nil {
		t.Fatalf("nothing was pushed as %s:%s", repository, tag)
	}
	var manifest struct {
		Config struct{ Digest string }
		Layers []struct{ Digest string }
	}
	if err := json.Unmarshal(pushed, &manifest); err != nil {
		t.Fatal(err)
	}
	// The configuration contains the digests of the layers.
	if want := "sha256:" + image.digest; manifest.Config.Digest != want || registry.blob(want) == nil {
		t.Errorf("the pushed image has the configuration %s, want %s; the registry has it: %t",
			manifest.Config.Digest, want, registry.blob(want) != nil)
	}
	for _, layer := range manifest.Layers {
		if registry.blob(layer.Digest) == nil {
			t.Errorf("layer %s was not pushed", layer.Digest)
		}
	}
}

// checkRun runs the image in a pod without user and command, so that both are those of the image.
func checkRun(t *testing.T, name string, stamp map[string]string) {
	pods := cluster.Kube.CoreV1().Pods(cluster.Namespace(t).Name)
	_, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "version"},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever,
			Containers: []corev1.Container{{
				Name:            "manager",
				Image:           name,
				ImagePullPolicy: corev1.PullNever,
				Args:            []string{"--version"},
				// The kubelet refuses an image whose user is root or is not numeric.
				SecurityContext: &corev1.SecurityContext{RunAsNonRoot: new(true)},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wait.For(t, "pod version to end", func(ctx context.Context) error {
		pod, err := pods.Get(ctx, "version", metav1.GetOptions{})
		if err == nil && pod.Status.Phase != corev1.PodSucceeded {
			err = fmt.Errorf("the phase is %s: %+v", pod.Status.Phase, pod.Status.ContainerStatuses)
		}
		return err
	})
	printed, err := pods.GetLogs("version", &corev1.PodLogOptions{}).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	commit := stamp["COMMIT"]
	if stamp["TREE_STATE"] == "dirty" {
		commit += "-dirty"
	}
	want := fmt.Sprintf("hourglass-operator %s (commit %s, built %s, %s, linux/%s)\n",
		stamp["VERSION"], commit, stamp["COMMIT_DATE"], runtime.Version(), runtime.GOARCH)
	if string(printed) != want {
		t.Errorf("/manager --version printed\n%swant\n%s", printed, want)
	}
}

// checkOperator installs the operator with the image and creates a Performer.
func checkOperator(t *testing.T, name string, image contents) {
	cluster.MustRun(t, "make", "deploy", "IMG="+name)
	wait.For(t, "the operator to be ready", cluster.OperatorReady)
	pods, err := cluster.OperatorPods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(pods) == 0 {
		t.Fatal("the operator has no pod")
	}
	for _, pod := range pods {
		status := pod.Status.ContainerStatuses
		if len(status) != 1 || status[0].Image != name || !strings.Contains(status[0].ImageID, image.digest) {
			t.Errorf("pod %s runs %+v, want %s with the configuration %s", pod.Name, status, name, image.digest)
		}
	}

	namespace := cluster.Namespace(t)
	namespace.CreateReady(t, namespace.Performer("image"))
}
