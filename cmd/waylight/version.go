// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"waylight/internal/app"
)

// Set by the linker when a release is built (see the Makefile).
var (
	version string
	commit  string
)

// runVersion tells which build this is, or what is in another one.
func runVersion(_ context.Context, c *console, args []string) int {
	f := flags(c, "version", "[BINARY]")
	sbom := f.Bool("sbom", false, "list what is built in, as CycloneDX 1.6 (JSON)")
	as := f.String("as", "", "the version that BINARY was released as, which cannot be read from it")
	rest, code := parse(f, args, 1)
	if code >= 0 {
		return code
	}
	info, err := built(rest, *as)
	if err != nil {
		return c.fail(err)
	}
	if *sbom {
		err = writeSBOM(c.out, info)
		if err != nil {
			return c.fail(err)
		}
		return exitOK
	}
	b := buildOf(info)
	fmt.Fprintf(c.out, "waylight %s", b.Version)
	if b.Commit != "" {
		fmt.Fprintf(c.out, " (commit %.12s)", b.Commit)
	}
	fmt.Fprintf(c.out, "\n%s %s/%s, FIPS 140-3 module: %s\n", b.Go, setting(info, "GOOS"), setting(info, "GOARCH"), b.FIPS)
	for _, m := range info.Deps {
		fmt.Fprintf(c.out, "  %s %s\n", m.Path, m.Version)
	}
	return exitOK
}

// built reads what a binary says of itself: this one, or the named one.
func built(rest []string, as string) (*debug.BuildInfo, error) {
	if len(rest) == 0 {
		info, ok := debug.ReadBuildInfo()
		if !ok {
			return nil, errors.New("this binary was built without information about itself")
		}
		info.Main.Version = cmp.Or(version, info.Main.Version)
		return info, nil
	}
	info, err := readBuild(rest[0])
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", rest[0], err)
	}
	if info.Main.Path != "waylight" {
		return nil, fmt.Errorf("%s is no Waylight", rest[0])
	}
	info.Main.Version = cmp.Or(as, info.Main.Version)
	return info, nil
}

func buildOf(info *debug.BuildInfo) app.Build {
	return app.Build{
		Version: cmp.Or(info.Main.Version, "(devel)"), Commit: cmp.Or(commit, setting(info, "vcs.revision")),
		Go: info.GoVersion, FIPS: cmp.Or(setting(info, "GOFIPS140"), "off"),
	}
}

// thisBuild is what the running program is.
func thisBuild() app.Build {
	info, err := built(nil, "")
	if err != nil {
		return app.Build{Version: cmp.Or(version, "(devel)"), Commit: commit}
	}
	return buildOf(info)
}

func setting(info *debug.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
