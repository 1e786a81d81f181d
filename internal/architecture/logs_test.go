// SPDX-License-Identifier: Apache-2.0

package architecture

import (
	"go/ast"
	"slices"
	"strings"
)

var logRules = []rule{
	{
		name: "log-lines",
		why: "whoever is woken by a line must find what it means and what to do; and a line whose words are put together at run time " +
			"can be searched for by nobody, and can carry anybody's words",
		check: checkLogLines,
	},
}

const operationsPage = "docs/operations.md"

// checkLogLines holds every line of the log to the table in docs/operations.md: its sentence, or what that begins with.
func checkLogLines(h *house) []string {
	page := string(h.files[operationsPage])
	var found []string
	for _, s := range h.sources {
		if s.test || inTestPackage(s.dir) {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sentence := sentenceOf(call)
			if sentence == nil {
				return true
			}
			text := literal(sentence)
			_, whole := sentence.(*ast.BasicLit)
			switch {
			case text == "":
				found = append(found, s.at(call.Pos())+": a log line whose sentence does not stand here")
			case !strings.Contains(page, "`"+text+"`") && (whole || !strings.Contains(page, "`"+text)):
				found = append(found, s.at(call.Pos())+": the log line \""+text+"\" is not in "+operationsPage)
			}
			return true
		})
	}
	return found
}

// sentenceOf is the message of a call to a logger, nil for any other call.
func sentenceOf(call *ast.CallExpr) ast.Expr {
	fun, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || !isLogger(fun.X) {
		return nil
	}
	at := slices.Index([]string{"Debug", "Info", "Warn", "Error"}, strings.TrimSuffix(fun.Sel.Name, "Context"))
	if at < 0 {
		return nil
	}
	first := 0
	if strings.HasSuffix(fun.Sel.Name, "Context") {
		first = 1
	}
	if len(call.Args) <= first {
		return nil
	}
	return call.Args[first]
}

// isLogger says whether an expression is what this project calls a logger.
func isLogger(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return slices.Contains([]string{"log", "logger", "slog"}, e.Name)
	case *ast.SelectorExpr:
		return slices.Contains([]string{"log", "Log", "logger"}, e.Sel.Name)
	case *ast.CallExpr:
		fun, ok := e.Fun.(*ast.SelectorExpr)
		return ok && fun.Sel.Name == "log"
	}
	return false
}
