package stripe_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const sdk = "github.com/stripe/stripe-go/v76"

// The SDK's packages for single resources work on a key that all of a process
// shares, and so do a few names of its root: two accounts would mix.
func TestPackage_UsesNothingGlobalOfTheSDK(t *testing.T) {
	allowed := []string{sdk, sdk + "/client", sdk + "/webhook", sdk + "/form"}
	globals := []string{
		"Key", "DefaultLeveledLogger", "SetBackend", "SetHTTPClient", "SetAppInfo", "GetBackend",
		"NewBackends", "NewBackendsWithConfig", "EnableTelemetry",
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, imported := range file.Imports {
			path, err := strconv.Unquote(imported.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(path, sdk) && !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s, which works on a global key", name, path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if of, ok := selector.X.(*ast.Ident); ok && of.Name == "stripego" && slices.Contains(globals, selector.Sel.Name) {
				t.Errorf("%s uses stripego.%s, which all accounts share", name, selector.Sel.Name)
			}
			return true
		})
	}
}

// Nobody else talks to Stripe: all that breaks with a new version of the SDK is
// in this folder. The sandbox and the contract test speak of it in their tests.
func TestServer_OnlyThisPackageImportsTheSDK(t *testing.T) {
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || filepath.Dir(path) == filepath.Join("..", "..", "payment", "stripe") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return nil // a file that does not compile is another test's business
		}
		for _, imported := range file.Imports {
			if strings.Contains(imported.Path.Value, "github.com/stripe/") {
				t.Errorf("%s imports %s", path, imported.Path.Value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
