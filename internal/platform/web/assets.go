// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// assets holds the files that pages load. Their addresses contain a hash of
// their content, so a browser may keep them for ever.
type assets struct {
	mu    sync.Mutex
	raw   map[string][]byte // by name, until the first use
	ready map[string]*asset // by name
	paths map[string]*asset // by the last part of the address
	err   error             // why there are no addresses
}

type asset struct {
	path, kind, integrity string
	imports               []string // the scripts that a script names, and those that they name: each after its own
	body, zipped          []byte
}

var assetKinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
	".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
}

// sibling is how one asset names another: "./other.js" or ./icon.svg in url().
var sibling = regexp.MustCompile(`(["'(])\./([A-Za-z0-9_-][A-Za-z0-9._-]*)(["')])`)

// AddAssets adds the files of a room (.css .js .svg .png .woff2), wherever in
// the tree they are; their names must be unique in the site. An asset may name
// another one as "./name.js", which becomes its hashed address; imports may not
// go in a circle. Call it before the first page is served.
func (s *Site) AddAssets(fsys fs.FS) error {
	a := &s.assets
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ready != nil {
		return errors.New("adding assets: too late, the first address was already given out")
	}
	return a.add(fsys)
}

// AddAsset adds one file that is made when the program starts.
func (s *Site) AddAsset(name string, body []byte) error {
	a := &s.assets
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ready != nil {
		return errors.New("adding an asset: too late, the first address was already given out")
	}
	if assetKinds[path.Ext(name)] == "" || path.Base(name) != name {
		return fmt.Errorf("adding an asset: %q is not the name of one", name)
	}
	return a.keep(name, body)
}

func (a *assets) keep(name string, body []byte) error {
	if a.raw == nil {
		a.raw = map[string][]byte{}
	}
	if _, twice := a.raw[name]; twice {
		return fmt.Errorf("adding assets: %s stands twice", name)
	}
	a.raw[name] = body
	return nil
}

func (a *assets) add(fsys fs.FS) error {
	return fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || assetKinds[path.Ext(p)] == "" {
			return err
		}
		body, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		return a.keep(path.Base(p), body)
	})
}

// Asset gives the address of an asset, or "" where there is none of this name.
func (s *Site) Asset(name string) string {
	found, err := s.asset(name)
	if err != nil {
		return ""
	}
	return found.path
}

// Scripts gives the SHA-256 of every script as it is served, by name. After it no
// asset can be added.
func (s *Site) Scripts() (map[string][32]byte, error) {
	a := &s.assets
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.build()
	if err != nil {
		return nil, err
	}
	out := map[string][32]byte{}
	for name, found := range a.ready {
		if path.Ext(name) == ".js" {
			out[name] = sha256.Sum256(found.body)
		}
	}
	return out, nil
}

func (s *Site) asset(name string) (*asset, error) {
	a := &s.assets
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.build()
	if err != nil {
		return nil, err
	}
	found, ok := a.ready[name]
	if !ok {
		return nil, fmt.Errorf("no asset is called %q", name)
	}
	return found, nil
}

func (s *Site) assetPath(name string) (string, error) {
	found, err := s.asset(name)
	if err != nil {
		return "", err
	}
	return found.path, nil
}

func (s *Site) integrity(name string) (string, error) {
	found, err := s.asset(name)
	if err != nil {
		return "", err
	}
	return found.integrity, nil
}

// imported lists every script that these import, directly or through others,
// each after those that it imports itself: a browser that is given them in this
// order loads none of them before it knows its hash.
func (s *Site) imported(scripts []string) ([]string, error) {
	var out []string
	for _, name := range scripts {
		found, err := s.asset(name)
		if err != nil {
			return nil, err
		}
		out = union(out, found.imports)
	}
	return out, nil
}

func union(list, more []string) []string {
	for _, name := range more {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// build gives every asset its address, once, those that others name first.
func (a *assets) build() error {
	if a.ready == nil {
		a.ready, a.paths = map[string]*asset{}, map[string]*asset{}
		a.err = a.buildAll()
		a.raw = nil
	}
	return a.err
}

func (a *assets) buildAll() error {
	own, err := fs.Sub(files, "assets")
	if err != nil {
		return err
	}
	err = a.add(own)
	if err != nil {
		return err
	}
	for name := range a.raw {
		_, err = a.finish(name, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *assets) finish(name string, above []string) (*asset, error) {
	if done, ok := a.ready[name]; ok {
		return done, nil
	}
	if slices.Contains(above, name) {
		return nil, fmt.Errorf("assets name one another in a circle: %s", strings.Join(append(above, name), " "))
	}
	var failed error
	var imports []string
	body := sibling.ReplaceAllFunc(a.raw[name], func(m []byte) []byte {
		other := string(m[3 : len(m)-1])
		if _, ok := a.raw[other]; !ok {
			return m
		}
		target, err := a.finish(other, append(above, name))
		if err != nil {
			failed = err
			return m
		}
		if path.Ext(name) == ".js" && path.Ext(other) == ".js" {
			imports = union(union(imports, target.imports), []string{other})
		}
		return slices.Concat(m[:1], []byte("./"+path.Base(target.path)), m[len(m)-1:])
	})
	if failed != nil {
		return nil, failed
	}
	return a.publish(name, body, imports)
}

func (a *assets) publish(name string, body []byte, imports []string) (*asset, error) {
	short := sha256.Sum256(body)
	long := sha512.Sum384(body)
	ext := path.Ext(name)
	last := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(short[:8]) + ext
	var zipped bytes.Buffer
	zw, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = zw.Write(body)
	if err == nil {
		err = zw.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("compressing %s: %w", name, err)
	}
	done := &asset{
		path: "/assets/" + last, kind: assetKinds[ext], imports: imports, body: body, zipped: zipped.Bytes(),
		integrity: "sha384-" + base64.StdEncoding.EncodeToString(long[:]),
	}
	if len(done.zipped) >= len(body) {
		done.zipped = nil
	}
	a.ready[name], a.paths[last] = done, done
	return done, nil
}

// serveAsset answers a request for an asset.
func (s *Site) serveAsset(w http.ResponseWriter, r *http.Request) error {
	s.assets.mu.Lock()
	err := s.assets.build()
	found, ok := s.assets.paths[r.PathValue("file")]
	s.assets.mu.Unlock()
	if err != nil {
		return err
	}
	if !ok {
		return errNoPage
	}
	h := w.Header()
	h.Set("Content-Type", found.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := found.body
	if found.zipped != nil && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = found.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = w.Write(body)
	return err
}
