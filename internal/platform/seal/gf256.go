// SPDX-License-Identifier: Apache-2.0

package seal

// Arithmetic in GF(2^8) with the polynomial of AES (x^8+x^4+x^3+x+1), without
// tables or branches on the values, so that timing tells nothing of a secret.

// gfMul multiplies.
func gfMul(a, b byte) byte {
	var product byte
	for range 8 {
		product ^= a & -(b & 1)
		carry := -(a >> 7)
		a = a<<1 ^ 0x1b&carry
		b >>= 1
	}
	return product
}

// gfInverse returns a^254, which is 1/a, and 0 for 0.
func gfInverse(a byte) byte {
	result, power := byte(1), a
	for range 7 {
		power = gfMul(power, power)
		result = gfMul(result, power)
	}
	return result
}

// gfEvaluate evaluates a polynomial, constant term first, at x.
func gfEvaluate(coefficients []byte, x byte) byte {
	var y byte
	for i := len(coefficients) - 1; i >= 0; i-- {
		y = gfMul(y, x) ^ coefficients[i]
	}
	return y
}

// gfWeights returns the Lagrange weights with which the values at the points
// xs (all different) make the value at x.
func gfWeights(xs []byte, x byte) []byte {
	weights := make([]byte, len(xs))
	for i := range xs {
		weight := byte(1)
		for j := range xs {
			if i != j {
				weight = gfMul(weight, gfMul(x^xs[j], gfInverse(xs[i]^xs[j])))
			}
		}
		weights[i] = weight
	}
	return weights
}
