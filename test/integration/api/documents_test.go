// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// documented is an object that docs/operations.md shows.
type documented struct {
	metav1.PartialObjectMetadata
	json []byte
}

// path is where the API server has the object. Of those on the page, only the PodDisruptionBudget is in a
// namespace.
func (d *documented) path() string {
	namespace := ""
	if d.Kind == "PodDisruptionBudget" {
		namespace = "namespaces/default/"
	}
	return fmt.Sprintf("/apis/%s/%s%ss/%s", d.APIVersion, namespace, strings.ToLower(d.Kind), d.Name)
}

func documentedObjects(t *testing.T) []*documented {
	t.Helper()
	page, err := os.ReadFile(repository.Path("docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	var objects []*documented
	for _, block := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		for text := range strings.SplitSeq(block[1], "---\n") {
			d := &documented{}
			if d.json, err = yaml.YAMLToJSONStrict([]byte(text)); err == nil {
				err = yaml.Unmarshal(d.json, &d.PartialObjectMetadata)
			}
			if err != nil {
				t.Fatalf("%v:\n%s", err, text)
			}
			objects = append(objects, d)
		}
	}
	return objects
}

// TestDocumentedObjects applies what docs/operations.md shows, and checks by which FlowSchema the
// API server then handles the operator's requests: those of the page.
func TestDocumentedObjects(t *testing.T) {
	client := kube.Discovery().RESTClient()
	uids := map[string]types.UID{}
	for _, object := range documentedObjects(t) {
		applied := &metav1.PartialObjectMetadata{}
		answer, err := client.Patch(types.ApplyPatchType).AbsPath(object.path()).Param("fieldManager", "test").
			Param("fieldValidation", metav1.FieldValidationStrict).Body(object.json).DoRaw(t.Context())
		if err == nil {
			err = yaml.Unmarshal(answer, applied)
		}
		if err != nil {
			t.Fatalf("%s %s: %v", object.Kind, object.Name, err)
		}
		t.Cleanup(func() {
			if err := client.Delete().AbsPath(object.path()).Do(context.WithoutCancel(t.Context())).Error(); err != nil {
				t.Error(err)
			}
		})
		uids[object.Kind+" "+object.Name] = applied.UID
	}

	const namespace = "hourglass-system"
	operator := rest.CopyConfig(config)
	operator.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + namespace + ":hourglass-operator-controller-manager",
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
	}
	transport, err := rest.HTTPClientFor(operator)
	if err != nil {
		t.Fatal(err)
	}
	for path, schema := range map[string]string{
		"/apis/hourglass.eigenlayer.io/v1alpha1/performers":                                                 "hourglass-operator",
		"/api/v1/namespaces/default/pods":                                                                   "hourglass-operator",
		"/apis/coordination.k8s.io/v1/namespaces/" + namespace + "/leases/b8e8a8a8.hourglass.eigenlayer.io": "hourglass-operator-leader-election",
		"/apis/coordination.k8s.io/v1/namespaces/some-other/leases/b8e8a8a8.hourglass.eigenlayer.io":        "hourglass-operator",
	} {
		want := uids["FlowSchema "+schema]
		if want == "" {
			t.Fatalf("the page has no FlowSchema %s", schema)
		}
		// The server needs a moment to load new schemas.
		wait.For(t, "FlowSchema "+schema+" for "+path, func(ctx context.Context) error {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			response, err := transport.Do(request)
			if err != nil {
				return err
			}
			defer response.Body.Close()
			if got := response.Header.Get("X-Kubernetes-PF-FlowSchema-UID"); got != string(want) {
				return fmt.Errorf("status %d, FlowSchema %q, want %s", response.StatusCode, got, schema)
			}
			return nil
		})
	}
}
