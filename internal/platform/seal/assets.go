// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"embed"
	"io/fs"
)

//go:embed assets/*.js words/en.txt words/es.txt
var files embed.FS

// Assets are the browser's half of this package, for whoever serves pages:
// hpke.js (the bundled library), sealing.js (the formats), receipt.js (the seven
// words), directory.js (whose keys an office has), and the two lists of words as
// en.txt and es.txt. A site adds them once.
func Assets() fs.FS { return files }

func wordList(lang string) string {
	text, err := files.ReadFile("words/" + lang + ".txt")
	if err != nil {
		panic("seal: the list of words is not in the program: " + err.Error())
	}
	return string(text)
}
