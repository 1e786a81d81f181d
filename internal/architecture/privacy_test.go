// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

var privacyRules = []rule{
	{
		name: "no-calls-out",
		why: "a program that holds reports must not be able to send them anywhere by mistake: the packages that speak to " +
			"other machines are platform/mail, platform/openid and platform/witness, and what they send has no content",
		check: checkNoCallsOut,
	},
	{
		name: "no-trace",
		why: "the address and the browser of a person who reports are never kept, logs included: what was never written down " +
			"cannot be stolen, subpoenaed or guessed at",
		check: checkNoTrace,
	},
}

// dialers are the names that open a connection to somewhere else.
var dialers = map[string][]string{
	"net":  {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialUnix", "DialIP", "Dialer", "LookupHost", "LookupIP", "LookupMX"},
	"http": {"Get", "Head", "Post", "PostForm", "Client", "DefaultClient", "Transport", "DefaultTransport", "NewRequest", "NewRequestWithContext"},
	"tls":  {"Dial", "DialWithDialer", "Dialer"},
	"rpc":  {"Dial", "DialHTTP"},
	"exec": {"Command", "CommandContext"},
}

// mayDial are the folders and files allowed to, and why.
var mayDial = map[string]string{
	"internal/platform/mail":    "it sends the notices, by SMTP, to the one relay it was given",
	"internal/platform/openid":  "it asks an agency's sign-in service who somebody is, and sends it nothing of ours but our name there",
	"cmd/waylight/notify.go":    "it tells the supervisor on this machine that the server is ready, over a local socket, and nothing else",
	"cmd/waylight/site.go":      "verify --site asks for the public pages of the site that it is given, and sends nothing",
	"internal/app/canary.go":    "the canary sends marked test reports to this server's own listener, and nowhere else",
	"internal/app/line.go":      "the benchmark sends invented reports to the server that it started itself",
	"internal/platform/witness": "it sends checkpoints, which are public, to the witnesses that an administrator named",
	"internal/platform/replica": "it writes the second copy, sealed parts as ciphertext, to the store that it was given",
}

// imported are packages that open connections by their nature.
var imported = []string{"net/smtp", "net/rpc", "golang.org/x/net/websocket", "log/syslog", "net/http/httputil", "expvar", "net/http/pprof"}

func checkNoCallsOut(h *house) []string {
	var found []string
	for _, s := range h.sources {
		if mayDial[s.dir]+mayDial[s.path] != "" || s.test || inTestPackage(s.dir) {
			continue
		}
		s.imports(func(p, at string) {
			if slices.Contains(imported, p) {
				found = append(found, at+": imports "+p)
			}
		})
		s.selections(func(x, name, at string) {
			if slices.Contains(dialers[x], name) {
				found = append(found, fmt.Sprintf("%s: %s.%s", at, x, name))
			}
		})
	}
	return found
}

// ownConnections are the folders whose connections are their own and nobody's
// request, and why they look at the other end.
var ownConnections = map[string]string{
	"internal/platform/mail": "it refuses to speak without TLS to a relay that is not this machine",
}

// ownMembers is the one file that looks at what a browser calls itself: a member's, to find a copied cookie. It is never asked for a request of the public.
const ownMembers = "internal/partnership/identity/session_client.go"

// traces are the parts of a request that lead back to a person or a machine.
var (
	traces  = []string{"RemoteAddr", "UserAgent", "Referer"}
	headers = []string{"user-agent", "x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip", "referer"}
	loggers = []string{
		"Debug", "Info", "Warn", "Error", "Log", "LogAttrs", "DebugContext", "InfoContext", "WarnContext", "ErrorContext",
		"Print", "Printf", "Println", "Fatal", "Fatalf",
	}
	spoken = []string{"RequestURI", "URL", "Header", "Form", "PostForm", "Body", "Host", "MultipartForm", "Cookies"}
)

func checkNoTrace(h *house) []string {
	var found []string
	for _, s := range h.sources {
		if s.test {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if ownConnections[s.dir] == "" && s.path != ownMembers && slices.Contains(traces, n.Sel.Name) {
					found = append(found, s.at(n.Pos())+": reads a request's "+n.Sel.Name)
				}
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && slices.Contains(headers, strings.ToLower(text)) {
					found = append(found, s.at(n.Pos())+": names the header "+text)
				}
			case *ast.CompositeLit:
				if selected(n.Type) == "http.Server" && !hasField(n, "ErrorLog") {
					found = append(found, s.at(n.Pos())+": an http.Server without ErrorLog writes its callers' addresses to standard error")
				}
			case *ast.CallExpr:
				if part := logged(n); part != "" {
					found = append(found, s.at(n.Pos())+": a log line with a request's "+part)
				}
			}
			return true
		})
	}
	return found
}

// selected is "x.Name" for such an expression, "" for any other.
func selected(e ast.Expr) string {
	if sel, ok := e.(*ast.SelectorExpr); ok {
		if x, ok := sel.X.(*ast.Ident); ok {
			return x.Name + "." + sel.Sel.Name
		}
	}
	return ""
}

func hasField(lit *ast.CompositeLit, name string) bool {
	return slices.ContainsFunc(lit.Elts, func(e ast.Expr) bool {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return false
		}
		key, ok := kv.Key.(*ast.Ident)
		return ok && key.Name == name
	})
}

// logged is the part of a request that a call to a logger passes on, "" for none.
func logged(call *ast.CallExpr) string {
	fun, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains(loggers, fun.Sel.Name) {
		return ""
	}
	part := ""
	for _, arg := range call.Args {
		ast.Inspect(arg, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains(spoken, sel.Sel.Name) && isRequest(sel.X) {
				part = sel.Sel.Name
			}
			return true
		})
	}
	return part
}

// isRequest says whether a name is what this project calls a request.
func isRequest(e ast.Expr) bool {
	x, ok := e.(*ast.Ident)
	return ok && slices.Contains([]string{"r", "req", "request"}, x.Name)
}
