// SPDX-License-Identifier: Apache-2.0

package program

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"waylight/internal/platform/place"
)

// A condition is a CEL expression held to a finite subset (docs/spec/pack.md):
// a name may only be compared with literals. That is what makes a table of it
// possible, and a proof over every envelope.
type condition struct {
	grammar *grammar
	expr    *cel.Ast
	uses    []variable
}

// grammar is what conditions may be written in, for one home state.
type grammar struct {
	env  *cel.Env
	home string
}

const maxCondition = 2000

// newGrammar declares the envelope, and nothing else.
func newGrammar(home string) (*grammar, error) {
	opts := []cel.EnvOption{
		cel.ClearMacros(),
		cel.Constant("home", cel.StringType, types.String(home)),
		cel.Variable("child", cel.BoolType),
		cel.Variable("danger", cel.BoolType),
		cel.Variable("missing", cel.BoolType),
		cel.Variable("conflict", cel.ListType(cel.StringType)),
	}
	for _, name := range []string{"mode", "age", "kind", "who", "land"} {
		opts = append(opts, cel.Variable(name, cel.StringType))
	}
	for _, name := range []string{"happened", "now", "lives"} {
		opts = append(opts, cel.Variable(name+".state", cel.StringType), cel.Variable(name+".county", cel.StringType))
	}
	env, err := cel.NewEnv(opts...)
	return &grammar{env: env, home: home}, err
}

// closed are the names that have a list of values of their own.
var closed = map[string]struct {
	variable variable
	values   []string
}{
	"mode": {varMode, modes}, "age": {varAge, ages}, "kind": {varKind, kinds}, "who": {varWho, speakers}, "land": {varLand, lands},
	"conflict": {varConflict, conflicts},
}

// places are the names of places' parts.
var placeNames = map[string]variable{
	"happened.state": varHappened, "happened.county": varHappened, "now.state": varNow, "now.county": varNow,
	"lives.state": varLives, "lives.county": varLives,
}

// compile checks one condition and adds the places it names to l.
func (g *grammar) compile(text string, l *literals) (*condition, error) {
	if len(text) > maxCondition {
		return nil, fmt.Errorf("the condition is over %d characters; split the rule", maxCondition)
	}
	expr, issues := g.env.Compile(text)
	if issues.Err() != nil {
		first := issues.Errors()[0]
		return nil, fmt.Errorf("the condition, character %d: %s", first.Location.Column()+1, oneLine(first.Message))
	}
	if expr.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("the condition is not true or false")
	}
	w := walker{home: g.home, literals: l, uses: map[variable]bool{}}
	err := w.truth(expr.NativeRep().Expr())
	if err != nil {
		return nil, fmt.Errorf("the condition: %w", err)
	}
	c := &condition{grammar: g, expr: expr}
	for v := range numVariables {
		if w.uses[v] {
			c.uses = append(c.uses, v)
		}
	}
	return c, nil
}

// oneLine shortens what the parser says to what a person needs.
func oneLine(s string) string {
	s, _, _ = strings.Cut(strings.Join(strings.Fields(s), " "), " expecting {")
	return s
}

// walker admits only expressions whose value depends on finitely many things.
type walker struct {
	home     string
	literals *literals
	uses     map[variable]bool
}

// truth admits an expression that is true or false.
func (w walker) truth(e ast.Expr) error {
	switch e.Kind() {
	case ast.LiteralKind:
		return nil
	case ast.IdentKind:
		return w.flag(e.AsIdent())
	case ast.CallKind:
		call := e.AsCall()
		switch call.FunctionName() {
		case "_&&_", "_||_", "!_", "_?_:_":
			for _, arg := range call.Args() {
				err := w.truth(arg)
				if err != nil {
					return err
				}
			}
			return nil
		case "_==_", "_!=_":
			return w.compared(call.Args()[0], call.Args()[1])
		case "@in":
			return w.member(call.Args()[0], call.Args()[1])
		}
		return fmt.Errorf("%s is not allowed", strings.Trim(call.FunctionName(), "_@"))
	}
	return fmt.Errorf("only names, literals and their comparison are allowed")
}

func (w walker) flag(name string) error {
	switch name {
	case "child":
		w.uses[varAge], w.uses[varMissing] = true, true
	case "danger":
		w.uses[varDanger] = true
	case "missing":
		w.uses[varMissing] = true
	default:
		return fmt.Errorf("%s is not true or false", name)
	}
	return nil
}

// compared admits name == literal, in either order.
func (w walker) compared(a, b ast.Expr) error {
	name, other := a, b
	if _, ok := w.literal(a); ok || a.Kind() == ast.ListKind {
		name, other = b, a
	}
	if name.Kind() != ast.IdentKind {
		return fmt.Errorf("a comparison needs a name on one side and a literal on the other")
	}
	if name.AsIdent() == "conflict" {
		if other.Kind() != ast.ListKind || other.AsList().Size() != 0 {
			return fmt.Errorf("conflict is asked as `\"police\" in conflict` or `conflict == []`")
		}
		w.uses[varConflict] = true
		return nil
	}
	return w.pair(name, other)
}

// member admits name in [literals] and literal in conflict.
func (w walker) member(item, list ast.Expr) error {
	if list.Kind() == ast.IdentKind && list.AsIdent() == "conflict" {
		return w.pair(list, item)
	}
	if item.Kind() != ast.IdentKind || list.Kind() != ast.ListKind {
		return fmt.Errorf("`in` needs a name on the left and a list of literals on the right, or a literal and conflict")
	}
	for _, value := range list.AsList().Elements() {
		err := w.pair(item, value)
		if err != nil {
			return err
		}
	}
	return nil
}

// pair admits a name together with one literal that it can have.
func (w walker) pair(name, value ast.Expr) error {
	id := name.AsIdent()
	if id == "child" || id == "danger" || id == "missing" {
		return fmt.Errorf("%s is true or false by itself: write %s or !%s", id, id, id)
	}
	word, ok := w.literal(value)
	if !ok {
		return fmt.Errorf("%s is compared with something that is not a literal", id)
	}
	if c, ok := closed[id]; ok {
		if !slices.Contains(c.values, word) {
			return fmt.Errorf("%s is never %q; it is one of %s", id, word, strings.Join(c.values, ", "))
		}
		w.uses[c.variable] = true
		return nil
	}
	v, ok := placeNames[id]
	if !ok {
		return fmt.Errorf("%s cannot be compared", id)
	}
	w.uses[v] = true
	inState := strings.HasSuffix(id, ".state")
	w.literals.county = w.literals.county || !inState
	if word == "" {
		return nil
	}
	if inState {
		if _, ok := place.StateByCode(word); !ok {
			return fmt.Errorf("there is no state %q", word)
		}
		w.literals.states[word] = true
		return nil
	}
	if _, ok := place.CountyByFIPS(word); !ok {
		return fmt.Errorf("there is no county %q", word)
	}
	w.literals.counties[word] = true
	return nil
}

func (w walker) literal(e ast.Expr) (string, bool) {
	if e.Kind() == ast.IdentKind && e.AsIdent() == "home" {
		return w.home, true
	}
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().Value().(string)
	return s, ok
}

// tabulate works the condition out for every combination of what it uses.
func (c *condition) tabulate(d *domain) (table, error) {
	t, ok := newTable(d, c.uses)
	if !ok {
		return t, fmt.Errorf("the condition depends on too many things at once; split the rule")
	}
	program, err := c.grammar.env.Program(c.expr)
	if err != nil {
		return t, fmt.Errorf("the condition: %w", err)
	}
	err = t.each(d, func(at codes) (bool, error) {
		value, _, err := program.Eval(facts(d.envelope(at)))
		if err != nil {
			return false, fmt.Errorf("the condition: %w", err)
		}
		return value.Value() == true, nil
	})
	return t, err
}

// facts is an envelope as conditions see it.
func facts(e Envelope) map[string]any {
	return map[string]any{
		"mode": e.Mode, "age": e.Age, "child": e.Child(), "missing": e.Missing, "danger": e.Danger, "kind": e.Kind, "who": e.Who,
		"land": e.Land, "conflict": e.Conflict,
		"happened.state": e.Happened.State, "happened.county": e.Happened.County,
		"now.state": e.Now.State, "now.county": e.Now.County,
		"lives.state": e.Lives.State, "lives.county": e.Lives.County,
	}
}
