// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"

	"waylight/internal/platform/seal"
)

const (
	listSize  = 1 << 13
	freeWords = 6 // of a receipt's seven; the last is partly check
)

// wordList is a language's list of words that recovery shares are written in, one a line: read off receipts, which show six words of any choice each.
func wordList(lang string) string {
	var b strings.Builder
	for from := 0; from < listSize; from += freeWords {
		n := new(big.Int)
		for i := range freeWords {
			n.Lsh(n, 13).Or(n, big.NewInt(int64((from+i)%listSize)))
		}
		var r seal.Receipt
		n.Lsh(n, 2).FillBytes(r[:])
		shown := strings.Split(r.Words(lang), "-")
		for _, word := range shown[:min(freeWords, listSize-from)] {
			b.WriteString(word + "\n")
		}
	}
	return b.String()
}

// lists keeps the two lists once they were asked for.
type lists struct{ english, spanish func() string }

func newLists() lists {
	return lists{sync.OnceValue(func() string { return wordList("en") }), sync.OnceValue(func() string { return wordList("es") })}
}

// serve answers with a list: the browser writes recovery shares in it and suggests passphrases.
func (l lists) serve(w http.ResponseWriter, r *http.Request) error {
	list := l.english
	if r.PathValue("list") == "es" {
		list = l.spanish
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, err := io.WriteString(w, list())
	return err
}
