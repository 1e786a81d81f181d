// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io"
	"runtime/debug"
	"slices"
	"strings"
)

// inPages are the packages that the browser's scripts were built from. A test holds them to
// what browser/ pins.
var inPages = map[string]string{"@hpke/core": "1.9.0", "@hpke/hybridkem-x-wing": "0.7.0"}

// bom is a bill of materials as CycloneDX 1.6 has it. It has no date and no random number,
// so that the same build gives the same bytes.
type bom struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Licenses   []license  `json:"licenses,omitempty"`
	PURL       string     `json:"purl,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type license struct {
	License licenseID `json:"license"`
}

type licenseID struct {
	ID string `json:"id"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// writeSBOM lists the modules that are linked in, Go itself, and what pages carry.
func writeSBOM(w io.Writer, info *debug.BuildInfo) error {
	b := buildOf(info)
	main := component{Type: "application", Ref: "waylight", Name: "waylight", Version: b.Version, Licenses: []license{{licenseID{"Apache-2.0"}}},
		Properties: []property{{"waylight:platform", setting(info, "GOOS") + "/" + setting(info, "GOARCH")}, {"waylight:fips140", b.FIPS}}}
	goVersion := strings.TrimPrefix(info.GoVersion, "go")
	list := []component{library("std", goVersion, "pkg:golang/std@"+goVersion)}
	for _, m := range info.Deps {
		c := library(m.Path, m.Version, "pkg:golang/"+m.Path+"@"+m.Version)
		c.Properties = []property{{"go:sum", m.Sum}} // a hash of the module's tree, which the format has no field for
		list = append(list, c)
	}
	for name, v := range inPages {
		list = append(list, library(name, v, "pkg:npm/"+strings.Replace(name, "@", "%40", 1)+"@"+v))
	}
	slices.SortFunc(list, func(a, b component) int { return strings.Compare(a.Ref, b.Ref) })
	depends := dependency{Ref: main.Ref}
	for _, c := range list {
		depends.DependsOn = append(depends.DependsOn, c.Ref)
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(bom{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{main}, Components: list, Dependencies: []dependency{depends}})
}

func library(name, version, purl string) component {
	return component{Type: "library", Ref: purl, Name: name, Version: version, PURL: purl}
}
