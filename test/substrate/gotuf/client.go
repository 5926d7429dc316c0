package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

type verdict struct {
	Verdict string `json:"verdict"`
	Reason  string `json:"reason,omitempty"`
}

// maxRoots is far above what any test writes.
const maxRoots = 2000

// client follows the chain of a client that reads every role: roots, timestamp, snapshot, targets, delegated roles.
func client(directory, at string) verdict {
	if err := follow(directory, at); err != nil {
		return verdict{"refuse", err.Error()}
	}
	return verdict{Verdict: "accept"}
}

func follow(directory, at string) error {
	now, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return err
	}
	file := func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(directory, url.PathEscape(name)))
	}
	first, err := file("1.root.json")
	if err != nil {
		return err
	}
	trusted, err := trustedmetadata.New(first)
	if err != nil {
		return err
	}
	trusted.RefTime = now
	for version := 2; version < maxRoots; version++ {
		next, err := file(fmt.Sprintf("%d.root.json", version))
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		if err != nil {
			return err
		}
		if _, err := trusted.UpdateRoot(next); err != nil {
			return err
		}
	}
	timestamp, err := file("timestamp.json")
	if err != nil {
		return err
	}
	if _, err := trusted.UpdateTimestamp(timestamp); err != nil {
		return err
	}
	link := trusted.Timestamp.Signed.Meta["snapshot.json"]
	snapshot, err := file(fmt.Sprintf("%d.snapshot.json", link.Version))
	if err != nil {
		return err
	}
	if _, err := trusted.UpdateSnapshot(snapshot, false); err != nil {
		return err
	}
	return delegated(trusted, file)
}

type delegation struct{ role, delegator string }

func delegated(trusted *trustedmetadata.TrustedMetadata, file func(string) ([]byte, error)) error {
	seen := map[delegation]bool{}
	pending := []delegation{{metadata.TARGETS, metadata.ROOT}}
	for len(pending) > 0 {
		next := pending[0]
		pending = pending[1:]
		if seen[next] {
			continue
		}
		seen[next] = true
		link, ok := trusted.Snapshot.Signed.Meta[next.role+".json"]
		if !ok {
			return fmt.Errorf("the snapshot does not list %s", next.role)
		}
		bytes, err := file(fmt.Sprintf("%d.%s.json", link.Version, next.role))
		if err != nil {
			return err
		}
		targets, err := trusted.UpdateDelegatedTargets(bytes, next.role, next.delegator)
		if err != nil {
			return err
		}
		if targets.Signed.Delegations == nil {
			continue
		}
		for _, role := range targets.Signed.Delegations.Roles {
			pending = append(pending, delegation{role.Name, next.role})
		}
		if succinct := targets.Signed.Delegations.SuccinctRoles; succinct != nil {
			for _, name := range succinct.GetRoles() {
				pending = append(pending, delegation{name, next.role})
			}
		}
	}
	return nil
}
