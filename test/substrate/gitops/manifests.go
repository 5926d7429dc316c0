package main

import (
	"fmt"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

// decodeStrictly decodes an object of a kind this project does not own into that project's own Go type. A field that
// the type does not have, or of another type, is an error, as it is for the API server with their CRD installed.
func decodeStrictly(object *unstructured.Unstructured) (verdict, error) {
	targets := map[string]any{
		"monitoring.coreos.com/v1/ServiceMonitor":      &monitoringv1.ServiceMonitor{},
		"monitoring.coreos.com/v1/PodMonitor":          &monitoringv1.PodMonitor{},
		"monitoring.coreos.com/v1/PrometheusRule":      &monitoringv1.PrometheusRule{},
		"gateway.networking.k8s.io/v1/HTTPRoute":       &gatewayv1.HTTPRoute{},
		"kustomize.toolkit.fluxcd.io/v1/Kustomization": &kustomizev1.Kustomization{},
		"source.toolkit.fluxcd.io/v1/GitRepository":    &sourcev1.GitRepository{},
		"source.toolkit.fluxcd.io/v1/OCIRepository":    &sourcev1.OCIRepository{},
		"helm.toolkit.fluxcd.io/v2/HelmRelease":        &helmv2.HelmRelease{},
	}
	kind := object.GetAPIVersion() + "/" + object.GetKind()
	target, known := targets[kind]
	if !known {
		return verdict{}, fmt.Errorf("no Go type is known for %s", kind)
	}
	data, err := object.MarshalJSON()
	if err != nil {
		return verdict{}, err
	}
	if err := yaml.UnmarshalStrict(data, target); err != nil {
		return verdict{}, fmt.Errorf("%s %s: %w", kind, object.GetName(), err)
	}
	return verdict{Status: "Valid"}, nil
}
