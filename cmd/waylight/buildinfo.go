// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
)

// What the Go linker writes before the information on a build: a mark, at a multiple
// of 16 bytes; 32 bytes on, two texts behind their lengths. The library that reads it
// from any kind of program (debug/buildinfo) would bring readers for five kinds of
// them into ours, which needs but its own.
const (
	buildMark  = "\xff Go buildinf:"
	buildAlign = 16
	buildHead  = 32
	buildFlags = 15
	inlined    = 2  // the texts follow, and are not pointed to
	sentinel   = 16 // around the second text, on either side
)

var errNoBuild = errors.New("it holds no information on how it was built")

// readBuild reads what a program that Go built says of itself.
func readBuild(file string) (*debug.BuildInfo, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for at := 0; ; at += buildAlign {
		next := bytes.Index(data[at:], []byte(buildMark))
		if next < 0 {
			return nil, errNoBuild
		}
		at += next
		if at%buildAlign != 0 {
			at -= at % buildAlign
			continue
		}
		if len(data) < at+buildHead || data[at+buildFlags]&inlined == 0 {
			continue
		}
		if info, err := parseBuild(data[at+buildHead:]); err == nil {
			return info, nil
		}
	}
}

func parseBuild(data []byte) (*debug.BuildInfo, error) {
	version, rest, err := counted(data)
	if err != nil {
		return nil, err
	}
	module, _, err := counted(rest)
	if err != nil {
		return nil, err
	}
	if len(module) < 2*sentinel+1 {
		return nil, errNoBuild
	}
	info, err := debug.ParseBuildInfo(string(module[sentinel : len(module)-sentinel]))
	if err != nil {
		return nil, fmt.Errorf("what it says of its build cannot be read: %w", err)
	}
	info.GoVersion = string(version)
	return info, nil
}

// counted reads a text behind its length.
func counted(data []byte) (text, rest []byte, err error) {
	n, size := binary.Uvarint(data)
	if size <= 0 || n > uint64(len(data)-size) {
		return nil, nil, errNoBuild
	}
	return data[size : size+int(n)], data[size+int(n):], nil
}
