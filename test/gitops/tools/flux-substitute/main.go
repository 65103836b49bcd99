// What Flux's kustomize-controller does with postBuild.substitute: a JSON list of objects in, the objects as they would be applied out.
// Arguments: `default` or `strict`, then NAME=VALUE. An object that Flux refuses comes out as {"error": …}.
package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"

	"github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/hasher"
	"sigs.k8s.io/kustomize/api/resource"
)

func main() {
	var objects []map[string]any
	must(json.NewDecoder(os.Stdin).Decode(&objects))
	substitute := map[string]any{}
	for _, argument := range os.Args[2:] {
		name, value, _ := strings.Cut(argument, "=")
		substitute[name] = value
	}
	kustomization := unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"postBuild": map[string]any{"substitute": substitute}},
	}}
	factory := resource.NewFactory(&hasher.Hasher{})
	out := []map[string]any{}
	for _, object := range objects {
		out = append(out, substituted(factory, kustomization, object))
	}
	must(json.NewEncoder(os.Stdout).Encode(out))
}

func substituted(factory *resource.Factory, kustomization unstructured.Unstructured, object map[string]any) map[string]any {
	res, err := factory.FromMap(object)
	must(err)
	// Without a cluster: only variables that stand in the Kustomization itself.
	after, err := kustomize.SubstituteVariables(context.Background(), nil, kustomization, res,
		kustomize.SubstituteWithDryRun(true), kustomize.SubstituteWithStrict(os.Args[1] == "strict"))
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	if after == nil {
		return object // marked: left as it is
	}
	result, err := after.Map()
	must(err)
	return result
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
