// SPDX-License-Identifier: Apache-2.0

package disclosure

import (
	"fmt"
	"math/rand/v2"
)

// cube is a random table of counts: as many dimensions as sizes, with many small
// counts and zeros.
func cube(r *rand.Rand, sizes ...int) Counts {
	c := Counts{Name: "cube", Measure: "recovered"}
	for d, n := range sizes {
		dim := Dimension{Name: fmt.Sprintf("d%d", d)}
		for v := range n {
			dim.Values = append(dim.Values, Value{Name: fmt.Sprintf("v%d", v)})
		}
		c.Dimensions = append(c.Dimensions, dim)
	}
	small := r.Float64()
	at := make([]int, len(sizes))
	for {
		key := make([]string, len(at))
		for d, v := range at {
			key[d] = fmt.Sprintf("v%d", v)
		}
		value := int64(11 + r.IntN(40))
		switch {
		case r.Float64() < small/2:
			value = int64(r.IntN(11))
		case r.Float64() < 0.1:
			value = 0
		}
		c.Cells = append(c.Cells, Count{Key: key, Value: value})
		d := 0
		for ; d < len(at); d++ {
			if at[d]++; at[d] < sizes[d] {
				break
			}
			at[d] = 0
		}
		if d == len(at) {
			return c
		}
	}
}
