// Binds request bodies as the server does, with Go's own encoding/json, so that the binding of the shim can be compared
// with it. Reads one base64 body a line, writes one JSON answer a line: what was bound, or the error text.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// The names are part of the error texts: this is the server's struct.
type bootstrapRecoveryPayload struct {
	AppName string `json:"appName"`
	Timeout *int   `json:"timeout,omitempty"`
}

type answer struct {
	AppName        string `json:"appName,omitempty"`
	TimeoutSeconds int    `json:"timeoutSeconds,omitempty"`
	Error          string `json:"error,omitempty"`
}

var appName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9-]*$`)

func bind(body []byte) answer {
	var payload bootstrapRecoveryPayload
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&payload); err != nil {
		// The server's package is called bootstrap, this one main.
		text := strings.Replace(err.Error(), "main.bootstrapRecoveryPayload", "bootstrap.bootstrapRecoveryPayload", 1)
		return answer{Error: "Invalid payload format: " + text}
	}
	if payload.AppName == "" {
		return answer{Error: "Invalid payload format: Key: 'bootstrapRecoveryPayload.AppName' Error:Field validation for 'AppName' failed on the 'required' tag"}
	}
	if !appName.MatchString(payload.AppName) {
		return answer{Error: fmt.Sprintf("appName %q is invalid: only alphanumeric characters and hyphens are allowed, and it must start with an alphanumeric character", payload.AppName)}
	}
	timeout := 300
	if payload.Timeout != nil && *payload.Timeout > 0 && *payload.Timeout < timeout {
		timeout = *payload.Timeout
	}
	return answer{AppName: payload.AppName, TimeoutSeconds: timeout}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for lines.Scan() {
		body, err := base64.StdEncoding.DecodeString(lines.Text())
		if err != nil {
			panic(err)
		}
		if err := encoder.Encode(bind(body)); err != nil {
			panic(err)
		}
	}
}
