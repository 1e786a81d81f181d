// SPDX-License-Identifier: Apache-2.0

package code

// Whole is a sum as it may be shown.
func Whole(parts []int64) Shown { return whole(parts) }
