// render TEMPLATE BASE SYSTEMD_CGROUP [HANDLER...] executes a containerd template as K3s does, with the fields and types of
// K3s's pkg/agent/templates that ours use: BASE stands for K3s's own configuration, the HANDLERs for what K3s has found.
package main

import (
	"os"
	"text/template"
)

type runtime struct {
	RuntimeType string
	BinaryName  string
}

type config struct {
	SystemdCgroup bool
	ExtraRuntimes map[string]runtime
}

func main() {
	data := config{SystemdCgroup: os.Args[3] == "true", ExtraRuntimes: map[string]runtime{}}
	for _, handler := range os.Args[4:] {
		data.ExtraRuntimes[handler] = runtime{"io.containerd.runc.v2", "/usr/bin/" + handler}
	}

	t := template.Must(template.New("template").Parse(read(os.Args[1])))
	template.Must(t.New("base").Parse(read(os.Args[2])))
	if err := t.Execute(os.Stdout, data); err != nil {
		panic(err)
	}
}

func read(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return string(text)
}
