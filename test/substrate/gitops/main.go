// Command gitops-health says what three GitOps engines make of a resource, each by the library that engine itself
// uses: kstatus (kubectl, Flux, Config Sync), Flux' healthCheckExprs (CEL) and Argo CD's health.lua. And whether a
// manifest for Flux, the Prometheus operator or the Gateway API is one, by their own types.
//
//	gitops-health kstatus             < object.json
//	gitops-health flux KUSTOMIZATION  < object.json
//	gitops-health argocd HEALTH.LUA   < object.json
//	gitops-health decode              < object.json
//
// It prints {"status": …, "message": …} and exits 0; a manifest or script that the engine would refuse exits 1.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// verdict is what an engine shows about an object.
type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "version" {
		fmt.Println("gitops-health 1")
		return
	}
	result, err := evaluate(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func evaluate(args []string) (verdict, error) {
	object, err := readObject(os.Stdin)
	if err != nil {
		return verdict{}, err
	}
	switch {
	case len(args) == 1 && args[0] == "kstatus":
		return kstatusOf(object)
	case len(args) == 2 && args[0] == "flux":
		return fluxHealthOf(args[1], object)
	case len(args) == 2 && args[0] == "argocd":
		return argoHealthOf(args[1], object)
	case len(args) == 1 && args[0] == "decode":
		return decodeStrictly(object)
	}
	return verdict{}, fmt.Errorf("usage: gitops-health kstatus | flux KUSTOMIZATION | argocd HEALTH.LUA | decode, with an object on standard input")
}

func readObject(from io.Reader) (*unstructured.Unstructured, error) {
	data, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{}
	return object, object.UnmarshalJSON(data)
}
