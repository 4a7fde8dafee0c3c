// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

const fieldsPage = "docs/fields.md"

// The effects of a changed field on the pod, in the words of the table.
const (
	replaces = "replaces"
	resizes  = "resizes"
	relabels = "relabels"
	suspends = "suspends"
	leaves   = "leaves"
)

type row struct{ does, standard, change, tests string }

// documented returns the rows of the tables in docs/fields.md by field.
func documented(t *testing.T) map[string]row {
	t.Helper()
	rows := map[string]row{}
	add := func(field string, r row) {
		if _, twice := rows[field]; twice {
			t.Errorf("%s has more than one row", field)
		}
		rows[field] = r
	}
	for _, cells := range table(t, fieldsPage, "## spec", "field") {
		if len(cells) != 5 {
			t.Fatalf("the row of %s has %d cells", cells[0], len(cells))
		}
		add(cells[0], row{does: cells[1], standard: cells[2], change: cells[3], tests: cells[4]})
	}
	for _, cells := range table(t, fieldsPage, "## status", "field") {
		if len(cells) != 4 {
			t.Fatalf("the row of %s has %d cells", cells[0], len(cells))
		}
		add(cells[0], row{does: cells[1], standard: cells[2], tests: cells[3]})
	}
	return rows
}

// fields returns the paths of the fields of an API type. It descends into the structs of this API,
// and into the elements of lists of such structs. A Kubernetes type, such as a volume, is one
// field.
func fields(t *testing.T, of reflect.Type, path string) []string {
	t.Helper()
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	ours := func(of reflect.Type) bool {
		return of.Kind() == reflect.Struct && of.PkgPath() == reflect.TypeFor[v1alpha1.Performer]().PkgPath()
	}
	switch {
	case of.Kind() == reflect.Slice && ours(of.Elem()):
		return append([]string{path}, fields(t, of.Elem(), path+"[]")...)
	case !ours(of):
		return []string{path}
	}
	var found []string
	for _, field := range reflect.VisibleFields(of) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" {
			t.Fatalf("%s.%s has no JSON name, which this test requires", of, field.Name)
		}
		found = append(found, fields(t, field.Type, path+"."+name)...)
	}
	return found
}

func allFields(t *testing.T) []string {
	t.Helper()
	return append(fields(t, reflect.TypeFor[v1alpha1.PerformerSpec](), "spec"),
		fields(t, reflect.TypeFor[v1alpha1.PerformerStatus](), "status")...)
}

func TestTableHasEveryField(t *testing.T) {
	rows := documented(t)
	for _, field := range allFields(t) {
		r, ok := rows[field]
		switch {
		case !ok:
			t.Errorf("%s has no row for %s: add one", fieldsPage, field)
		case r.does == "":
			t.Errorf("the row of %s does not describe the field", field)
		case len(code(r.tests)) == 0:
			t.Errorf("the row of %s names no test", field)
		}
		delete(rows, field)
	}
	for field := range rows {
		t.Errorf("%s has a row for %s, which the API lacks: remove it", fieldsPage, field)
	}
}

// property is the part of the CRD's schema that this test reads.
type property struct {
	Default    any                 `json:"default"`
	Properties map[string]property `json:"properties"`
	Items      *property           `json:"items"`
}

func TestTableHasDefaultsOfCRD(t *testing.T) {
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema property `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "manifests/crd/bases/hourglass.eigenlayer.io_performers.yaml")), &crd); err != nil {
		t.Fatal(err)
	}
	rows := documented(t)
	for _, field := range allFields(t) {
		at := &crd.Spec.Versions[0].Schema.OpenAPIV3Schema
		for step := range strings.SplitSeq(field, ".") {
			name, isList := strings.CutSuffix(step, "[]")
			next, ok := at.Properties[name]
			if ok && isList {
				ok = next.Items != nil
			}
			if !ok {
				t.Fatalf("the CRD lacks %s", field)
			}
			if at = &next; isList {
				at = next.Items
			}
		}
		want := []string(nil)
		if at.Default != nil {
			want = []string{fmt.Sprint(at.Default)}
		}
		if stated := code(rows[field].standard); !slices.Equal(stated, want) {
			t.Errorf("%s: the default in the table is %q, want that of the CRD: %q", field, stated, want)
		}
	}
}

// everyField is a spec with every field set. The tests change one field at a time.
const everyField = `{
	"avsAddress": "0x1", "image": "repo:1", "imagePullPolicy": "Always", "version": "1",
	"config": {
		"grpcPort": 8080, "environment": {"A": "1"}, "env": [{"name": "D", "value": "4"}],
		"environmentFrom": [{"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
		"args": ["a"], "command": ["c"], "serviceAccountName": "sa",
		"probes": {
			"service": "s",
			"startup": {"periodSeconds": 2, "timeoutSeconds": 3, "failureThreshold": 4},
			"readiness": {"periodSeconds": 2, "timeoutSeconds": 3, "failureThreshold": 4},
			"liveness": {"periodSeconds": 2, "timeoutSeconds": 3, "failureThreshold": 4}
		}
	},
	"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}},
	"scheduling": {
		"nodeSelector": {"n": "1"}, "tolerations": [{"key": "t", "operator": "Exists"}],
		"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": {"topologyKey": "zone"}}]}},
		"runtimeClass": "rc", "priorityClassName": "pc"
	},
	"hardwareRequirements": {"gpuType": "A100", "gpuCount": 1, "teeRequired": true, "teeType": "sgx", "customLabels": {"l": "1"}},
	"imagePullSecrets": [{"name": "pull"}], "replicas": 1,
	"upgradeStrategy": {"type": "BlueGreen", "progressDeadlineSeconds": 60, "drainSeconds": 5},
	"disruption": {"type": "Bridge"},
	"terminationGracePeriodSeconds": 60, "podLabels": {"team": "a"}, "podAnnotations": {"note": "b"},
	"securityContext": {"runAsNonRoot": true}, "podSecurityContext": {"fsGroup": 1},
	"volumes": [{"name": "v", "emptyDir": {}}], "volumeMounts": [{"name": "v", "mountPath": "/v"}],
	"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]
}`

// changes has a value for each field that differs from that in everyField.
var changes = map[string]string{
	"spec.avsAddress":                    `"0x2"`,
	"spec.image":                         `"repo:2"`,
	"spec.imagePullPolicy":               `"Never"`,
	"spec.version":                       `"2"`,
	"spec.config.grpcPort":               `8081`,
	"spec.config.environment":            `{"A": "2"}`,
	"spec.config.environmentFrom":        `[]`,
	"spec.config.environmentFrom[].name": `"C"`,
	"spec.config.environmentFrom[].valueFrom.secretKeyRef":    `{"name": "s", "key": "other"}`,
	"spec.config.environmentFrom[].valueFrom.configMapKeyRef": `{"name": "c", "key": "k"}`,
	"spec.config.env":                               `[{"name": "D", "value": "5"}]`,
	"spec.config.args":                              `["b"]`,
	"spec.config.command":                           `["d"]`,
	"spec.config.serviceAccountName":                `"other"`,
	"spec.config.probes.service":                    `"other"`,
	"spec.config.probes.startup.periodSeconds":      `9`,
	"spec.config.probes.startup.timeoutSeconds":     `9`,
	"spec.config.probes.startup.failureThreshold":   `9`,
	"spec.config.probes.readiness.periodSeconds":    `9`,
	"spec.config.probes.readiness.timeoutSeconds":   `9`,
	"spec.config.probes.readiness.failureThreshold": `9`,
	"spec.config.probes.liveness.periodSeconds":     `9`,
	"spec.config.probes.liveness.timeoutSeconds":    `9`,
	"spec.config.probes.liveness.failureThreshold":  `9`,
	"spec.resources":                                `{"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}`,
	"spec.scheduling.nodeSelector":                  `{"n": "2"}`,
	"spec.scheduling.tolerations":                   `[]`,
	"spec.scheduling.affinity":                      `null`,
	"spec.scheduling.runtimeClass":                  `"other"`,
	"spec.scheduling.priorityClassName":             `"other"`,
	"spec.hardwareRequirements.gpuType":             `"H100"`,
	"spec.hardwareRequirements.gpuCount":            `2`,
	"spec.hardwareRequirements.teeRequired":         `false`,
	"spec.hardwareRequirements.teeType":             `"tdx"`,
	"spec.hardwareRequirements.customLabels":        `{"l": "2"}`,
	"spec.imagePullSecrets":                         `[{"name": "other"}]`,
	"spec.replicas":                                 `0`,
	"spec.upgradeStrategy.type":                     `"Recreate"`,
	"spec.upgradeStrategy.progressDeadlineSeconds":  `61`,
	"spec.upgradeStrategy.drainSeconds":             `6`,
	"spec.disruption.type":                          `"None"`,
	"spec.terminationGracePeriodSeconds":            `61`,
	"spec.podLabels":                                `{"team": "b"}`,
	"spec.podAnnotations":                           `{"note": "c"}`,
	"spec.securityContext":                          `{"runAsNonRoot": true, "readOnlyRootFilesystem": true}`,
	"spec.podSecurityContext":                       `{"fsGroup": 2}`,
	"spec.volumes":                                  `[{"name": "v", "emptyDir": {"medium": "Memory"}}]`,
	"spec.volumeMounts":                             `[{"name": "v", "mountPath": "/w"}]`,
	"spec.topologySpreadConstraints":                `[{"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]`,
}

// changed returns everyField with one field set to its value in changes. If field is empty, it
// changes nothing.
func changed(t *testing.T, field string) v1alpha1.PerformerSpec {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(`{"spec":`+everyField+`}`), &object); err != nil {
		t.Fatal(err)
	}
	if field != "" {
		var value any
		if err := json.Unmarshal([]byte(changes[field]), &value); err != nil {
			t.Fatalf("%s: %v", field, err)
		}
		at := object
		steps := strings.Split(field, ".")
		for _, step := range steps[:len(steps)-1] {
			name, isList := strings.CutSuffix(step, "[]")
			if isList {
				at = at[name].([]any)[0].(map[string]any)
			} else {
				at = at[name].(map[string]any)
			}
		}
		at[steps[len(steps)-1]] = value
	}
	data, err := json.Marshal(object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	var spec v1alpha1.PerformerSpec
	if err := yaml.UnmarshalStrict(data, &spec); err != nil {
		t.Fatalf("%s: %v", field, err)
	}
	return spec
}

var (
	now      = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	settings = performer.Settings{ClusterDomain: render.DefaultClusterDomain, TEEs: render.DefaultTEEs()}
)

func newPerformer(spec v1alpha1.PerformerSpec) *v1alpha1.Performer {
	return &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "ns", UID: "p", Generation: 1, Finalizers: []string{render.Finalizer}},
		Spec:       spec,
	}
}

// planned returns the pod and the Service that the plan creates for a new Performer.
func planned(t *testing.T, p *v1alpha1.Performer) (*corev1.Pod, *corev1.Service) {
	t.Helper()
	var (
		pod     *corev1.Pod
		service *corev1.Service
	)
	plan := performer.Assess(performer.Observed{Performer: p, Now: now}, settings).Plan()
	for _, action := range plan.Actions {
		switch a := action.(type) {
		case performer.CreatePod:
			pod = a.Pod
		case performer.CreateService:
			service = a.Service
		}
	}
	if pod == nil || service == nil {
		t.Fatalf("the plan creates no pod or no Service: %+v", plan)
	}
	return pod, service
}

// running returns the observed state of a Performer with every field set, whose pod is ready.
func running(t *testing.T) performer.Observed {
	t.Helper()
	p := newPerformer(changed(t, ""))
	pod, service := planned(t, p)
	pod.UID, service.UID = "pod", "service"
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now)}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: render.ContainerName, Resources: pod.Spec.Containers[0].Resources.DeepCopy()}}
	o := performer.Observed{Performer: p, Pods: []*corev1.Pod{pod}, Service: service, Now: now}
	p.Status = performer.Assess(o, settings).Status(nil)
	if plan := performer.Assess(o, settings).Plan(); len(plan.Actions) > 0 || !p.Status.Ready {
		t.Fatalf("the Performer is not ready, or the plan has actions: %+v, %+v", plan, p.Status)
	}
	return o
}

// becomes returns what a plan does to the running pod, in the words of the table.
func becomes(plan performer.Plan) string {
	word := leaves
	for _, action := range plan.Actions {
		switch a := action.(type) {
		case performer.CreatePod:
			return replaces
		case performer.DeletePod:
			if a.Reason == performer.DeletedSuspended {
				return suspends
			}
			return replaces
		case performer.ResizePod:
			word = resizes
		case performer.PatchPod:
			// A resize also patches the pod's annotations.
			if word == leaves {
				word = relabels
			}
		}
	}
	return word
}

// TestTableHasEffectOfEveryChange changes each field of a running Performer, and compares the plan
// with the table and with the hashes of the spec.
func TestTableHasEffectOfEveryChange(t *testing.T) {
	rows := documented(t)
	base := changed(t, "")
	for _, field := range fields(t, reflect.TypeFor[v1alpha1.PerformerSpec](), "spec") {
		if changes[field] == "" {
			t.Errorf("this test has no other value for %s: add one to changes, and set the field in everyField", field)
			continue
		}
		o := running(t)
		o.Performer.Spec = changed(t, field)
		got := becomes(performer.Assess(o, settings).Plan())
		stated := strings.FieldsFunc(rows[field].change, func(r rune) bool { return r == ' ' || r == ',' || r == ';' })
		if len(stated) == 0 || stated[0] != got {
			t.Errorf("%s: a change %q the pod according to the table, but the plan %s it", field, rows[field].change, got)
		}
		spec := o.Performer.Spec
		if revision := render.Revision(&spec) != render.Revision(&base); revision != (got == replaces) {
			t.Errorf("%s: a change %s the pod, but whether it changes the revision is %v", field, got, revision)
		}
		if hash := render.ResourcesHash(&spec) != render.ResourcesHash(&base); hash != (got == resizes) {
			t.Errorf("%s: a change %s the pod, but whether it changes the hash of the resources is %v", field, got, hash)
		}
	}
	for field := range changes {
		if _, ok := rows[field]; !ok {
			t.Errorf("changes has %s, which the API lacks", field)
		}
	}
}

// TestResourcesThatCannotBeResized has changes of spec.resources that replace the pod.
func TestResourcesThatCannotBeResized(t *testing.T) {
	for name, resources := range map[string]string{
		"all removed":      `{}`,
		"a limit removed":  `{"limits": {"cpu": "1"}, "requests": {"cpu": "1", "memory": "1Gi"}}`,
		"a resource added": `{"limits": {"cpu": "1", "memory": "1Gi", "a.b/c": "1"}, "requests": {"cpu": "1", "memory": "1Gi"}}`,
	} {
		o := running(t)
		var requirements corev1.ResourceRequirements
		if err := json.Unmarshal([]byte(resources), &requirements); err != nil {
			t.Fatal(err)
		}
		o.Performer.Spec.Resources = requirements
		if got := becomes(performer.Assess(o, settings).Plan()); got != replaces {
			t.Errorf("%s: the plan %s the pod", name, got)
		}
	}
}

// TestFieldThatReplacesThePodShowsOnIt checks that the new pod differs from the old one after a
// change that replaces the pod. The version is an exception: it is for people.
func TestFieldThatReplacesThePodShowsOnIt(t *testing.T) {
	rendered := func(field string) *corev1.Pod {
		pod, _ := planned(t, newPerformer(changed(t, field)))
		delete(pod.Labels, render.LabelRevision)
		delete(pod.Annotations, render.AnnotationRevision)
		return pod
	}
	base := rendered("")
	rows := documented(t)
	for _, field := range slices.Sorted(maps.Keys(changes)) {
		if !strings.HasPrefix(rows[field].change, replaces) || field == "spec.version" {
			continue
		}
		if equality.Semantic.DeepEqual(rendered(field), base) {
			t.Errorf("a change of %s replaces the pod with an equal one", field)
		}
	}
}

// TestProbeDefaults compares the defaults of the probes in the table with the probes of the pod of
// a Performer that does not set them.
func TestProbeDefaults(t *testing.T) {
	pod, _ := planned(t, newPerformer(v1alpha1.PerformerSpec{AVSAddress: "0x1", Image: "repo:1"}))
	rows := documented(t)
	c := pod.Spec.Containers[0]
	for name, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "readiness": c.ReadinessProbe, "liveness": c.LivenessProbe} {
		for field, value := range map[string]int32{
			"periodSeconds": probe.PeriodSeconds, "timeoutSeconds": probe.TimeoutSeconds, "failureThreshold": probe.FailureThreshold,
		} {
			path := "spec.config.probes." + name + "." + field
			if stated := rows[path].standard; stated != fmt.Sprint(value) {
				t.Errorf("%s: the default in the table is %q, want that of the pod: %d", path, stated, value)
			}
		}
	}
}
