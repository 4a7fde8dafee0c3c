// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// specOf returns a Performer with the given fields of the spec, in JSON, in addition to the required ones.
func specOf(t *testing.T, fields string) *v1alpha1.Performer {
	t.Helper()
	p := &v1alpha1.Performer{}
	p.Name = "x"
	p.Spec.AVSAddress, p.Spec.Image = "0x1", "registry.example.com/team/performer:v1"
	if err := json.Unmarshal([]byte("{"+fields+"}"), &p.Spec); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestValidate(t *testing.T) {
	const (
		expectedKey   = "expected [domain/]name, the name with at most 63 letters, digits, '-', '_' and '.'"
		expectedValue = "expected at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"
		expectedName  = "expected lower-case letters, digits, '-' and '.', with a letter or digit at both ends"
		expectedEqual = "expected %s, since this resource can't be overcommitted"
	)
	tests := []struct {
		name, fields string
		want         []string // the mistakes
	}{
		{"required fields only", ``, nil},
		{"every field valid", `"config":{"environment":{"A":"1"},"environmentFrom":[{"name":"B","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],
			"env":[{"name":"C","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],"serviceAccountName":"a"},
			"resources":{"requests":{"cpu":"1","hugepages-2Mi":"2Mi","example.com/x":"1"},"limits":{"cpu":"2","memory":"1Gi","hugepages-2Mi":"2Mi","example.com/x":"1"}},
			"scheduling":{"nodeSelector":{"a.b/c":"d"},"runtimeClass":"r","priorityClassName":"p"},
			"hardwareRequirements":{"gpuType":"A100","gpuCount":1,"teeRequired":true,"teeType":"tdx","customLabels":{"a":"b"}},
			"imagePullSecrets":[{"name":"s"}],"podLabels":{"a":"b"},"podAnnotations":{"A.example.com/x":"any text!"},
			"volumes":[{"name":"v","emptyDir":{}}],"volumeMounts":[{"name":"v","mountPath":"/v"}]`, nil},

		{"image name", `"image":"Repo:v1"`,
			[]string{`spec.image: invalid image name "Repo": expected [registry[:port]/]path in lower-case letters and digits, with single '.', '_', '__' or dashes between them`}},

		{"label key", `"podLabels":{"no key":"x"}`, []string{`spec.podLabels: invalid key "no key": ` + expectedKey}},
		{"label value", `"podLabels":{"key":"no value!"}`, []string{`spec.podLabels: invalid value "no value!" of label key: ` + expectedValue}},
		{"annotation key", `"podAnnotations":{"no key":"x"}`, []string{`spec.podAnnotations: invalid key "no key": ` + expectedKey}},
		{"annotations too large", fmt.Sprintf(`"podAnnotations":{"a":%q}`, strings.Repeat("x", 1<<18)),
			[]string{
				"spec.podAnnotations: too large: expected at most 262144 bytes for all keys and values",
				"spec: too large: expected at most 262144 bytes of JSON; put large values into a ConfigMap or a Secret and mount it as a volume",
			}},
		{"spec too large", fmt.Sprintf(`"config":{"environment":{"A":%q}}`, strings.Repeat("planted", 40000)),
			[]string{"spec: too large: expected at most 262144 bytes of JSON; put large values into a ConfigMap or a Secret and mount it as a volume"}},
		{"spec just small enough", fmt.Sprintf(`"config":{"environment":{"A":%q}}`, strings.Repeat("x", 262000)), nil},
		{"node label key", `"scheduling":{"nodeSelector":{"no key":"x"}}`, []string{`spec.scheduling.nodeSelector: invalid key "no key": ` + expectedKey}},
		{"custom label value", `"hardwareRequirements":{"customLabels":{"k":"no value!"}}`,
			[]string{`spec.hardwareRequirements.customLabels: invalid value "no value!" of label k: ` + expectedValue}},
		{"GPU type that can't be a label value", `"hardwareRequirements":{"gpuType":"A 100","gpuCount":1}`,
			[]string{`spec.hardwareRequirements.gpuType: invalid value "A 100" of node label nvidia.com/gpu.product: ` + expectedValue}},
		{"runtime class", `"scheduling":{"runtimeClass":"No Class"}`, []string{`spec.scheduling.runtimeClass: invalid RuntimeClass name "No Class": ` + expectedName}},
		{"priority class", `"scheduling":{"priorityClassName":"No Class"}`, []string{`spec.scheduling.priorityClassName: invalid PriorityClass name "No Class": ` + expectedName}},
		{"service account", `"config":{"serviceAccountName":"No Account"}`, []string{`spec.config.serviceAccountName: invalid ServiceAccount name "No Account": ` + expectedName}},

		{"variable without a name", `"config":{"environment":{"":"planted"}}`,
			[]string{`spec.config.environment: invalid variable name "": expected one or more printable ASCII characters other than '='`}},
		{"variable set three times", `"config":{"environment":{"A":"planted"},"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],"env":[{"name":"A","value":"planted"}]}`,
			[]string{
				"spec.config.environmentFrom: duplicate variable A, already set in spec.config.environment: expected each variable once",
				"spec.config.env: duplicate variable A, already set in spec.config.environmentFrom: expected each variable once",
			}},
		{"variable set twice in one list", `"config":{"env":[{"name":"A","value":"planted"},{"name":"A"}]}`,
			[]string{"spec.config.env: duplicate variable A, already set in spec.config.env: expected each variable once"}},
		{"value and valueFrom", `"config":{"env":[{"name":"A","value":"planted","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]}`,
			[]string{"spec.config.env[0]: value and valueFrom are both set: expected only one of them"}},
		{"Secret without a name", `"config":{"env":[{"name":"A","valueFrom":{"secretKeyRef":{"key":"k"}}}]}`,
			[]string{"spec.config.env[0].valueFrom.secretKeyRef.name: empty: expected the name of a Secret"}},
		{"ConfigMap key", `"config":{"environmentFrom":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"c","key":"a b"}}}]}`,
			[]string{`spec.config.environmentFrom[0].valueFrom.configMapKeyRef.key: invalid ConfigMap key "a b": expected letters, digits, '-', '_' and '.'`}},

		{"request above its limit", `"resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}}`,
			[]string{"spec.resources.requests.cpu: 2 is above the limit of 1: expected at most the limit"}},
		{"negative amount", `"resources":{"limits":{"memory":"-1Gi"}}`, []string{"spec.resources.limits.memory: invalid amount -1Gi: expected 0 or more"}},
		{"half a device", `"resources":{"limits":{"example.com/x":"500m"}}`,
			[]string{"spec.resources.limits.example.com/x: invalid amount 500m: expected a whole number, since devices can't be split"}},
		{"device without a limit", `"resources":{"requests":{"example.com/x":"1"}}`,
			[]string{"spec.resources.requests.example.com/x: 1 has no limit: " + fmt.Sprintf(expectedEqual, "a limit of the same amount")}},
		{"device with another limit", `"resources":{"requests":{"example.com/x":"1"},"limits":{"example.com/x":"2"}}`,
			[]string{"spec.resources.requests.example.com/x: 1 differs from the limit of 2: " + fmt.Sprintf(expectedEqual, "the same amount")}},
		{"GPU whose limit comes from gpuCount", `"resources":{"requests":{"nvidia.com/gpu":"1"}},"hardwareRequirements":{"gpuCount":1}`, nil},
		{"resource without a domain", `"resources":{"limits":{"gpu":"1"}}`,
			[]string{`spec.resources.limits: invalid resource name "gpu": expected a name with its domain, such as sgx.intel.com/enclave`}},
		{"resource name", `"resources":{"limits":{"a b/c":"1"}}`, []string{`spec.resources.limits: invalid resource name "a b/c": ` + expectedKey}},

		{"unknown TEE type", `"hardwareRequirements":{"teeRequired":true,"teeType":"abc"}`,
			[]string{`spec.hardwareRequirements.teeType: unknown type "abc": expected one of sev, sev-snp, sgx, tdx, since teeRequired is true`}},
		{"mount of an unknown volume", `"volumeMounts":[{"name":"v","mountPath":"/v"}]`,
			[]string{`spec.volumeMounts[0].name: unknown volume "v": expected the name of a volume in spec.volumes`}},
		{"volume name", `"volumes":[{"name":"No Name","emptyDir":{}}]`,
			[]string{`spec.volumes[0].name: invalid volume name "No Name": expected 1 to 63 lower-case letters, digits and '-', with a letter or digit at both ends`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := Validate(specOf(t, tt.fields), render.DefaultTEEs())
			if len(found) != len(tt.want) {
				t.Fatalf("got %d mistakes, want %d: %q", len(found), len(tt.want), found)
			}
			for i, want := range tt.want {
				if got := found[i].String(); got != want {
					t.Errorf("got  %q\nwant %q", got, want)
				}
				if strings.Contains(found[i].String(), "planted") {
					t.Errorf("the message contains the value of a variable: %s", found[i])
				}
			}
		})
	}
	p := specOf(t, `"image":""`)
	p.Name = "with.dot"
	if found := Validate(p, nil); len(found) != 2 || found[0].Field != "metadata.name" || found[1].Field != "spec.image" {
		t.Errorf("invalid name and image: got %q", found)
	}
}

func TestCheckImage(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0af", 21) + "0"
	invalidName := func(name string) string {
		return fmt.Sprintf("invalid image name %q: expected [registry[:port]/]path in lower-case letters and digits, with single '.', '_', '__' or dashes between them", name)
	}
	invalidTag := func(tag string) string {
		return fmt.Sprintf("invalid tag %q: expected 1 to 128 letters, digits, '_', '.' and '-', not beginning with '.' or '-'", tag)
	}
	invalidDigest := func(digest string) string {
		return fmt.Sprintf("invalid digest %q: expected sha256: and 64 lower-case hexadecimal digits (or sha384: and 96, or sha512: and 128)", digest)
	}
	for reference, want := range map[string]string{
		"a": "", "a/b": "", "a:1": "", "a_b/c__d/e-f.g": "", "localhost/a": "", "host:5000/a": "", "Host.example.com/a": "", "host:5000": "",
		"[::1]:5000/a:1": "", "a@" + digest: "", "a:1@" + digest: "", "my-avs:latest": "", "a:V1_x.y-z": "", "a---b": "",
		"":                                 "empty: expected an image, such as registry.example.com/team/performer:v1.0.0",
		"a b":                              invalidName("a b"),
		"a/B":                              invalidName("a/B"),
		"a//b":                             invalidName("a//b"),
		"/a":                               invalidName("/a"),
		"a/":                               invalidName("a/"),
		"-a":                               invalidName("-a"),
		"a..b":                             invalidName("a..b"),
		"a___b":                            invalidName("a___b"),
		"https://example.com/a":            invalidName("https://example.com/a"),
		"a:1:2":                            invalidName("a:1"),
		"a:":                               invalidTag(""),
		"a:-1":                             invalidTag("-1"),
		"a:1 ":                             invalidTag("1 "),
		"a:" + strings.Repeat("x", 129):    invalidTag(strings.Repeat("x", 129)),
		"a@":                               invalidDigest(""),
		"a@sha256:123":                     invalidDigest("sha256:123"),
		"a@md5:" + strings.Repeat("0", 64): invalidDigest("md5:" + strings.Repeat("0", 64)),
		strings.Repeat("a", 256):           "invalid image name of 256 characters: expected at most 255",
		strings.Repeat("a", 64):            fmt.Sprintf("invalid image name %q, which is an image ID: expected a repository with a tag or a digest", strings.Repeat("a", 64)),
	} {
		got := ""
		if err := checkImage(reference); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", reference, got, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	const (
		address = `"avsAddress":"0x0123456789abcdef0123456789ABCDEF01234567"`

		warnAddress = `spec.avsAddress: "0x1" is not an Ethereum address: expected 0x followed by 40 hexadecimal digits`
		warnNoTag   = "spec.image: no tag, which means latest: the image that runs depends on when it was pulled; use a version or a digest"
		warnLatest  = "spec.image: tag latest: the image that runs depends on when it was pulled; use a version or a digest"
		warnNever   = "spec.imagePullPolicy: Never: the pod starts only on nodes that already have the image"
		warnAccount = "spec.config.serviceAccountName: %s: the container gets this account's token, and with it all of its permissions"
		warnSurge   = "spec.disruption.type: Surge has no effect with spec.upgradeStrategy.type Recreate: there are never two pods, so that a drain stops the pod before its successor starts"
		warnPort    = "spec.config.grpcPort: changes from 9090 to 8080: clients that dial the old port must be updated"
	)
	valid := specOf(t, address)
	tests := []struct {
		name   string
		before *v1alpha1.Performer
		fields string
		want   []string
	}{
		{"none", nil, address, nil},
		{"not an Ethereum address", nil, `"avsAddress":"0x1"`, []string{warnAddress}},
		{"a long address is shortened", nil, fmt.Sprintf(`"avsAddress":%q`, strings.Repeat("x", 256)),
			[]string{strings.Replace(warnAddress, "0x1", strings.Repeat("x", 64)+"…", 1)}},
		{"no tag", nil, address + `,"image":"host:5000/a"`, []string{warnNoTag}},
		{"latest", nil, address + `,"image":"a:latest"`, []string{warnLatest}},
		{"latest with a digest", nil, address + `,"image":"a:latest@sha256:` + strings.Repeat("0", 64) + `"`, nil},
		{"pull policy Never", nil, address + `,"imagePullPolicy":"Never"`, []string{warnNever}},
		{"service account", nil, address + `,"config":{"serviceAccountName":"a"}`, []string{fmt.Sprintf(warnAccount, "a")}},
		{"a long service account is shortened", nil, address + fmt.Sprintf(`,"config":{"serviceAccountName":%q}`, strings.Repeat("a", 253)),
			[]string{fmt.Sprintf(warnAccount, strings.Repeat("a", 64)+"…")}},
		{"another port", valid, address + `,"config":{"grpcPort":8080}`, []string{warnPort}},
		{"the default port written out", valid, address + `,"config":{"grpcPort":9090}`, nil},
		{"the port of a new Performer", nil, address + `,"config":{"grpcPort":8080}`, nil},
		{"Surge", nil, address + `,"disruption":{"type":"Surge"}`, nil},
		{"Surge with Recreate", valid, address + `,"disruption":{"type":"Surge"},"upgradeStrategy":{"type":"Recreate"}`, []string{warnSurge}},
		{"Surge, then Recreate", specOf(t, address+`,"disruption":{"type":"Surge"}`),
			address + `,"disruption":{"type":"Surge"},"upgradeStrategy":{"type":"Recreate"}`, []string{warnSurge}},
		{"None with Recreate", valid, address + `,"disruption":{"type":"None"},"upgradeStrategy":{"type":"Recreate"}`, nil},
		{"an edit of another field of both", specOf(t, address+`,"disruption":{"type":"Surge"},"upgradeStrategy":{"type":"Recreate"}`),
			address + `,"disruption":{"type":"Surge"},"upgradeStrategy":{"type":"Recreate"},"version":"2"`, nil},
		{"several", nil, `"image":"a","imagePullPolicy":"Never","config":{"serviceAccountName":"a"}`,
			[]string{warnAddress, warnNoTag, warnNever, fmt.Sprintf(warnAccount, "a")}},
		{"an edit of another field", specOf(t, `"image":"a","imagePullPolicy":"Never","config":{"serviceAccountName":"a"}`),
			`"image":"a","imagePullPolicy":"Never","config":{"serviceAccountName":"a"},"version":"2"`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Warnings(tt.before, specOf(t, tt.fields))
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			for _, warning := range got {
				// Clients truncate longer ones: https://kubernetes.io/blog/2020/09/03/warnings
				if len(warning) > 200 {
					t.Errorf("%d characters: %q", len(warning), warning)
				}
			}
		})
	}
}

func TestDefaultMeta(t *testing.T) {
	p := specOf(t, ``)
	p.Labels = map[string]string{labelName: "mine", "a": "b"}
	revision := render.Revision(&p.Spec)
	DefaultMeta(p, true)
	if p.Labels[labelName] != "mine" || p.Labels["a"] != "b" || p.Labels[labelPartOf] != "hourglass" || len(p.Labels) != 3 {
		t.Errorf("unexpected labels %v", p.Labels)
	}
	if len(p.Finalizers) != 1 || p.Finalizers[0] != render.Finalizer {
		t.Errorf("unexpected finalizers %q", p.Finalizers)
	}
	again := p.DeepCopy()
	DefaultMeta(again, true)
	if len(again.Finalizers) != 1 || len(again.Labels) != 3 || render.Revision(&again.Spec) != revision {
		t.Errorf("DefaultMeta is not idempotent: %+v", again.ObjectMeta)
	}
	without := &v1alpha1.Performer{}
	DefaultMeta(without, false)
	if len(without.Finalizers) > 0 {
		t.Errorf("without a finalizer: %+v", without.ObjectMeta)
	}
}
