// SPDX-License-Identifier: Apache-2.0

package campaign_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"waylight/internal/partnership/identity"
	"waylight/internal/platform/custody"
	"waylight/internal/platform/store"
)

var codeLink = regexp.MustCompile(`/staff/campaigns/[^"]*code\.(svg|png)[^"]*`)

// The page of a campaign leads to pictures of its code and of those of its pieces, which a
// reader finds the printed addresses in. Of a code that is switched off there is none, nor
// for whoever may not read the campaign.
func TestPicturesOfCodes(t *testing.T) {
	w := one(t)
	c := w.make()
	at := "/staff/campaigns/" + c.ID.String()
	staff := w.as(lead)
	w.piece(staff, at, photo(t))
	page := staff.GetDoc(at)
	links := codeLink.FindAllString(page.Body, -1)
	if len(links) != 4 {
		t.Fatalf("the page has the links %q", links)
	}
	for _, link := range links {
		doc := staff.GetDoc(link)
		if doc.Status != http.StatusOK || !strings.HasPrefix(doc.Header.Get("Content-Disposition"), "attachment") {
			t.Fatalf("%s: %d %v", link, doc.Status, doc.Header)
		}
		if strings.Contains(link, "png") {
			found := readCode(t, doc.Body)
			if text, ok := strings.CutPrefix(found, "HTTPS://TIPS.EXAMPLE.GOV/Q/"); !ok || !strings.Contains(page.Body, "tips.example.gov/q/"+text) {
				t.Errorf("%s: a reader finds %q, which does not stand on the page", link, found)
			}
		} else if !strings.Contains(doc.Body, "<desc id=\"desc\">QR code that opens tips.example.gov/q/") {
			t.Errorf("%s: %s", link, doc.Body)
		}
	}
	if doc := staff.GetDoc(at + "/code.png?piece=" + store.NewID().String()); doc.Status != http.StatusNotFound {
		t.Errorf("of a piece that is not there: %d", doc.Status)
	}
	if doc := w.as(identity.Member{Program: here, ID: store.NewID(), Office: "mdcps", Roles: helper.Roles, Active: true}).GetDoc(links[0]); doc.Status != http.StatusNotFound {
		t.Errorf("who does not take part: %d", doc.Status)
	}
	own, err := w.codes.Of(t.Context(), w.db, here, c.ID)
	check(t, err)
	check(t, w.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := w.codes.Switch(tx, here, own[0].ID, false, "system")
		tx.Log(custody.Entry{Program: here, Event: "test.switched", Record: "test:codes", Actor: "system"})
		return err
	}))
	if doc := staff.GetDoc(at + "/code.png"); doc.Status != http.StatusConflict || !strings.Contains(doc.Main(), "switched off") {
		t.Errorf("of a code that is off: %d %s", doc.Status, doc.Main())
	}
	if left := codeLink.FindAllString(staff.GetDoc(at).Body, -1); len(left) != 2 {
		t.Errorf("the page still leads to %q", left)
	}
}

// readCode is what a reader of codes that is not ours finds in a picture.
func readCode(t *testing.T, picture string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "code.png")
	check(t, os.WriteFile(file, []byte(picture), 0o600))
	if _, err := exec.LookPath("zbarimg"); err != nil {
		t.Fatal("zbarimg is missing: apt-get install -y --no-install-recommends zbar-tools")
	}
	out, err := exec.Command("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file).Output()
	check(t, err)
	return strings.TrimSpace(string(out))
}
