// SPDX-License-Identifier: Apache-2.0

// Package programs carries the packs that are built into the binary: us, which
// every program builds on, and one folder for each state's program. They are
// data: docs/spec/pack.md describes the files and docs/law.md how a rule of law
// becomes one. Package internal/partnership/program reads them.
package programs

import (
	"embed"
	"io/fs"
)

// FS holds a folder for each pack.
//
//go:embed us ms
var FS embed.FS

//go:embed demo
var demo embed.FS

// Demo is what the demo lays over FS: the same programs with invented offices.
func Demo() (fs.FS, error) { return fs.Sub(demo, "demo") }
