// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin && !freebsd

package file

// SpaceOf knows nothing about the disk on this kind of machine.
func SpaceOf(string) (Space, error) { return Space{}, nil }
