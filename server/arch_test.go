package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tillside/tillside/"

// may lists, for each package, every package of ours and every third-party
// module it may import, tests apart. A package that is not listed may not exist.
var may = map[string][]string{
	"cmd/tillside":               {"server", "server/config", "server/errs", "github.com/alecthomas/kong", "go.yaml.in/yaml/v3"},
	"cmd/sandbox":                {"cmd/sandbox/stripe", "cmd/sandbox/ontraport", "cmd/sandbox/kit", "cmd/sandbox/activecampaign", "cmd/sandbox/drip", "cmd/sandbox/keap", "github.com/alecthomas/kong"},
	"cmd/sandbox/crm":            {},
	"cmd/sandbox/ontraport":      {"cmd/sandbox/crm"},
	"cmd/sandbox/keap":           {"cmd/sandbox/crm"},
	"cmd/sandbox/drip":           {"cmd/sandbox/crm"},
	"cmd/sandbox/activecampaign": {"cmd/sandbox/crm"},
	"cmd/sandbox/kit":            {"cmd/sandbox/crm"},
	"cmd/sandbox/stripe":         {"github.com/stripe/stripe-go/v76"}, // its signatures, for its own webhooks

	"server/errs":      {},
	"server/money":     {},
	"server/config":    {},
	"server/failpoint": {},
	"server/job":       {},
	"server/contact":   {"server/errs", "server/job"},
	"server/catalog":   {"server/errs", "server/money", "server/job", "go.yaml.in/yaml/v3"},
	"server/coupon":    {"server/errs", "server/money", "server/job", "server/contact", "server/catalog", "golang.org/x/text"},
	"server/giftcard":  {"server/errs", "server/money", "server/job", "server/contact", "server/coupon", "server/catalog"},
	"server/operation": {"server/errs", "server/job", "server/contact", "server/coupon", "server/giftcard", "server/catalog"},
	"server/hook":      {"server/errs", "server/job"},
	"server/safedial":  {},
	"server/crm":       {"server/errs", "server/job", "server/contact"},

	"server/crm/wire":           {"server/crm", "server/safedial"},
	"server/crm/ontraport":      {"server/crm", "server/crm/wire"},
	"server/crm/fluentcrm":      {"server/crm", "server/crm/wire"},
	"server/crm/keap":           {"server/crm", "server/crm/wire"},
	"server/crm/drip":           {"server/crm", "server/crm/wire"},
	"server/crm/activecampaign": {"server/crm", "server/crm/wire"},
	"server/crm/kit":            {"server/crm", "server/crm/wire"},
	"server/payment":            {"server/money"},
	"server/order": {
		"server/errs", "server/money", "server/job", "server/contact", "server/coupon", "server/giftcard", "server/catalog", "server/payment",
		"server/failpoint",
	},
	"server/checkout": {
		"server/errs", "server/money", "server/job", "server/contact", "server/coupon", "server/giftcard", "server/catalog", "server/payment", "server/order",
		"server/failpoint",
	},
	"server/locale": {"server/money", "plugin-php/languages", "github.com/leonelquinteros/gotext"},

	"server/mysql": {
		"server/errs", "server/money", "server/job", "server/contact", "server/coupon", "server/giftcard", "server/catalog", "server/payment", "server/order",
		"server/checkout", "server/operation", "server/crm", "server/hook", "wpbridge/wpdb", "github.com/go-sql-driver/mysql", "github.com/jmoiron/sqlx", "github.com/pressly/goose/v3",
	},
	"server/payment/stripe": {"server/errs", "server/money", "server/payment", "github.com/stripe/stripe-go/v76", "golang.org/x/time"},

	"server/api": {
		"server/errs", "server/money", "server/contact", "server/catalog", "server/coupon", "server/giftcard", "server/order", "server/checkout", "server/locale", "wpbridge",
		"shortcodes",
		"github.com/gin-gonic/gin",
	},
	"server": {
		"server/api", "server/catalog", "server/checkout", "server/config", "server/contact", "server/coupon", "server/errs", "server/giftcard", "server/job", "server/locale", "server/money",
		"server/mysql", "server/crm", "server/crm/wire", "server/crm/ontraport", "server/crm/kit", "server/crm/activecampaign",
		"server/crm/drip", "server/crm/keap", "server/crm/fluentcrm", "server/hook", "server/safedial", "server/operation", "server/order", "server/payment", "server/payment/stripe", "shortcodes", "wpbridge", "wpbridge/wpdb",
		"github.com/gin-gonic/gin", "github.com/prometheus/client_golang",
	},

	"wpbridge":             {"server/errs", "github.com/golang-jwt/jwt/v5"},
	"wpbridge/wpdb":        {"server/errs", "github.com/jmoiron/sqlx", "golang.org/x/crypto"},
	"shortcodes":           {},
	"plugin-php/languages": {},

	// Tools, and what only tests import.
	"dev":      {},
	"dev/i18n": {},
	"dev/bench": {
		"server", "server/config", "server/errs", "server/money", "server/payment", "server/mysql/mysqltest", "server/shoptest",
		"github.com/gin-gonic/gin", "github.com/go-sql-driver/mysql",
	},
	"server/crm/crmtest":     {"server/crm", "server/crm/wire", "cmd/sandbox/crm"},
	"server/crm/wiretest":    {"github.com/getkin/kin-openapi"},
	"server/mysql/mysqltest": {"server/mysql", "github.com/go-sql-driver/mysql"},
	"server/shoptest": {
		"server", "server/config", "server/coupon", "server/mysql/mysqltest", "wpbridge", "wpbridge/wpdb", "cmd/sandbox/stripe", "cmd/sandbox/crm", "cmd/sandbox/ontraport", "cmd/sandbox/kit",
		"github.com/go-sql-driver/mysql",
	},
}

// sandbox is the stand-in for payment providers. It must be in no binary that
// takes real money.
const sandbox = "cmd/sandbox"

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// list returns packages as `go list` sees them, without their tests, in one of
// the builds that there are.
func list(t *testing.T, args ...string) []goPackage {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Imports,Deps"}, args...)...)
	command.Dir = ".."
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var found []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, p)
	}
}

func TestArchitecture_EveryPackageKeepsToItsImports(t *testing.T) {
	for _, tags := range []string{"", "failpoint"} {
		for _, p := range list(t, "-tags="+tags, "./...") {
			name := strings.TrimPrefix(p.ImportPath, module)
			allowed, isListed := may[name]
			if !isListed {
				t.Errorf("package %s is not in the list of server/arch_test.go", name)
				continue
			}
			for _, path := range p.Imports {
				if !isStandard(path) && !slices.ContainsFunc(allowed, func(entry string) bool { return matches(path, entry) }) {
					t.Errorf("%s imports %s", name, strings.TrimPrefix(path, module))
				}
			}
		}
	}
}

func TestArchitecture_EveryRuleIsNeeded(t *testing.T) {
	imports := map[string][]string{}
	for _, tags := range []string{"", "failpoint"} {
		for _, p := range list(t, "-tags="+tags, "./...") {
			name := strings.TrimPrefix(p.ImportPath, module)
			imports[name] = append(imports[name], p.Imports...)
		}
	}
	for name, allowed := range may {
		if _, exists := imports[name]; !exists {
			t.Errorf("there is no package %s any more", name)
		}
		for _, entry := range allowed {
			if !slices.ContainsFunc(imports[name], func(path string) bool { return matches(path, entry) }) {
				t.Errorf("%s may import %s, but does not", name, entry)
			}
		}
	}
}

func TestArchitecture_OnlyTestsKnowTheSandbox(t *testing.T) {
	for _, p := range list(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, module)
		if within(name, sandbox) || name == "server/shoptest" || name == "server/crm/crmtest" {
			continue
		}
		for _, path := range p.Imports {
			if within(strings.TrimPrefix(path, module), sandbox) {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}

func TestArchitecture_TheBinaryHasNoSandboxAndNoTestKit(t *testing.T) {
	for _, tags := range []string{"", "failpoint"} {
		for _, p := range list(t, "-tags="+tags, "./cmd/tillside") {
			for _, path := range p.Deps {
				name := strings.TrimPrefix(path, module)
				if within(name, sandbox) || within(name, "server/shoptest") || within(name, "server/mysql/mysqltest") || within(name, "server/crm/crmtest") || name == "testing" {
					t.Errorf("cmd/tillside links %s", path)
				}
			}
		}
	}
}

// TestArchitecture_DomainKnowsNoDriver looks past the direct imports: a domain
// package must not get at SQL, HTTP or an SDK through another one either.
func TestArchitecture_DomainKnowsNoDriver(t *testing.T) {
	forbidden := []string{"database/sql", "net/http", "github.com/gin-gonic/gin", "github.com/jmoiron/sqlx", "github.com/stripe/stripe-go/v76"}
	domain := []string{
		"./server/errs", "./server/money", "./server/job", "./server/contact", "./server/catalog", "./server/payment", "./server/order",
		"./server/checkout", "./shortcodes",
	}
	for _, p := range list(t, domain...) {
		for _, path := range p.Deps {
			if slices.ContainsFunc(forbidden, func(entry string) bool { return within(path, entry) }) {
				t.Errorf("%s depends on %s", strings.TrimPrefix(p.ImportPath, module), path)
			}
		}
	}
}

// isStandard reports whether a path is the standard library's: its first part
// has no dot.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// matches reports whether an import is the package of ours, or in the module,
// that an entry names.
func matches(path, entry string) bool {
	if first, _, _ := strings.Cut(entry, "/"); strings.Contains(first, ".") {
		return within(path, entry)
	}
	return path == strings.TrimSuffix(module, "/")+"/"+entry
}

// within reports whether a path is a package or below it.
func within(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }
