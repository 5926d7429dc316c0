// Command gotuf says what go-tuf, the library of the server, makes of metadata.
//
//	gotuf read             what it reads from single files, and whether their signatures verify after its round trip
//	gotuf client DIR TIME  whether a client trusts the repository in DIR, from 1.root.json on, at TIME (RFC 3339)
//	gotuf version
//
// read takes one request a line on standard input, {"type", "file", "root"?, "role"?} with files in base64, and answers
// each with one line. client prints {"verdict": "accept" or "refuse", "reason"}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "version":
		fmt.Println("gotuf 1")
		return nil
	case len(args) == 1 && args[0] == "read":
		return readAll()
	case len(args) == 3 && args[0] == "client":
		return json.NewEncoder(os.Stdout).Encode(client(args[1], args[2]))
	}
	return fmt.Errorf("usage: gotuf read | client DIR TIME | version")
}

func readAll() error {
	input := bufio.NewReader(os.Stdin)
	decoder := json.NewDecoder(input)
	encoder := json.NewEncoder(os.Stdout)
	for decoder.More() {
		var asked request
		if err := decoder.Decode(&asked); err != nil {
			return err
		}
		if err := encoder.Encode(read(asked)); err != nil {
			return err
		}
	}
	return nil
}
