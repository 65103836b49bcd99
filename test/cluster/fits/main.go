// Whether nodes fit pods, by the predicates of the scheduler that look at labels and taints: reads {"pods": [...], "nodes": [...]} and prints, for
// each pod, one line per node: "fits", or why it does not. Left out: resources, ports, volumes, affinity between pods.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	v1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

func main() {
	var input struct {
		Pods  []v1.Pod
		Nodes []v1.Node
	}
	if err := json.NewDecoder(os.Stdin).Decode(&input); err != nil {
		fail(err)
	}
	verdicts := [][]string{}
	for i := range input.Pods {
		verdicts = append(verdicts, verdictsOf(&input.Pods[i], input.Nodes))
	}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		fail(err)
	}
}

func verdictsOf(pod *v1.Pod, nodes []v1.Node) []string {
	found := []string{}
	for i := range nodes {
		found = append(found, verdict(pod, &nodes[i]))
	}
	return found
}

// As pkg/scheduler/framework/plugins/nodeaffinity and .../tainttoleration filter.
func verdict(pod *v1.Pod, node *v1.Node) string {
	matches, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node)
	if err != nil {
		fail(err)
	}
	if !matches {
		return "node selector"
	}
	scheduling := func(taint *v1.Taint) bool {
		return taint.Effect == v1.TaintEffectNoSchedule || taint.Effect == v1.TaintEffectNoExecute
	}
	if taint, untolerated := corev1.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, pod.Spec.Tolerations, scheduling, true); untolerated {
		return "taint " + taint.ToString()
	}
	return "fits"
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
