// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"syscall"
)

// keepMemory keeps what is in memory, where reports are in the clear for a moment, out of
// core files, and other processes of the same user from reading it.
func keepMemory() error {
	err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
	if err != nil {
		return fmt.Errorf("turning core files off: %w", err)
	}
	_, _, no := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0)
	if no != 0 {
		return fmt.Errorf("closing the memory to other processes: %w", no)
	}
	return nil
}
