// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// verdict is a spec and the message with which a policy must refuse it: all parts of want, or none.
type verdict struct {
	fields string
	want   []string
}

// image is a spec with an image. Its message must have the field and the image in addition to want.
func image(reference string, want ...string) verdict {
	text, err := json.Marshal(reference)
	if err != nil {
		panic(err)
	}
	if len(want) > 0 && !strings.ContainsAny(reference, "\n") {
		want = append(want, fmt.Sprintf(`spec.image: image "%s" `, reference))
	}
	return verdict{`"image":` + string(text), want}
}

// imageVolume is a spec with an image in a volume.
func imageVolume(reference string, want ...string) verdict {
	if len(want) > 0 {
		want = append(want, fmt.Sprintf(`spec.volumes[v].image.reference: image %q `, reference))
	}
	return verdict{fmt.Sprintf(`"image":"ghcr.io/team/avs:1%s","volumes":[{"name":"e","emptyDir":{}},{"name":"v","image":{"reference":%q}}]`, digest, reference), want}
}

// checkAll checks the verdict of a policy with the given parameters on each spec.
func checkAll(t *testing.T, concern string, change func(*admissionv1.ValidatingAdmissionPolicyBinding), verdicts ...verdict) {
	t.Helper()
	namespace := cluster.CreateNamespace(t)
	bind(t, concern, change, namespace)
	for _, j := range verdicts {
		t.Run(j.fields[:min(len(j.fields), 100)], func(t *testing.T) {
			controlplane.CheckRefusal(t, cluster.DryRunPost(t, namespace, "probe", controlplane.SpecWith(t, j.fields)), j.want)
		})
	}
}

func TestAllowedRegistries(t *testing.T) {
	const refused, unreadable = "is not allowed: expected an image from one of", "is not a valid reference: expected a reference such as ghcr.io/team/avs:v1"
	checkAll(t, "allowed-registries",
		// All ways to separate them, and a capital letter and a slash too many.
		with("allowed-registries", "registry.example.com/team, Ghcr.io/\ndocker.io/library\tlocalhost:5000\n\n[2001:db8::1]:5000/x bare:5000,127.0.0.1\n"),

		image("registry.example.com/team/avs:1"),
		image("registry.example.com/team/deep/er/avs"),
		image("registry.example.com/team"),
		image("registry.example.com/team:v1"),
		image("registry.example.com/team"+digest),
		image("registry.example.com/team/avs:v1"+digest),
		image("REGISTRY.example.com/team/avs:1"),
		image("registry.example.com/team/a-b_c__d.e--f:V_1.2-x"),
		image("ghcr.io/any/avs:1"),
		image("avs"),
		image("avs:latest"),
		image("avs"+digest),
		image("library/avs:1"),
		image("docker.io/avs:1"),
		image("docker.io/library/avs:1"),
		image("index.docker.io/library/avs:1"),
		image("index.docker.io/avs:1"),
		image("localhost:5000/avs:1"),
		image("LOCALHOST:5000/avs:1"),
		image("bare:5000/avs"),
		image("127.0.0.1/avs"),
		image("[2001:db8::1]:5000/x/avs:1"),
		// This is no port but a tag.
		image("evil.io:1"+digest),

		image("registry.example.com/team-evil/avs:1", refused),
		image("registry.example.com/teams", refused),
		image("registry.example.com/tea/m", refused),
		image("registry.example.com/other/team/avs", refused),
		image("registry.example.com/avs", refused),
		image("registry.example.com.evil/team/avs:1", refused),
		image("registry.example.com-evil.io/team/avs:1", refused),
		image("evil-registry.example.com/team/avs:1", refused),
		image("evil.registry.example.com/team/avs:1", refused),
		image("registry-example.com/team/avs:1", refused),
		image("registryxexample.com/team/avs:1", refused),
		image("registry.example.com:443/team/avs:1", refused),
		image("registry.example.com:5000/team/avs:1", refused),
		image("evil.io/registry.example.com/team/avs:1", refused),
		image("evil/registry.example.com/team/avs:1", refused, "(docker.io/evil/registry.example.com/team/avs)"),
		image("evil.io/avs:1", refused),
		image("evil.io:5000/avs:1", refused),
		image("evil:5000/avs:1", refused),
		image("evil/avs:1", refused, "(docker.io/evil/avs)"),
		image("docker.io/evil/avs:1", refused),
		image("index.docker.io/evil/avs", refused, "(docker.io/evil/avs)"),
		image("index.docker.io.evil/library/avs", refused),
		image("docker.io.evil/library/avs", refused),
		image("docker.io/library-evil/avs", refused),
		image("docker.io:443/library/avs", refused),
		image("registry-1.docker.io/library/avs", refused),
		image("localhost/avs:1", refused),
		image("localhost:50001/avs:1", refused),
		image("[2001:db8::2]:5000/x/avs", refused),
		image("127.0.0.1:5000/avs", refused),
		image("127.0.0.11/avs", refused),
		// A capital letter makes a first part the name of a registry: runtimes would pull from a
		// machine named Library.
		image("Library/avs:1", refused, "(library/avs)"),
		image("Evil/library/avs:1", refused),

		image("evil.io/avs@registry.example.com/team/avs", unreadable),
		image("registry.example.com/team/avs@evil.io/avs:1", unreadable),
		image("registry.example.com/team/avs:1@sha256:0123", unreadable),
		image("registry.example.com/team/avs"+digest+digest, unreadable),
		image("registry.example.com@evil.io/team/avs", unreadable),
		image("user:password@registry.example.com/team/avs", unreadable),
		image("https://registry.example.com/team/avs", unreadable),
		image("//registry.example.com/team/avs", unreadable),
		image("registry.example.com//team/avs", unreadable),
		image("registry.example.com/team/../evil/avs", unreadable),
		image("registry.example.com/team/./avs", unreadable),
		image("registry.example.com/team/", unreadable),
		image("registry.example.com./team/avs", unreadable),
		image(".registry.example.com/team/avs", unreadable),
		image("registry.example.com/TEAM/avs", unreadable),
		image("registry.example.com/team/avs%2f", unreadable),
		image("registry.example.com/team/avs?x=evil.io", unreadable),
		image("registry.example.com/team/avs#x", unreadable),
		image("registry.example.com/team/avs:", unreadable),
		image("registry.example.com/team/avs:a:b", unreadable),
		image("registry.example.com/team\\avs", unreadable),
		image("registry.example.com/team/a s", unreadable),
		image("registry.example.com:/team/avs", unreadable),
		image("registry.example.com:a/team/avs", unreadable),
		image("regıstry.example.com/team/avs", unreadable),
		image("registry.example.com/team/avs\nevil.io/avs", "spec.image and the images of spec.volumes must be from one of the allowed registries"),
		// What a node has already, from wherever.
		image("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", unreadable),
		image("sha256:0123", unreadable),
		image(digest[1:], unreadable),
		image(digest, unreadable),

		imageVolume("registry.example.com/team/model:1"),
		imageVolume("evil.io/model:1", refused),
		imageVolume("registry.example.com/team-evil/model:1", refused),
		imageVolume("", unreadable),
	)
}

func TestImageDigest(t *testing.T) {
	const refused = "does not end in a valid digest: expected one as in name@sha256:<64 hexadecimal digits>"
	const hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	checkAll(t, "image-digest", nil,
		image("avs"+digest),
		image("avs:latest"+digest),
		image("registry.example.com:5000/team/avs:v1"+digest),
		image("avs@sha512:"+hex+hex),
		image("avs", refused),
		image("avs:v1", refused),
		image("avs:sha256-"+hex, refused),
		image("sha256:"+hex, refused),
		image(digest, refused),
		image("avs@sha256:", refused),
		image("avs@sha256:"+hex[1:], refused),
		image("avs@sha256:"+hex+"0", refused),
		image("avs@sha256:"+strings.ToUpper(hex), refused),
		image("avs@sha512:"+hex, refused),
		image("avs@md5:"+hex[:32], refused),
		image("avs"+digest+":latest", refused),
		image("avs"+digest+"@", refused),
		image("avs"+digest+digest, refused),
		imageVolume("model"+digest),
		imageVolume("model:v1", refused),
		imageVolume("", refused),
	)
}

func TestImageTag(t *testing.T) {
	refused := "is not allowed: expected a tag other than latest, or a digest"
	checkAll(t, "image-tag", nil,
		image("avs:v1"),
		image("avs:latest-1"),
		image("registry.example.com:5000/team/avs:v1"),
		image("avs"+digest),
		image("avs:latest"+digest),
		image("avs", refused),
		image("avs:", refused),
		image("avs:latest", refused),
		image("latest", refused),
		image("registry.example.com/team/avs", refused),
		// The port is no tag.
		image("registry.example.com:5000/team/avs", refused),
		image("registry.example.com:5000/team/avs:latest", refused),
		// What looks like a digest and is none does not help.
		image("avs:latest@sha256:0123", refused),
		image("avs@sha256:0123", refused),
		image("avs:latest@", refused),
		imageVolume("model:v1"),
		imageVolume("model", refused),
		imageVolume("model:latest", refused),
	)
	refused = "is not allowed: expected a tag other than latest, main, dev, or a digest"
	checkAll(t, "image-tag", with("forbidden-tags", "latest, main\ndev"),
		image("avs:v1"), image("avs:main1"), image("avs:main"+digest),
		image("avs", refused), image("avs:main", refused), image("avs:dev", refused), image("avs:latest", refused))
	refused = "is not allowed: expected a tag, or a digest"
	checkAll(t, "image-tag", with("forbidden-tags", ""),
		image("avs:latest"), image("avs"+digest), image("avs", refused))
}

func TestAllowedServiceAccounts(t *testing.T) {
	account := func(name string, want ...string) verdict {
		return verdict{fmt.Sprintf(`"config":{"serviceAccountName":%q}`, name), want}
	}
	projected := func(source string, want ...string) verdict {
		return verdict{`"volumes":[{"name":"e","emptyDir":{}},{"name":"v","projected":{"sources":[{"configMap":{"name":"c"}},` + source + `]}}]`, want}
	}
	const (
		token       = `{"serviceAccountToken":{"path":"token"}}`
		certificate = `{"podCertificate":{"signerName":"example.com/signer","keyType":"ED25519","credentialBundlePath":"bundle"}}`
	)
	named := func(name, expected string) string {
		return fmt.Sprintf(`spec.config.serviceAccountName: service account %q is not allowed: expected %s`, name, expected)
	}
	mounted := `spec.volumes[v].projected: token of service account "default" is not allowed: expected `
	checkAll(t, "service-accounts", nil,
		account(""),
		account("default", named("default", "none")),
		account("avs", named("avs", "none")),
		projected(`{"secret":{"name":"s"}}`),
		projected(token, mounted+"none"),
		projected(certificate, mounted+"none"),
	)
	const list = "one of avs, other/signer"
	checkAll(t, "service-accounts", with("allowed-service-accounts", "avs, other/signer"),
		verdict{`"version":"1"`, nil},
		account("avs"),
		account("avs2", named("avs2", list)),
		account("av", named("av", list)),
		account("signer", named("signer", list)),
		account("other/signer", named("other/signer", list)),
		projected(token, mounted+list),
		// With a name it is that account's token, wherever it is mounted.
		verdict{`"config":{"serviceAccountName":"avs"},"volumes":[{"name":"v","projected":{"sources":[` + token + `]}}]`, nil},
	)
	checkAll(t, "service-accounts", with("allowed-service-accounts", "default"), account("default"), projected(token), projected(certificate))
	checkAll(t, "service-accounts", func(b *admissionv1.ValidatingAdmissionPolicyBinding) {
		namespace := strings.TrimPrefix(b.Name, policyPrefix+"service-accounts-")
		b.Annotations = map[string]string{parameters + "allowed-service-accounts": namespace + "/signer"}
	}, account("signer"), account("avs", `spec.config.serviceAccountName: service account "avs" is not allowed: expected one of test-`))
}

func TestAllowedRuntimeClasses(t *testing.T) {
	class := func(name string, want ...string) verdict {
		return verdict{fmt.Sprintf(`"scheduling":{"runtimeClass":%q}`, name), want}
	}
	const refused = "is not allowed: expected one of gvisor, kata, kata-qemu-sev, kata-qemu-snp, kata-qemu-tdx"
	checkAll(t, "runtime-classes", nil,
		verdict{`"scheduling":{"priorityClassName":"high"}`, nil},
		class(""), class("gvisor"), class("kata-qemu-tdx"),
		class("runc", `spec.scheduling.runtimeClass: RuntimeClass "runc" `+refused),
		class("kata-qemu", refused), class("kat", refused), class("Kata", refused), class("gvisor,kata", refused))
	checkAll(t, "runtime-classes", with("allowed-runtime-classes", ""), class(""), class("kata", `spec.scheduling.runtimeClass: RuntimeClass "kata" is not allowed: expected none`))
}

func TestResourceCeilings(t *testing.T) {
	limits := func(limits string, want ...string) verdict {
		return verdict{`"resources":{"limits":{` + limits + `}}`, want}
	}
	checkAll(t, "resource-ceilings", nil,
		limits(`"cpu":"8","memory":"32Gi","ephemeral-storage":"64Gi"`),
		limits(`"cpu":8,"memory":34359738368,"ephemeral-storage":1`),
		limits(`"cpu":"8000m","memory":"0.03125Ti","ephemeral-storage":"1e9"`),
		limits(`"cpu":"8001m","memory":"1Gi","ephemeral-storage":"1Gi"`, "spec.resources.limits.cpu: 8001m exceeds the ceiling: expected at most 8"),
		limits(`"cpu":9,"memory":"1Gi","ephemeral-storage":"1Gi"`, "spec.resources.limits.cpu: 9 exceeds the ceiling: expected at most 8"),
		limits(`"cpu":"1E","memory":"1Gi","ephemeral-storage":"1Gi"`, "spec.resources.limits.cpu: 1E exceeds the ceiling: expected at most 8"),
		limits(`"cpu":"1","memory":"34359738369","ephemeral-storage":"1Gi"`, "spec.resources.limits.memory: 34359738369 exceeds the ceiling: expected at most 32Gi"),
		limits(`"cpu":"1","memory":"1Gi","ephemeral-storage":"65Gi"`, "spec.resources.limits.ephemeral-storage: 65Gi exceeds the ceiling: expected at most 64Gi"),
		// No limit is no ceiling.
		verdict{`"version":"1"`, []string{"spec.resources.limits.cpu: no limit is set: expected at most 8"}},
		limits(`"cpu":"1"`, "spec.resources.limits.memory: no limit is set: expected at most 32Gi"),
		limits(`"cpu":"1","memory":"1Gi"`, "spec.resources.limits.ephemeral-storage: no limit is set: expected at most 64Gi"),
		verdict{`"resources":{"requests":{"cpu":"1","memory":"1Gi","ephemeral-storage":"1Gi"}}`, []string{"spec.resources.limits.cpu: no limit is set"}},
		verdict{`"resources":{"limits":{"cpu":"1","memory":"1Gi","ephemeral-storage":"1Gi"},"requests":{"memory":"33Gi"}}`,
			[]string{"spec.resources.requests.memory: 33Gi exceeds the ceiling: expected at most 32Gi"}},
	)

	gpus := func(count int, kind, limits string, want ...string) verdict {
		return verdict{fmt.Sprintf(`"hardwareRequirements":{"gpuCount":%d,"gpuType":%q},"resources":{"limits":{%s}}`, count, kind, limits), want}
	}
	sum := func(n string) string {
		return "spec.hardwareRequirements.gpuCount: " + n + " GPUs, with the nvidia.com/ limits of spec.resources, exceed the ceiling: expected at most 2"
	}
	checkAll(t, "resource-ceilings", with("max-gpus", "2"),
		// Resources without a ceiling need no limit.
		verdict{`"version":"1"`, nil},
		gpus(2, "", ""),
		gpus(2, "A100", ""),
		gpus(0, "", `"nvidia.com/gpu":2`),
		gpus(1, "", `"nvidia.com/mig-1g.5gb":1`),
		// gpuCount takes the place of the same resource.
		gpus(2, "", `"nvidia.com/gpu":2`),
		gpus(2, "A100", `"nvidia.com/gpu":"20"`),
		gpus(2, "MIG-1g.5gb", `"nvidia.com/mig-1g.5gb":2`),
		gpus(2, "", `"example.com/gpu":9`),
		gpus(3, "", "", sum("3")),
		gpus(3, "mig-1g.5gb", "", sum("3")),
		gpus(0, "", `"nvidia.com/gpu":3`, sum("3")),
		gpus(0, "", `"nvidia.com/gpu":"3k"`, sum("3000")),
		gpus(0, "", `"nvidia.com/mig-1g.5gb":3`, sum("3")),
		gpus(0, "", `"nvidia.com/gpu.shared":3`, sum("3")),
		gpus(2, "", `"nvidia.com/mig-1g.5gb":1`, sum("3")),
		gpus(2, "mig-1g.5gb", `"nvidia.com/gpu":1`, sum("3")),
		gpus(0, "", `"nvidia.com/mig-1g.5gb":2,"nvidia.com/gpu":1`, sum("3")),
		gpus(3, "", `"nvidia.com/mig-1g.5gb":-1`, sum("3")),
	)
}

// TestPoliciesCheckOnlyWhatChanges changes Performers that were there before the policy, near what
// is wrong with them.
func TestPoliciesCheckOnlyWhatChanges(t *testing.T) {
	const limits = `"limits":{"cpu":"9","memory":"33Gi","ephemeral-storage":"1Gi"`
	volumes := func(list string) string { return `"volumes":[` + list + `]` }
	const evil = `{"name":"a","image":{"reference":"evil.io/model:1"}}`
	const token = `{"name":"a","projected":{"sources":[{"serviceAccountToken":{"path":"token"}}]}}`
	for _, test := range []struct {
		name, concern, before string
		steps                 []verdict
	}{
		{"images", "allowed-registries", volumes(evil), []verdict{
			{`"imagePullPolicy":"Always"`, nil},
			{volumes(evil + `,{"name":"b","emptyDir":{}}`), nil},
			{volumes(`{"name":"b","emptyDir":{}},` + evil), nil},
			{volumes(evil + `,{"name":"b","image":{"reference":"evil.io/model:1"}}`), []string{`spec.volumes[b].image.reference: image "evil.io/model:1"`}},
			{volumes(`{"name":"a","image":{"reference":"evil.io/model:2"}}`), []string{`spec.volumes[a].image.reference: image "evil.io/model:2"`}},
			{`"image":"evil.io/model:1"`, []string{`spec.image: image "evil.io/model:1"`}},
			{`"image":"ghcr.io/team/avs:2"`, nil},
			{volumes(`{"name":"a","emptyDir":{}}`), nil},
			{volumes(evil), []string{`spec.volumes[a].image.reference: image "evil.io/model:1"`}},
		}},
		{"ceilings", "resource-ceilings", `"resources":{` + limits + `}}`, []verdict{
			{`"version":"2"`, nil},
			// The memory is too much too, and has not changed.
			{`"resources":{"limits":{"cpu":"8"}}`, nil},
			{`"resources":{"requests":{"memory":"1Gi"}}`, []string{"spec.resources.limits.memory: 33Gi exceeds the ceiling"}},
			{`"resources":{"limits":{"cpu":null}}`, []string{"spec.resources.limits.cpu: no limit is set"}},
			{`"resources":{"limits":{"memory":"1Gi"}}`, nil},
			// As numbers.
			{`"resources":{"limits":{"cpu":7},"requests":{"cpu":1}}`, nil},
			{`"resources":{"limits":{"cpu":8}}`, nil},
			{`"resources":{"limits":{"cpu":9}}`, []string{"spec.resources.limits.cpu: 9 exceeds the ceiling: expected at most 8"}},
			{`"resources":{"requests":{"cpu":9}}`, []string{"spec.resources.requests.cpu: 9 exceeds the ceiling: expected at most 8"}},
			{`"resources":null`, []string{"spec.resources.limits.cpu: no limit is set"}},
		}},
		{"GPUs", "resource-ceilings", `"resources":{` + limits + `},"requests":{"cpu":"1"}},"hardwareRequirements":{"gpuCount":9}`, []verdict{
			{`"hardwareRequirements":{"gpuType":"A100"}`, nil},
			{`"hardwareRequirements":{"gpuCount":10}`, []string{"gpuCount: 10 GPUs, with the nvidia.com/ limits of spec.resources, exceed the ceiling: expected at most 8"}},
			{`"resources":{"limits":{"nvidia.com/mig-1g.5gb":1}}`, []string{"10 GPUs, with the nvidia.com/ limits of spec.resources, exceed the ceiling: expected at most 8"}},
			{`"hardwareRequirements":{"gpuCount":8}`, nil},
		}},
		{"an account", "service-accounts", `"config":{"serviceAccountName":"admin"}`, []verdict{
			{`"config":{"args":["a"]}`, nil},
			{volumes(token), nil},
			{`"config":{"serviceAccountName":"other"}`, []string{`spec.config.serviceAccountName: service account "other"`}},
			// The volume then has another account's token.
			{`"config":{"serviceAccountName":null}`, []string{`spec.volumes[a].projected: token of service account "default"`}},
			{`"config":{"serviceAccountName":null},"volumes":null`, nil},
			{volumes(token), []string{`spec.volumes[a].projected: token of service account "default"`}},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			namespace := cluster.CreateNamespace(t)
			if err := cluster.Post(t, namespace, "a", controlplane.SpecWith(t, test.before)); err != nil {
				t.Fatal(err)
			}
			bind(t, test.concern, nil, namespace)
			for _, step := range test.steps {
				t.Run(step.fields, func(t *testing.T) { controlplane.CheckRefusal(t, patchSpec(t, namespace, "a", step.fields), step.want) })
			}
		})
	}
}

// TestInvalidParameters has parameters that can't be what was meant. What they are about is
// refused, with the reason.
func TestInvalidParameters(t *testing.T) {
	var tests []func()
	for _, test := range []struct{ concern, parameter, value, want string }{
		{"allowed-registries", "allowed-registries", "", "is missing or empty: expected registries"},
		{"allowed-registries", "allowed-registries", " ,\n", "is missing or empty: expected registries"},
		{"allowed-registries", "allowed-registries", "ghcr.io,team", `contains "team": expected a registry, with or without a path, such as ghcr.io or docker.io/library`},
		{"allowed-registries", "allowed-registries", "team/avs", `contains "team/avs": expected a registry`},
		{"allowed-registries", "allowed-registries", "*.example.com", `contains "*.example.com": expected a registry`},
		{"allowed-registries", "allowed-registries", "*", `contains "*": expected a registry`},
		{"allowed-registries", "allowed-registries", "/", `contains "": expected a registry`},
		{"allowed-registries", "allowed-registries", "https://ghcr.io", `contains "https://ghcr.io": expected a registry`},
		{"allowed-registries", "allowed-registries", "ghcr.io/avs:v1", `contains "ghcr.io/avs:v1": expected a registry`},
		{"allowed-registries", "allowed-registries", `["ghcr.io"]`, `: expected a registry`},
		{"runtime-classes", "allowed-runtime-classes", "kata,*", `contains "*": expected the name of a RuntimeClass`},
		{"service-accounts", "allowed-service-accounts", "*", `contains "*": expected a service account, as name or namespace/name`},
		{"service-accounts", "allowed-service-accounts", "a/b/c", `contains "a/b/c": expected a service account, as name or namespace/name`},
		{"resource-ceilings", "max-cpu", "much", `is "much": expected a quantity, such as 4 or 8Gi`},
		{"resource-ceilings", "max-memory", "", `is "": expected a quantity, such as 4 or 8Gi`},
		{"resource-ceilings", "max-gpus", "8 GPUs", `is "8 GPUs": expected a quantity, such as 4 or 8Gi`},
	} {
		namespace := cluster.CreateNamespace(t)
		controlplane.CheckRefusal(t, cluster.Post(t, namespace, "a", controlplane.SpecWith(t, bad(test.concern))), nil)
		binding := install(t, test.concern, with(test.parameter, test.value), namespace)
		tests = append(tests, func() {
			t.Run(test.parameter+"="+test.value, func(t *testing.T) {
				mustRefuse(t, binding, namespace)
				controlplane.CheckRefusal(t, cluster.DryRunPost(t, namespace, "probe", controlplane.SpecWith(t, bad(test.concern))), []string{
					": cannot be checked: annotation " + parameters + test.parameter + " of ValidatingAdmissionPolicyBinding " + binding, test.want})
				checkOtherWrites(t, namespace, "a")
				controlplane.CheckRefusal(t, patchSpec(t, namespace, "a", `"version":"2"`), nil)
			})
		})
	}
	for _, test := range tests {
		test()
	}
}

// TestPoliciesAtTheirLargest has the longest spec that the CRD lets pass under long lists. A policy
// that went over the API server's budget for an expression would refuse any spec.
func TestPoliciesAtTheirLargest(t *testing.T) {
	const entries = 200
	list := func(entry string) string {
		var text strings.Builder
		for i := range entries {
			fmt.Fprintf(&text, "%s%d\n", entry, i)
		}
		return text.String()
	}
	registry := "registry.example.com/" + strings.Repeat("a/", 60) + "x"
	reference := registry + fmt.Sprint(entries-1) + "/" + strings.Repeat("b", 700) + ":v1" + digest
	volumes := make([]string, 64)
	for i := range volumes {
		volumes[i] = fmt.Sprintf(`{"name":"v%d","image":{"reference":"%s"}}`, i, reference)
	}
	spec := fmt.Sprintf(`"image":%q,"volumes":[%s],"config":{"serviceAccountName":"x%d"},"scheduling":{"runtimeClass":"x%d"},
		"resources":{"limits":{"cpu":"1"}}`, reference, strings.Join(volumes, ","), entries-1, entries-1)
	for concern, change := range map[string]func(*admissionv1.ValidatingAdmissionPolicyBinding){
		"allowed-registries": with("allowed-registries", list(registry)),
		"image-digest":       nil,
		"image-tag":          with("forbidden-tags", list("x")),
		"resource-ceilings":  with("max-cpu", "1"),
		"runtime-classes":    with("allowed-runtime-classes", list("x")),
		"service-accounts":   with("allowed-service-accounts", list("x")),
	} {
		checkAll(t, concern, change, verdict{spec, nil})
	}
	// All volumes are checked, also the last one.
	checkAll(t, "allowed-registries", with("allowed-registries", list(registry)), verdict{
		strings.Replace(spec, `"v63","image":{"reference":"registry`, `"v63","image":{"reference":"evil`, 1),
		[]string{"spec.image and the images of spec.volumes must be from one of the allowed registries"},
	})
}
