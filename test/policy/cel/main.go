// Evaluates ValidatingAdmissionPolicies as the API server does: the same environment (Kubernetes' CEL libraries, optional types, cost budgets), the same
// compiler, the same validator. Reads {"policies": [...], "objects": [...]} and prints, for each object, the messages of all validations that are false or
// fail. With the argument "fields" it prints the fields of the pod API instead.
//
// Left out: defaulting and conversion of the object, resource rules, bindings and parameters. The suite `cluster` evaluates the same policies in a whole
// API server.
package main

import (
	"context"
	"encoding/json"
	"os"

	v1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	apiservercel "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"
)

type input struct {
	Policies []v1.ValidatingAdmissionPolicy `json:"policies"`
	Objects  []map[string]any               `json:"objects"`
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "fields" {
		check(json.NewEncoder(os.Stdout).Encode(fields()))
		return
	}
	var in input
	check(json.NewDecoder(os.Stdin).Decode(&in))
	out := make([][]string, len(in.Objects))
	for i := range out {
		out[i] = []string{}
	}
	for _, policy := range in.Policies {
		validator := compile(policy)
		check(validator.CompileError())
		for i, object := range in.Objects {
			out[i] = append(out[i], denials(validator, object)...)
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(out))
}

// Source: k8s.io/apiserver pkg/admission/plugin/policy/validating/plugin.go, compilePolicy.
func compile(policy v1.ValidatingAdmissionPolicy) validating.Validator {
	compiler, err := cel.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	check(err)
	optional := cel.OptionalVariableDeclarations{HasAuthorizer: true}
	variables := []cel.NamedExpressionAccessor{}
	for _, variable := range policy.Spec.Variables {
		variables = append(variables, &validating.Variable{Name: variable.Name, Expression: variable.Expression})
	}
	compiler.CompileAndStoreVariables(variables, optional, environment.StoredExpressions)
	conditions := []cel.ExpressionAccessor{}
	for i := range policy.Spec.MatchConditions {
		conditions = append(conditions, (*matchconditions.MatchCondition)(&policy.Spec.MatchConditions[i]))
	}
	validations, messages := []cel.ExpressionAccessor{}, []cel.ExpressionAccessor{}
	for _, validation := range policy.Spec.Validations {
		validations = append(validations, &validating.ValidationCondition{Expression: validation.Expression, Message: validation.Message})
		messages = append(messages, &validating.MessageExpressionCondition{})
	}
	condition := func(expressions []cel.ExpressionAccessor) cel.ConditionEvaluator {
		return compiler.CompileCondition(expressions, optional, environment.StoredExpressions)
	}
	matcher := matchconditions.NewMatcher(condition(conditions), policy.Spec.FailurePolicy, "policy", "validate", policy.Name)
	return validating.NewValidator(condition(validations), matcher, condition(nil), condition(messages), policy.Spec.FailurePolicy, nil)
}

func denials(validator validating.Validator, content map[string]any) []string {
	object := &unstructured.Unstructured{Object: content}
	kind := object.GroupVersionKind()
	resource := schema.GroupVersionResource{Group: kind.Group, Version: kind.Version, Resource: "any"}
	attributes := admission.NewAttributesRecord(
		object, nil, kind, object.GetNamespace(), object.GetName(), resource, "", admission.Create, &metav1.CreateOptions{}, false, &user.DefaultInfo{},
	)
	versioned := &admission.VersionedAttributes{Attributes: attributes, VersionedObject: admission.NewLazyObject(object), VersionedKind: kind}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	result := validator.Validate(context.Background(), resource, versioned, nil, namespace, apiservercel.RuntimeCELCostBudget, nil)
	messages := []string{}
	for _, decision := range result.Decisions {
		if decision.Action == validating.ActionDeny {
			messages = append(messages, decision.Message)
		}
	}
	return messages
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
