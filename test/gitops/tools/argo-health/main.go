// Argo CD's health of objects: `argo-health GROUP/KIND HEALTH.LUA`, a JSON list of objects in, their health out. The script runs
// as a resource.customizations.health entry of argocd-cm does: by Argo CD's own runner, without the Lua libraries it leaves out.
package main

import (
	"encoding/json"
	"os"

	appv1 "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func main() {
	script, err := os.ReadFile(os.Args[2])
	must(err)
	overrides := lua.ResourceHealthOverrides{os.Args[1]: appv1.ResourceOverride{HealthLua: string(script)}}
	var objects []map[string]any
	must(json.NewDecoder(os.Stdin).Decode(&objects))
	out := []any{}
	for _, object := range objects {
		health, err := overrides.GetResourceHealth(&unstructured.Unstructured{Object: object})
		must(err)
		out = append(out, health)
	}
	must(json.NewEncoder(os.Stdout).Encode(out))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
