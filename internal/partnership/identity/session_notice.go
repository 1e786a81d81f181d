// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"waylight/internal/partnership/program"
)

// Notice is what everybody confirms to have read before they can sign in to a program.
type Notice struct {
	Paragraphs []string
	Mark       string // names these very words; the custody entry of a sign-in carries it
}

// staffNotice is the key under which a pack's told.yaml may have words of its own.
const staffNotice = "staff-sign-in"

// defaultNotice says the four things that a notice must say (CJIS Security Policy AC-8): that the system is restricted, that use is recorded and may be audited, that
// use without permission is forbidden and can be punished, and that who goes on agrees to the recording.
const defaultNotice = `This system is restricted: it is for people whose duty is to act on reports. What you do here is recorded in a log that nobody can quietly change, and may be watched and audited. Use without permission is forbidden and can be punished under criminal and civil law. By signing in you agree to this recording.

Open a report only when your work needs it. Never use what you read here for anything else.`

// Notice returns a program's notice.
func (s *Service) Notice(programID string) Notice {
	p, _ := s.programs.Program(programID)
	return noticeOf(p)
}

func noticeOf(p *program.Program) Notice {
	text := defaultNotice
	if p != nil {
		if own := p.Told[staffNotice].In("en"); own != "" {
			text = own
		}
	}
	sum := sha256.Sum256([]byte(text))
	return Notice{Paragraphs: strings.Split(strings.TrimSpace(text), "\n\n"), Mark: "notice:" + hex.EncodeToString(sum[:8])}
}

// shownNotice is a notice as the sign-in page shows it.
type shownNotice struct {
	Heading    string // the programs that it is for; "" when it is for all
	Paragraphs []string
}

// notices lists what the sign-in page shows: each text once.
func (s *Service) notices() []shownNotice {
	var list []shownNotice
	at := map[string]int{}
	for _, id := range s.programs.IDs() {
		p, _ := s.programs.Program(id)
		n := s.Notice(id)
		i, seen := at[n.Mark]
		if seen {
			list[i].Heading += ", " + p.Name.In("en")
			continue
		}
		at[n.Mark] = len(list)
		list = append(list, shownNotice{p.Name.In("en"), n.Paragraphs})
	}
	if len(list) == 1 {
		list[0].Heading = ""
	}
	return list
}
