// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/binary"
	"net/url"

	"waylight/internal/platform/fault"
	"waylight/internal/platform/seal"
)

// sealedMagic begins a report that the sender's browser sealed, with the version
// of its layout. docs/spec/submission.md describes it.
const sealedMagic = "WLS\x01"

// maxWraps is far more than the offices of any plan.
const maxWraps = 64

var errSealedShape = fault.New(fault.Invalid, "sealed_format", "What was sent is not a sealed report in a version this program knows. Nothing was kept.")

// sealedReport is a report as a browser sends it. Its parts are slices of what
// was sent.
type sealedReport struct {
	head     url.Values // what routing needs, as the form names it
	lookup   [32]byte
	replyKey []byte
	body     Part
	reporter *Part // nil: nothing of it was answered
}

// parseSealed reads a sealed report: shapes and sizes only. Whatever is inside
// the sealed parts, this program cannot read it.
func parseSealed(data []byte) (sealedReport, error) {
	r := wireReader{rest: data}
	if !bytes.Equal(r.take(len(sealedMagic)), []byte(sealedMagic)) {
		return sealedReport{}, errSealedShape
	}
	head := r.long()
	var out sealedReport
	copy(out.lookup[:], r.take(len(out.lookup)))
	out.replyKey = r.take(seal.PublicKeySize)
	out.body = r.part()
	if len(r.rest) > 0 {
		reporter := r.part()
		out.reporter = &reporter
	}
	if r.failed || len(r.rest) > 0 {
		return sealedReport{}, errSealedShape
	}
	var err error
	if out.head, err = url.ParseQuery(string(head)); err != nil {
		return sealedReport{}, errSealedShape
	}
	return out, nil
}

// wireReader cuts what was sent into its parts; after a failure it gives nothing.
type wireReader struct {
	rest   []byte
	failed bool
}

func (r *wireReader) take(n int) []byte {
	if r.failed || n < 0 || n > len(r.rest) {
		r.failed = true
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

// long takes bytes with their length before them.
func (r *wireReader) long() []byte {
	size := r.take(4)
	if r.failed {
		return nil
	}
	return r.take(int(binary.BigEndian.Uint32(size)))
}

func (r *wireReader) short() int {
	size := r.take(1)
	if r.failed {
		return 0
	}
	return int(size[0])
}

// part takes a sealed body and its wraps.
func (r *wireReader) part() Part {
	sealed, err := seal.Inspect(r.long())
	count := r.short()
	if err != nil || count > maxWraps {
		r.failed = true
	}
	p := Part{Sealed: sealed}
	for i := 0; i < count && !r.failed; i++ {
		w := wrapped{holder: string(r.take(r.short()))}
		copy(w.keyID[:], r.take(len(w.keyID)))
		w.wrap = r.take(seal.WrapSize)
		if r.failed || !seal.IsWrap(w.wrap) {
			r.failed = true
			break
		}
		p.Wraps = append(p.Wraps, w)
	}
	return p
}
