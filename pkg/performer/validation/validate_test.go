// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// specOf reads a spec as users write it, on top of what is required.
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

func TestCheck(t *testing.T) {
	tests := []struct {
		name, fields string
		// want are parts of the mistakes, one each; none means that nothing is wrong.
		want []string
	}{
		{"nothing more than is required", ``, nil},
		{"all in order", `"config":{"environment":{"A":"1"},"environmentFrom":[{"name":"B","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],
			"env":[{"name":"C","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],"serviceAccountName":"a"},
			"resources":{"requests":{"cpu":"1","hugepages-2Mi":"2Mi","example.com/x":"1"},"limits":{"cpu":"2","memory":"1Gi","hugepages-2Mi":"2Mi","example.com/x":"1"}},
			"scheduling":{"nodeSelector":{"a.b/c":"d"},"runtimeClass":"r","priorityClassName":"p"},
			"hardwareRequirements":{"gpuType":"A100","gpuCount":1,"teeRequired":true,"teeType":"tdx","customLabels":{"a":"b"}},
			"imagePullSecrets":[{"name":"s"}],"podLabels":{"a":"b"},"podAnnotations":{"A.example.com/x":"any text!"},
			"volumes":[{"name":"v","emptyDir":{}}],"volumeMounts":[{"name":"v","mountPath":"/v"}]`, nil},

		{"a name that no image has", `"image":"Repo:v1"`, []string{`spec.image is "Repo:v1", whose name "Repo" is invalid`}},

		{"a label's key", `"podLabels":{"no key":"x"}`, []string{`spec.podLabels has the key "no key"`}},
		{"a label's value", `"podLabels":{"key":"no value!"}`, []string{`spec.podLabels has "no value!" as the value of key`}},
		{"an annotation's key", `"podAnnotations":{"no key":"x"}`, []string{`spec.podAnnotations has the key "no key"`}},
		{"annotations too large", fmt.Sprintf(`"podAnnotations":{"a":%q}`, strings.Repeat("x", 1<<18)), []string{"spec.podAnnotations is too large"}},
		{"a node label's key", `"scheduling":{"nodeSelector":{"no key":"x"}}`, []string{`spec.scheduling.nodeSelector has the key "no key"`}},
		{"a custom label's value", `"hardwareRequirements":{"customLabels":{"k":"no value!"}}`, []string{`spec.hardwareRequirements.customLabels has "no value!"`}},
		{"a model that no label can be", `"hardwareRequirements":{"gpuType":"A 100","gpuCount":1}`, []string{`spec.hardwareRequirements.gpuType is "A 100"`}},
		{"a runtime class", `"scheduling":{"runtimeClass":"No Class"}`, []string{`spec.scheduling.runtimeClass is "No Class", which is not a valid name of a RuntimeClass`}},
		{"a priority class", `"scheduling":{"priorityClassName":"No Class"}`, []string{`spec.scheduling.priorityClassName is "No Class"`}},
		{"an account", `"config":{"serviceAccountName":"No Account"}`, []string{`spec.config.serviceAccountName is "No Account"`}},

		{"a variable without a name", `"config":{"environment":{"":"planted"}}`, []string{`spec.config.environment has a variable named ""`}},
		{"a variable set three times", `"config":{"environment":{"A":"planted"},"environmentFrom":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],"env":[{"name":"A","value":"planted"}]}`,
			[]string{"spec.config.environmentFrom sets A, which environment sets too", "spec.config.env sets A, which environmentFrom sets too"}},
		{"a variable set twice in one list", `"config":{"env":[{"name":"A","value":"planted"},{"name":"A"}]}`, []string{"spec.config.env sets A, which env sets too"}},
		{"value and source", `"config":{"env":[{"name":"A","value":"planted","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]}`, []string{"spec.config.env[0] has value and valueFrom"}},
		{"a Secret without a name", `"config":{"env":[{"name":"A","valueFrom":{"secretKeyRef":{"key":"k"}}}]}`, []string{"spec.config.env[0].valueFrom.secretKeyRef.name is empty: it must be the name of a Secret"}},
		{"a key that is none", `"config":{"environmentFrom":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"c","key":"a b"}}}]}`, []string{`spec.config.environmentFrom[0].valueFrom.configMapKeyRef.key is "a b"`}},

		{"a request above its limit", `"resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}}`, []string{"spec.resources.requests.cpu is 2, above the limit of 1"}},
		{"a negative amount", `"resources":{"limits":{"memory":"-1Gi"}}`, []string{"spec.resources.limits.memory is -1Gi: it must not be negative"}},
		{"a device by half", `"resources":{"limits":{"example.com/x":"500m"}}`, []string{"spec.resources.limits.example.com/x is 500m"}},
		{"a device without a limit", `"resources":{"requests":{"example.com/x":"1"}}`, []string{"spec.resources.requests.example.com/x is 1 with no limit"}},
		{"a device with another limit", `"resources":{"requests":{"example.com/x":"1"},"limits":{"example.com/x":"2"}}`, []string{"spec.resources.requests.example.com/x is 1 and the limit is 2"}},
		{"a GPU, of which the limit comes from gpuCount", `"resources":{"requests":{"nvidia.com/gpu":"1"}},"hardwareRequirements":{"gpuCount":1}`, nil},
		{"no resource", `"resources":{"limits":{"gpu":"1"}}`, []string{`spec.resources.limits is invalid: "gpu" is not a valid resource name`}},

		{"a type that the table lacks", `"hardwareRequirements":{"teeRequired":true,"teeType":"abc"}`, []string{`spec.hardwareRequirements.teeType is "abc"; where teeRequired is true it must be one of sev, sev-snp, sgx, tdx`}},
		{"a mount of nothing", `"volumeMounts":[{"name":"v","mountPath":"/v"}]`, []string{`spec.volumeMounts[0].name is "v", and spec.volumes has no volume of that name`}},
		{"a volume's name", `"volumes":[{"name":"No Name","emptyDir":{}}]`, []string{`spec.volumes[0].name is "No Name"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := Validate(specOf(t, tt.fields), render.DefaultTEEs())
			if len(found) != len(tt.want) {
				t.Fatalf("got %d mistakes, want %d: %q", len(found), len(tt.want), found)
			}
			for i, want := range tt.want {
				if got := found[i].String(); !strings.HasPrefix(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
				if strings.Contains(found[i].String(), "planted") {
					t.Errorf("the value of a variable is told: %s", found[i])
				}
			}
		})
	}
	p := specOf(t, `"image":""`)
	p.Name = "with.dot"
	if found := Validate(p, nil); len(found) != 2 || found[0].Field != "metadata.name" || found[1].Field != "spec.image" {
		t.Errorf("of a name and an image that can't be: %q", found)
	}
}

func TestCheckImage(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0af", 21) + "0"
	for reference, want := range map[string]string{
		"a": "", "a/b": "", "a:1": "", "a_b/c__d/e-f.g": "", "localhost/a": "", "host:5000/a": "", "Host.example.com/a": "", "host:5000": "",
		"[::1]:5000/a:1": "", "a@" + digest: "", "a:1@" + digest: "", "my-avs:latest": "", "a:V1_x.y-z": "", "a---b": "",
		"":                                 "is empty",
		"a b":                              "whose name",
		"a/B":                              "whose name",
		"a//b":                             "whose name",
		"/a":                               "whose name",
		"a/":                               "whose name",
		"-a":                               "whose name",
		"a..b":                             "whose name",
		"a___b":                            "whose name",
		"https://example.com/a":            "whose name",
		"a:1:2":                            "whose name",
		"a:":                               "whose tag",
		"a:-1":                             "whose tag",
		"a:1 ":                             "whose tag",
		"a:" + strings.Repeat("x", 129):    "whose tag",
		"a@":                               "whose digest",
		"a@sha256:123":                     "whose digest",
		"a@md5:" + strings.Repeat("0", 64): "whose digest",
		strings.Repeat("a", 256):           "name of 256 characters",
		strings.Repeat("a", 64):            "the ID of an image",
	} {
		err := checkImage(reference)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", reference, err, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	const address = `"avsAddress":"0x0123456789abcdef0123456789ABCDEF01234567"`
	fine := specOf(t, address)
	tests := []struct {
		name   string
		before *v1alpha1.Performer
		fields string
		want   []string
	}{
		{"nothing", nil, address, nil},
		{"an address that is none", nil, `"avsAddress":"0x123..."`, []string{`spec.avsAddress is "0x123..."`}},
		{"a long one is cut", nil, fmt.Sprintf(`"avsAddress":%q`, strings.Repeat("x", 256)), []string{"…"}},
		{"no tag", nil, address + `,"image":"host:5000/a"`, []string{"has no tag"}},
		{"latest", nil, address + `,"image":"a:latest"`, []string{"has the tag latest"}},
		{"latest, and a digest", nil, address + `,"image":"a:latest@sha256:` + strings.Repeat("0", 64) + `"`, nil},
		{"Never", nil, address + `,"imagePullPolicy":"Never"`, []string{"imagePullPolicy is Never"}},
		{"an account", nil, address + `,"config":{"serviceAccountName":"a"}`, []string{"serviceAccountName is a"}},
		{"another port", fine, address + `,"config":{"grpcPort":8080}`, []string{"grpcPort changes from 9090 to 8080"}},
		{"the default port written out", fine, address + `,"config":{"grpcPort":9090}`, nil},
		{"a port of a new one", nil, address + `,"config":{"grpcPort":8080}`, nil},
		{"all at once", nil, `"image":"a","imagePullPolicy":"Never","config":{"serviceAccountName":"a"}`,
			[]string{"avsAddress", "spec.image", "imagePullPolicy", "serviceAccountName"}},
		{"an edit of something else", specOf(t, `"image":"a","imagePullPolicy":"Never","config":{"serviceAccountName":"a"}`),
			`"image":"a","imagePullPolicy":"Never","config":{"serviceAccountName":"a"},"version":"2"`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Warnings(tt.before, specOf(t, tt.fields))
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			for i := range got {
				// Longer ones are cut by clients: https://kubernetes.io/blog/2020/09/03/warnings
				if !strings.Contains(got[i], tt.want[i]) || len(got[i]) > 200 {
					t.Errorf("got %q, want %q", got[i], tt.want[i])
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
	if p.Labels[labelName] != "mine" || p.Labels["a"] != "b" || p.Labels[labelInstance] != "x" || len(p.Labels) != 4 {
		t.Errorf("labels %v", p.Labels)
	}
	if len(p.Finalizers) != 1 || p.Finalizers[0] != render.Finalizer {
		t.Errorf("finalizers %q", p.Finalizers)
	}
	again := p.DeepCopy()
	DefaultMeta(again, true)
	if len(again.Finalizers) != 1 || len(again.Labels) != 4 || render.Revision(&again.Spec) != revision {
		t.Errorf("the second time gives %+v", again.ObjectMeta)
	}
	nameless := &v1alpha1.Performer{}
	DefaultMeta(nameless, false)
	if _, named := nameless.Labels[labelInstance]; named || len(nameless.Finalizers) > 0 {
		t.Errorf("without a name or a finalizer: %+v", nameless.ObjectMeta)
	}
}
