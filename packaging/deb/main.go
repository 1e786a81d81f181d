// SPDX-License-Identifier: Apache-2.0

// Command deb writes Waylight's package for Debian and Ubuntu: the binary, its
// units, its settings and its documents. The same input gives the same bytes,
// whoever builds it and where, and a binary that needs anything of the machine,
// or is for another kind of machine, is refused.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

func main() {
	var b build
	var epoch int64
	flag.StringVar(&b.root, "root", ".", "folder of the repository")
	flag.StringVar(&b.binary, "binary", "", "the built program")
	flag.StringVar(&b.version, "version", "", "version of the package; begins with a digit")
	flag.StringVar(&b.arch, "arch", "amd64", "amd64 or arm64")
	flag.Int64Var(&epoch, "epoch", 0, "time of every file in the package, in seconds since 1970 (SOURCE_DATE_EPOCH)")
	out := flag.String("out", "", "file to write")
	flag.Parse()
	b.at = time.Unix(epoch, 0).UTC()
	if err := b.writeTo(*out); err != nil {
		fmt.Fprintf(os.Stderr, "deb: %v\n", err)
		os.Exit(1)
	}
}

// build is one package to make.
type build struct {
	root, binary, version, arch string
	at                          time.Time
}

var versions = regexp.MustCompile(`^[0-9][0-9A-Za-z.+~-]*$`)

func (b *build) writeTo(out string) error {
	if !versions.MatchString(b.version) {
		return fmt.Errorf("%q is no version of a package", b.version)
	}
	data, err := b.files()
	if err != nil {
		return err
	}
	control, err := b.control(data)
	if err != nil {
		return err
	}
	made, err := archive(b.at, control, data)
	if err != nil {
		return err
	}
	err = os.WriteFile(out, made, 0o644)
	if err != nil {
		return fmt.Errorf("writing the package: %w", err)
	}
	return nil
}

// shipped is every file of the package but the binary: where it stands in the
// repository, where it goes, and who may read it.
var shipped = []struct {
	from, to string
	mode     int64
}{
	{"packaging/waylight.service", "usr/lib/systemd/system/waylight.service", 0o644},
	{"packaging/waylight.socket", "usr/lib/systemd/system/waylight.socket", 0o644},
	{"packaging/waylight.conf", settings, 0o644},
	{"docs/operations.md", "usr/share/doc/waylight/operations.md", 0o644},
	{"LICENSE", "usr/share/doc/waylight/copyright", 0o644},
	{"NOTICE", "usr/share/doc/waylight/NOTICE", 0o644},
}

// settings is the one file that belongs to whoever installs the package.
const settings = "etc/waylight/waylight.conf"

func (b *build) files() ([]file, error) {
	binary, err := os.ReadFile(b.binary)
	if err != nil {
		return nil, fmt.Errorf("reading the program: %w", err)
	}
	err = standsAlone(binary, b.arch)
	if err != nil {
		return nil, err
	}
	list := []file{{"usr/bin/waylight", 0o755, binary}}
	for _, s := range shipped {
		data, err := os.ReadFile(filepath.Join(b.root, s.from))
		if err != nil {
			return nil, fmt.Errorf("reading what is shipped: %w", err)
		}
		list = append(list, file{s.to, s.mode, data})
	}
	return list, nil
}

// control is what dpkg reads: who we are, checksums, and what to do around an
// installation.
func (b *build) control(data []file) ([]file, error) {
	size := 0
	sums := ""
	for _, f := range data {
		size += len(f.data)
		sums += fmt.Sprintf("%x  %s\n", sum(f.data), f.path)
	}
	list := []file{
		{"control", 0o644, fmt.Appendf(nil, `Package: waylight
Version: %s
Architecture: %s
Maintainer: The Waylight maintainers <maintainers@waylight.invalid>
Installed-Size: %d
Depends: passwd
Recommends: ca-certificates
Section: net
Priority: optional
Description: reports of human trafficking, carried to everyone who must be told
 One program that takes reports from the public, seals them before they touch
 the disk, and brings each to every agency that must act, with proof.
`, b.version, b.arch, (size+1023)/1024)},
		{"conffiles", 0o644, []byte("/" + settings + "\n")},
		{"md5sums", 0o644, []byte(sums)},
	}
	for _, name := range []string{"postinst", "prerm", "postrm"} {
		script, err := os.ReadFile(filepath.Join(b.root, "packaging/deb", name))
		if err != nil {
			return nil, fmt.Errorf("reading what is run: %w", err)
		}
		list = append(list, file{name, 0o755, script})
	}
	return list, nil
}
