// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package app

import "os"

// lockFolder does nothing where there are no advisory locks.
func lockFolder(string) (release func(), err error) { return func() {}, nil }

func lockFile(*os.File) error { return nil }
