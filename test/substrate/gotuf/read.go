package main

import (
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// request is one file, and the root that delegates to it if its signatures are to be verified.
type request struct {
	Type string `json:"type"`
	File []byte `json:"file"`
	Root []byte `json:"root"`
	Role string `json:"role"`
}

// reading is what the library sees in a file.
type reading struct {
	// Error is set when it can't read the file at all.
	Error      string            `json:"error,omitempty"`
	Version    int64             `json:"version"`
	Expires    time.Time         `json:"expires"`
	Signatures map[string]string `json:"signatures,omitempty"`
	// Links maps file names of meta to versions.
	Links map[string]int64 `json:"links,omitempty"`
	// Roles maps role names to key ids and thresholds.
	Roles map[string]roleReading `json:"roles,omitempty"`
	// Keys maps key ids to public keys.
	Keys map[string]string `json:"keys,omitempty"`
	// Unverified says why the signatures are not accepted; empty when they are, or when no root was given.
	Unverified string `json:"unverified,omitempty"`
}

type roleReading struct {
	KeyIDs    []string `json:"keyids"`
	Threshold int      `json:"threshold"`
}

func read(asked request) reading {
	switch asked.Type {
	case metadata.ROOT:
		file, err := new(metadata.Metadata[metadata.RootType]).FromBytes(asked.File)
		if err != nil {
			return reading{Error: err.Error()}
		}
		seen := reading{Version: file.Signed.Version, Expires: file.Signed.Expires, Signatures: signatures(file.Signatures)}
		seen.Keys = keys(file.Signed.Keys)
		seen.Roles = map[string]roleReading{}
		for name, role := range file.Signed.Roles {
			if role != nil {
				seen.Roles[name] = roleReading{role.KeyIDs, role.Threshold}
			}
		}
		seen.Unverified = verify(asked, file)
		return seen
	case metadata.TIMESTAMP:
		file, err := new(metadata.Metadata[metadata.TimestampType]).FromBytes(asked.File)
		if err != nil {
			return reading{Error: err.Error()}
		}
		seen := reading{Version: file.Signed.Version, Expires: file.Signed.Expires, Signatures: signatures(file.Signatures)}
		seen.Links = links(file.Signed.Meta)
		seen.Unverified = verify(asked, file)
		return seen
	case metadata.SNAPSHOT:
		file, err := new(metadata.Metadata[metadata.SnapshotType]).FromBytes(asked.File)
		if err != nil {
			return reading{Error: err.Error()}
		}
		seen := reading{Version: file.Signed.Version, Expires: file.Signed.Expires, Signatures: signatures(file.Signatures)}
		seen.Links = links(file.Signed.Meta)
		seen.Unverified = verify(asked, file)
		return seen
	}
	file, err := new(metadata.Metadata[metadata.TargetsType]).FromBytes(asked.File)
	if err != nil {
		return reading{Error: err.Error()}
	}
	seen := reading{Version: file.Signed.Version, Expires: file.Signed.Expires, Signatures: signatures(file.Signatures)}
	if delegations := file.Signed.Delegations; delegations != nil {
		seen.Keys = keys(delegations.Keys)
		seen.Roles = map[string]roleReading{}
		for _, role := range delegations.Roles {
			seen.Roles[role.Name] = roleReading{role.KeyIDs, role.Threshold}
		}
	}
	seen.Unverified = verify(asked, file)
	return seen
}

func signatures(list []metadata.Signature) map[string]string {
	found := map[string]string{}
	for _, signature := range list {
		found[signature.KeyID] = hex.EncodeToString(signature.Signature)
	}
	return found
}

func links(meta map[string]*metadata.MetaFiles) map[string]int64 {
	found := map[string]int64{}
	for name, link := range meta {
		if link != nil {
			found[name] = link.Version
		}
	}
	return found
}

func keys(all map[string]*metadata.Key) map[string]string {
	found := map[string]string{}
	for id, key := range all {
		if key != nil {
			found[id] = key.Value.PublicKey
		}
	}
	return found
}

// verify asks the delegator: a root, or for a delegated role the targets that delegate to it.
func verify(asked request, file any) string {
	if len(asked.Root) == 0 {
		return ""
	}
	var kind struct {
		Signed struct {
			Type string `json:"_type"`
		} `json:"signed"`
	}
	if err := json.Unmarshal(asked.Root, &kind); err != nil {
		return err.Error()
	}
	role := asked.Role
	if role == "" {
		role = asked.Type
	}
	var err error
	if kind.Signed.Type == metadata.TARGETS {
		var delegator *metadata.Metadata[metadata.TargetsType]
		if delegator, err = new(metadata.Metadata[metadata.TargetsType]).FromBytes(asked.Root); err == nil {
			err = delegator.VerifyDelegate(role, file)
		}
	} else {
		var delegator *metadata.Metadata[metadata.RootType]
		if delegator, err = new(metadata.Metadata[metadata.RootType]).FromBytes(asked.Root); err == nil {
			err = delegator.VerifyDelegate(role, file)
		}
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
