// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"sync"
	"time"
)

// WorkHeader is the request header that carries a proof of work.
const WorkHeader = "Waylight-Work"

const (
	workRounds = 100              // of PBKDF2 for each try: browsers do them as fast as any other program does
	workBits   = 13               // zero bits that a try must give: 8,192 tries in the mean
	workLasts  = 10 * time.Minute // how long a puzzle can be handed in
	workKept   = 50_000           // proofs that are remembered, so that each counts once
	workSize   = 1 + 8 + 8 + 16   // bytes of a challenge
)

// Work is a puzzle as a page is given it; docs/spec/work.md has the bytes.
type Work struct {
	Challenge string `json:"challenge"`
	Rounds    int    `json:"rounds"`
	Bits      int    `json:"bits"`
}

// Puzzles makes puzzles and knows their solutions. A puzzle is not kept: it
// carries its end and a signature. A solution belongs to the words that it was
// found for, and counts once.
type Puzzles struct {
	Rounds, Bits int // how hard they are

	key  []byte
	mu   sync.Mutex
	used map[[sha256.Size]byte]time.Time // by challenge: until when it is remembered
}

// NewPuzzles makes puzzles under a key that is derived from secret. Processes
// with the same secret know each other's puzzles.
func NewPuzzles(secret []byte) *Puzzles {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("waylight/work/v1"))
	return &Puzzles{Rounds: workRounds, Bits: workBits, key: h.Sum(nil), used: map[[sha256.Size]byte]time.Time{}}
}

// New makes a puzzle.
func (p *Puzzles) New() Work {
	b := make([]byte, workSize)
	b[0] = 1
	binary.BigEndian.PutUint64(b[1:], uint64(time.Now().Add(workLasts).Unix()))
	rand.Read(b[9:17])
	copy(b[17:], p.sign(b[:17]))
	return Work{base64.RawURLEncoding.EncodeToString(b), p.Rounds, p.Bits}
}

func (p *Puzzles) sign(b []byte) []byte {
	h := hmac.New(sha256.New, p.key)
	h.Write(b)
	return h.Sum(nil)[:16]
}

// Solves says whether a header holds the solution of a puzzle of ours for these
// words. Asked twice, it says no.
func (p *Puzzles) Solves(header string, words []byte) bool {
	text, number, ok := strings.Cut(header, ".")
	if !ok || len(text) != base64.RawURLEncoding.EncodedLen(workSize) {
		return false
	}
	challenge, err := base64.RawURLEncoding.DecodeString(text)
	nonce, bad := strconv.ParseUint(number, 10, 32)
	if err != nil || bad != nil || challenge[0] != 1 || !hmac.Equal(challenge[17:], p.sign(challenge[:17])) {
		return false
	}
	ends := time.Unix(int64(binary.BigEndian.Uint64(challenge[1:])), 0)
	if !time.Now().Before(ends) || !tried(sha256.Sum256(words), challenge, uint32(nonce), p.Rounds, p.Bits) {
		return false
	}
	return p.once(sha256.Sum256(challenge), ends)
}

// tried says whether one try gives enough zero bits.
func tried(digest [sha256.Size]byte, challenge []byte, nonce uint32, rounds, bits int) bool {
	salt := binary.BigEndian.AppendUint32(challenge[:len(challenge):len(challenge)], nonce)
	out, err := pbkdf2.Key(sha256.New, string(digest[:]), salt, rounds, 16)
	return err == nil && binary.BigEndian.Uint32(out)>>(32-bits) == 0
}

// once says whether a challenge is handed in for the first time. With too many to
// remember, none counts: then all words stand in one line, as without puzzles.
func (p *Puzzles) once(challenge [sha256.Size]byte, ends time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, again := p.used[challenge]; again {
		return false
	}
	if len(p.used) >= workKept {
		now := time.Now()
		for c, until := range p.used {
			if !now.Before(until) {
				delete(p.used, c)
			}
		}
	}
	if len(p.used) >= workKept {
		return false
	}
	p.used[challenge] = ends
	return true
}

// Solve does what a page's script does: for programs that write here, and tests.
func Solve(w Work, words []byte) (header string, ok bool) {
	challenge, err := base64.RawURLEncoding.DecodeString(w.Challenge)
	if err != nil || w.Bits < 0 || w.Bits > 24 {
		return "", false
	}
	digest := sha256.Sum256(words)
	for nonce := range uint32(1 << 31) {
		if tried(digest, challenge, nonce, w.Rounds, w.Bits) {
			return w.Challenge + "." + strconv.FormatUint(uint64(nonce), 10), true
		}
	}
	return "", false
}
