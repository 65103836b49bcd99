// GitLab Runner's reading of a configuration: `gitlab-runner-config SOURCE CONFIG.TOML`, a PodSpec in, the PodSpec with the patches
// of the first runner out. SOURCE is the runner's module. It cannot be compiled, as modules that it needs are not on the Go proxy, so
// its struct types are read from its source: a key that they do not have, or of another type, is an error. Left out are types of
// other packages, which accept everything, and the validation of values. Patches are applied by the same function that
// executors/kubernetes/kubernetes.go, doPodSpecMerge, calls.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/BurntSushi/toml"
	api "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/yaml"
)

func main() {
	types := typesOf(filepath.Join(os.Args[1], "common"))
	document := map[string]any{}
	_, err := toml.DecodeFile(os.Args[2], &document)
	must(err)
	types.check("", ast.NewIdent("Config"), document)

	var config struct {
		Runners []struct {
			Kubernetes struct {
				PodSpec []struct {
					Patch string `toml:"patch"`
					Type  string `toml:"patch_type"`
				} `toml:"pod_spec"`
			} `toml:"kubernetes"`
		} `toml:"runners"`
	}
	_, err = toml.DecodeFile(os.Args[2], &config)
	must(err)
	var given api.PodSpec
	must(json.NewDecoder(os.Stdin).Decode(&given))
	spec, err := json.Marshal(given)
	must(err)
	for _, one := range config.Runners[0].Kubernetes.PodSpec {
		if one.Type != "strategic" {
			panic("a patch of type " + one.Type)
		}
		patch, err := yaml.YAMLToJSON([]byte(one.Patch))
		must(err)
		spec, err = strategicpatch.StrategicMergePatch(spec, patch, api.PodSpec{})
		must(err)
	}
	var patched api.PodSpec
	must(json.Unmarshal(spec, &patched))
	must(json.NewEncoder(os.Stdout).Encode(patched))
}

type types map[string]ast.Expr

func typesOf(directory string) types {
	found := types{}
	files, err := filepath.Glob(filepath.Join(directory, "*.go"))
	must(err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		must(err)
		ast.Inspect(parsed, func(node ast.Node) bool {
			if spec, ok := node.(*ast.TypeSpec); ok {
				found[spec.Name.Name] = spec.Type
			}
			return true
		})
	}
	return found
}

func (t types) check(path string, kind ast.Expr, value any) {
	switch kind := kind.(type) {
	case *ast.StarExpr:
		t.check(path, kind.X, value)
	case *ast.ArrayType:
		for i, item := range items(path, value) {
			t.check(fmt.Sprintf("%s[%d]", path, i), kind.Elt, item)
		}
	case *ast.MapType:
		for key, item := range table(path, value) {
			t.check(path+"."+key, kind.Value, item)
		}
	case *ast.StructType:
		fields := map[string]ast.Expr{}
		t.fields(kind, fields)
		for key, item := range table(path, value) {
			field, known := fields[key]
			if !known {
				panic(path + "." + key + " is unknown to GitLab Runner")
			}
			t.check(path+"."+key, field, item)
		}
	case *ast.Ident:
		if declared, ok := t[kind.Name]; ok {
			t.check(path, declared, value)
		} else if actual := reflect.TypeOf(value).String(); !strings.HasPrefix(actual, kind.Name) {
			panic(fmt.Sprintf("%s is %s, and GitLab Runner expects %s", path, actual, kind.Name))
		}
	case *ast.SelectorExpr:
	default:
		panic(fmt.Sprintf("%s: %T", path, kind))
	}
}

func (t types) fields(kind *ast.StructType, found map[string]ast.Expr) {
	for _, field := range kind.Fields.List {
		if embedded, ok := field.Type.(*ast.Ident); ok && len(field.Names) == 0 {
			t.fields(t[embedded.Name].(*ast.StructType), found)
		} else if field.Tag != nil {
			tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("toml")
			found[strings.Split(tag, ",")[0]] = field.Type
		}
	}
}

func items(path string, value any) []any {
	if tables, ok := value.([]map[string]any); ok {
		out := []any{}
		for _, one := range tables {
			out = append(out, one)
		}
		return out
	}
	list, ok := value.([]any)
	if !ok {
		panic(path + " is not a list")
	}
	return list
}

func table(path string, value any) map[string]any {
	map_, ok := value.(map[string]any)
	if !ok {
		panic(path + " is not a table")
	}
	return map_
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
