// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waylight/internal/platform/gate"
)

func TestAProofCountsOnceAndForItsWords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, words := gate.NewPuzzles([]byte("a secret")), []byte("sealed words")
		p.Rounds, p.Bits = 50, 8
		w, number := puzzle(t, p, words, []byte("other words"))
		proof := w.Challenge + "." + strconv.Itoa(number)
		stranger := gate.NewPuzzles([]byte("another secret"))
		stranger.Rounds, stranger.Bits = p.Rounds, p.Bits
		other := w.Challenge + "." + strconv.Itoa(number-1)
		for name, wrong := range map[string]string{
			"empty": "", "no number": w.Challenge, "another number": other, "forged": proof[:30] + turned(proof[30]) + proof[31:], "cut": proof[1:], "a sign": strings.Replace(proof, ".", ".-", 1),
		} {
			if p.Solves(wrong, words) {
				t.Errorf("%s counts", name)
			}
		}
		switch {
		case p.Solves(proof, []byte("other words")):
			t.Error("it counts for other words")
		case stranger.Solves(proof, words):
			t.Error("a site knows another site's puzzle")
		case !p.Solves(proof, words):
			t.Error("it does not count")
		case p.Solves(proof, words):
			t.Error("it counts twice")
		}
		w = p.New()
		proof, ok := gate.Solve(w, words)
		if !ok {
			t.Fatal("not solved")
		}
		<-time.After(10 * time.Minute)
		if p.Solves(proof, words) {
			t.Error("it counts after its end")
		}
	})
}

// puzzle gives one whose smallest number for the words is not the first, and smaller than
// that for others: so neither the number before it nor it for the others proves anything,
// which one in 256 does by chance.
func puzzle(t *testing.T, p *gate.Puzzles, words, others []byte) (gate.Work, int) {
	t.Helper()
	number := func(w gate.Work, words []byte) int {
		proof, ok := gate.Solve(w, words)
		_, text, _ := strings.Cut(proof, ".")
		n, err := strconv.Atoi(text)
		if err != nil || !ok {
			t.Fatal("not solved", err)
		}
		return n
	}
	for {
		w := p.New()
		if n := number(w, words); n > 0 && number(w, others) > n {
			return w, n
		}
	}
}

// turned is another letter.
func turned(letter byte) string {
	if letter == 'A' {
		return "B"
	}
	return "A"
}

func FuzzSolves(f *testing.F) {
	p := gate.NewPuzzles([]byte("a secret"))
	f.Add(p.New().Challenge+".7", []byte("words"))
	f.Add(".", []byte(""))
	f.Fuzz(func(t *testing.T, header string, words []byte) {
		_ = p.Solves(header, words)
	})
}
