// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"os"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// healthCheck returns the script that deploy/argocd gives to Argo CD.
func healthCheck(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(repository.Path("deploy/argocd/argocd-cm.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var settings struct{ Data map[string]string }
	if err := yaml.UnmarshalStrict(text, &settings); err != nil {
		t.Fatal(err)
	}
	script := settings.Data["resource.customizations.health.hourglass.eigenlayer.io_Performer"]
	if len(settings.Data) != 1 || script == "" {
		t.Fatalf("the settings are %v", settings.Data)
	}
	return script
}

// health runs the script as Argo CD does: with the object as obj, and with the basic and the table
// library and no other.
func health(t *testing.T, script string, object *unstructured.Unstructured) (status, message string) {
	t.Helper()
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			t.Fatal(err)
		}
	}
	state.SetGlobal("obj", toLua(t, state, object.Object))
	if err := state.DoString(script); err != nil {
		t.Fatal(err)
	}
	result, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("it returns %s", state.Get(-1))
	}
	return result.RawGetString("status").String(), result.RawGetString("message").String()
}

func toLua(t *testing.T, state *lua.LState, value any) lua.LValue {
	t.Helper()
	switch v := value.(type) {
	case nil:
		return lua.LNil
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	case int64:
		return lua.LNumber(v)
	case []any:
		table := state.NewTable()
		for _, element := range v {
			table.Append(toLua(t, state, element))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, element := range v {
			table.RawSetString(key, toLua(t, state, element))
		}
		return table
	default:
		t.Fatalf("no Lua for a %T", value)
		return nil
	}
}

func TestArgoCD(t *testing.T) {
	script := healthCheck(t)
	for _, tt := range situations {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.happens(w)
			status, message := health(t, script, w.object())
			if status != tt.argo || !strings.HasPrefix(message, tt.message) {
				t.Errorf("it is %s: %s\nwant  %s: %s\nwith the status %+v", status, message, tt.argo, tt.message, w.Performer.Status)
			}
		})
	}
	t.Run("without a status", func(t *testing.T) {
		object := newWorld(t).object()
		delete(object.Object, "status")
		if status, _ := health(t, script, object); status != "Progressing" {
			t.Errorf("it is %s", status)
		}
	})
}
