package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template/parse"
)

// collect returns every text of the sources that can be translated.
func collect(root string) ([]*message, error) {
	var all []*message
	for _, scan := range []func(string) ([]*message, error){scanGo, scanTemplates, scanPlugin} {
		found, err := scan(root)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return sorted(all)
}

// scanGo reads the texts in Go: of errors, of declines, and what is handed to a
// locale.
func scanGo(root string) ([]*message, error) {
	var all []*message
	for _, top := range []string{"server", "shortcodes", "wpbridge"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			if entry.Name() == "testdata" {
				return filepath.SkipDir
			}
			found, err := scanPackage(root, path)
			all = append(all, found...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// goScanner reads the texts of one package.
type goScanner struct {
	consts map[string]string // the package's string constants
	file   string
	all    []*message
}

func scanPackage(root, dir string) ([]*message, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	s := &goScanner{consts: map[string]string{}}
	files := map[string]*ast.File{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", path, err)
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return nil, err
		}
		files[filepath.ToSlash(rel)] = file
		s.constants(file)
	}
	for rel, file := range files {
		s.file = rel
		ast.Inspect(file, s.visit)
	}
	return s.all, nil
}

func (s *goScanner) constants(file *ast.File) {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			for i := range min(len(value.Names), len(value.Values)) {
				if text, ok := s.text(value.Values[i]); ok {
					s.consts[value.Names[i].Name] = text
				}
			}
		}
	}
}

func (s *goScanner) visit(node ast.Node) bool {
	switch node := node.(type) {
	case *ast.CallExpr:
		s.call(node)
	case *ast.CompositeLit:
		s.literal(node)
	}
	return true
}

func (s *goScanner) call(call *ast.CallExpr) {
	switch name := calledName(call.Fun); name {
	case "errs.New", "errs.Field":
		s.add(call.Args, 1)
	case "New", "Field":
		if strings.HasPrefix(s.file, "server/errs/") {
			s.add(call.Args, 1)
		}
	case "t", "T", ".T":
		s.add(call.Args, 0)
	case ".N":
		if len(call.Args) < 3 {
			return
		}
		one, ok := s.text(call.Args[0])
		many, both := s.text(call.Args[1])
		if ok && both {
			s.all = append(s.all, &message{id: one, plural: many, refs: []string{s.file}})
		}
	}
}

// calledName returns f for f(…), errs.New for errs.New(…), and .T for any
// other x.T(…).
func calledName(fun ast.Expr) string {
	switch fun := fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		if pkg, ok := fun.X.(*ast.Ident); ok && pkg.Name == "errs" {
			return "errs." + fun.Sel.Name
		}
		return "." + fun.Sel.Name
	}
	return ""
}

func (s *goScanner) add(args []ast.Expr, i int) {
	if i >= len(args) {
		return
	}
	if text, ok := s.text(args[i]); ok && hasWords(text) {
		s.all = append(s.all, &message{id: text, refs: []string{s.file}})
	}
}

// hasWords reports whether a text has more than placeholders in it.
func hasWords(text string) bool {
	return strings.ContainsFunc(verbPattern.ReplaceAllString(text, ""), func(r rune) bool { return r > ' ' })
}

// literal reads the field Text of errors and declines.
func (s *goScanner) literal(lit *ast.CompositeLit) {
	if !strings.HasPrefix(s.file, "server/payment/") && !isOneOf(lit.Type, "Error", "Decline") {
		return
	}
	for _, element := range lit.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if field, ok := pair.Key.(*ast.Ident); ok && field.Name == "Text" {
			s.add([]ast.Expr{pair.Value}, 0)
		}
	}
}

func isOneOf(expr ast.Expr, names ...string) bool {
	if selector, ok := expr.(*ast.SelectorExpr); ok {
		expr = selector.Sel
	}
	ident, ok := expr.(*ast.Ident)
	if !ok {
		return false
	}
	for _, name := range names {
		if ident.Name == name {
			return true
		}
	}
	return false
}

// text returns the value of a constant string.
func (s *goScanner) text(expr ast.Expr) (string, bool) {
	switch expr := expr.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(expr.Value)
		return text, expr.Kind == token.STRING && err == nil
	case *ast.Ident:
		text, ok := s.consts[expr.Name]
		return text, ok
	case *ast.ParenExpr:
		return s.text(expr.X)
	case *ast.BinaryExpr:
		left, ok := s.text(expr.X)
		right, both := s.text(expr.Y)
		return left + right, ok && both && expr.Op == token.ADD
	}
	return "", false
}

// scanTemplates reads the texts that templates hand to their T.
func scanTemplates(root string) ([]*message, error) {
	var all []*message
	for _, pattern := range []string{"*.html", "*.txt"} {
		paths, err := filepath.Glob(filepath.Join(root, "shortcodes/templates", pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			source, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			found, err := scanTemplate("shortcodes/templates/"+filepath.Base(path), string(source))
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
	}
	return all, nil
}

func scanTemplate(name, source string) ([]*message, error) {
	trees := map[string]*parse.Tree{}
	tree := parse.New(name)
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(source, "", "", trees); err != nil {
		return nil, fmt.Errorf("parse template: %w", err)
	}
	var all []*message
	for _, tree := range trees {
		walk(tree.Root, func(args []parse.Node) {
			if id, ok := templateText(args); ok {
				all = append(all, &message{id: id, refs: []string{name}})
			}
		})
	}
	return all, nil
}

// walk calls each for every command of a template.
func walk(node parse.Node, each func(args []parse.Node)) {
	switch node := node.(type) {
	case *parse.ListNode:
		if node == nil {
			return
		}
		for _, n := range node.Nodes {
			walk(n, each)
		}
	case *parse.ActionNode:
		walk(node.Pipe, each)
	case *parse.IfNode:
		walkBranch(&node.BranchNode, each)
	case *parse.RangeNode:
		walkBranch(&node.BranchNode, each)
	case *parse.WithNode:
		walkBranch(&node.BranchNode, each)
	case *parse.TemplateNode:
		walk(node.Pipe, each)
	case *parse.PipeNode:
		if node == nil {
			return
		}
		for _, command := range node.Cmds {
			each(command.Args)
			for _, arg := range command.Args {
				walk(arg, each)
			}
		}
	}
}

func walkBranch(node *parse.BranchNode, each func(args []parse.Node)) {
	walk(node.Pipe, each)
	walk(node.List, each)
	walk(node.ElseList, each)
}

// templateText returns the text of {{call .T "…"}}, {{.T "…"}} and {{T "…"}}.
func templateText(args []parse.Node) (string, bool) {
	if ident, ok := first(args).(*parse.IdentifierNode); ok && ident.Ident == "call" {
		args = args[1:]
	}
	if len(args) < 2 || !isT(args[0]) {
		return "", false
	}
	text, ok := args[1].(*parse.StringNode)
	if !ok {
		return "", false
	}
	return text.Text, true
}

func first(args []parse.Node) parse.Node {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

func isT(node parse.Node) bool {
	var names []string
	switch node := node.(type) {
	case *parse.FieldNode:
		names = node.Ident
	case *parse.VariableNode:
		names = node.Ident
	case *parse.ChainNode:
		names = node.Field
	case *parse.IdentifierNode:
		names = []string{node.Ident}
	}
	return len(names) > 0 && names[len(names)-1] == "T"
}
