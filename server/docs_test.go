package server_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/config"
)

// root is the repository, seen from this package's tests.
const root = ".."

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// pages are the texts for people.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"README.md", "CHANGELOG.md"}
	for _, path := range found {
		all = append(all, filepath.Join("docs", filepath.Base(path)))
	}
	return all
}

func TestDocs_InstallHasEverySetting(t *testing.T) {
	var asked []string
	_, _ = config.Load(func(name string) string { // with no setting at all it has nothing to find fault with
		if !strings.HasSuffix(name, "_FILE") {
			asked = append(asked, name)
		}
		return ""
	})
	var written []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(TILLSIDE_[A-Z_]+)` \\|").FindAllStringSubmatch(readText(t, "docs/install.md"), -1) {
		written = append(written, row[1])
	}
	slices.Sort(asked)
	slices.Sort(written)
	if diff := cmp.Diff(asked, written); diff != "" {
		t.Errorf("server/config and docs/install.md differ (-read +written):\n%s", diff)
	}
}

func TestDocs_LinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)]+)\)`)
	for _, page := range pages(t) {
		for _, found := range link.FindAllStringSubmatch(readText(t, page), -1) {
			path, _, _ := strings.Cut(found[1], "#")
			if path == "" || strings.Contains(path, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), path)); err != nil {
				t.Errorf("%s links to %s, which is not there", page, path)
			}
		}
	}
}

// TestDocs_PromisesNameTestsThatExist reads the tests' own files: Go's, the
// plugin's and the browser's.
func TestDocs_PromisesNameTestsThatExist(t *testing.T) {
	known := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^\s*(?:func (Test\w+)\(|public function (test_\w+)\(|test\( '([^']+)')`)
	for _, folder := range []string{"server", "wpbridge", "shortcodes", "cmd", "dev", "plugin-php/tests"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, "Test.php") && !strings.HasSuffix(path, ".test.mjs") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, match := range declared.FindAllStringSubmatch(string(text), -1) {
				known[match[1]+match[2]+match[3]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	named := regexp.MustCompile("`((?:Test|test_)\\w+)`").FindAllStringSubmatch(readText(t, "docs/reliability.md"), -1)
	if len(named) == 0 {
		t.Error("docs/reliability.md names no test")
	}
	for _, match := range named {
		if !known[match[1]] {
			t.Errorf("docs/reliability.md names %s, which does not exist", match[1])
		}
	}
}
