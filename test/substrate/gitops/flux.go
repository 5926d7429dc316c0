package main

import (
	"context"
	"fmt"
	"os"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// fluxHealthOf evaluates the healthCheckExprs that a Flux Kustomization gives for the object's kind. The manifest is
// decoded strictly, so that a field that Flux does not know is an error here as it is there.
func fluxHealthOf(path string, object *unstructured.Unstructured) (verdict, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return verdict{}, err
	}
	var kustomization kustomizev1.Kustomization
	if err := yaml.UnmarshalStrict(data, &kustomization); err != nil {
		return verdict{}, fmt.Errorf("%s: %w", path, err)
	}
	for _, check := range kustomization.Spec.HealthCheckExprs {
		if check.APIVersion != object.GetAPIVersion() || check.Kind != object.GetKind() {
			continue
		}
		evaluator, err := cel.NewStatusEvaluator(&check.HealthCheckExpressions)
		if err != nil {
			return verdict{}, err
		}
		result, err := evaluator.Evaluate(context.Background(), object)
		if err != nil {
			return verdict{}, err
		}
		return verdict{Status: result.Status.String(), Message: result.Message}, nil
	}
	return verdict{}, fmt.Errorf("%s has no health expression for %s", path, object.GetKind())
}
