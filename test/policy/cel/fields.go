package main

import (
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// fields lists the JSON fields of the types that a pod is written with, by type.
func fields() map[string][]string {
	out := map[string][]string{}
	for _, value := range []any{
		corev1.PodSpec{}, corev1.PodSecurityContext{}, corev1.Container{}, corev1.SecurityContext{}, corev1.VolumeMount{}, corev1.VolumeSource{},
		corev1.NodeRuntimeHandlerFeatures{},
	} {
		kind := reflect.TypeOf(value)
		for i := 0; i < kind.NumField(); i++ {
			name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
			out[kind.Name()] = append(out[kind.Name()], name)
		}
	}
	return out
}
