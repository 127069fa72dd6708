package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/config"
)

// environment returns a getenv over a map.
func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestLoad_AnEmptyEnvironmentWorks(t *testing.T) {
	got, err := config.Load(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Listen: "127.0.0.1:8081", PrivateListen: "127.0.0.1:8082", URL: "http://127.0.0.1:8081", PublicPath: "/tillside",
		StripeJSURL: "https://js.stripe.com/v3/", Pool: 10, LogLevel: "info",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestLoad_ReadsEachSettingAlsoFromAFile(t *testing.T) {
	values := map[string]string{
		"TILLSIDE_WORDPRESS": "/var/www", "TILLSIDE_DSN": "u:p@unix(/s)/db", "TILLSIDE_TABLE_PREFIX": "wp_7_",
		"TILLSIDE_SITE_URL": "https://shop.example.org/blog", "TILLSIDE_WORDPRESS_URL": "http://10.0.0.2:8000", "TILLSIDE_KEYS": "{}",
		"TILLSIDE_LISTEN": "0.0.0.0:1", "TILLSIDE_PRIVATE_LISTEN": "[::1]:2", "TILLSIDE_URL": "http://tillside:1", "TILLSIDE_PUBLIC_PATH": "/pay/",
		"TILLSIDE_STRIPE_SECRET_KEY": "sk_test_1", "TILLSIDE_STRIPE_PUBLISHABLE_KEY": "pk_test_1", "TILLSIDE_STRIPE_URL": "http://localhost:3/",
		"TILLSIDE_STRIPE_JS_URL": "http://localhost:3/v3/", "TILLSIDE_POOL": "4", "TILLSIDE_LOG_LEVEL": "debug",
	}
	want := &config.Config{
		WordPress: "/var/www", DSN: "u:p@unix(/s)/db", TablePrefix: "wp_7_", SiteURL: "https://shop.example.org/blog",
		WordPressURL: "http://10.0.0.2:8000", Keys: "{}", Listen: "0.0.0.0:1", PrivateListen: "[::1]:2", URL: "http://tillside:1",
		PublicPath: "/pay", StripeSecretKey: "sk_test_1", StripePublishableKey: "pk_test_1", StripeURL: "http://localhost:3",
		StripeJSURL: "http://localhost:3/v3/", Pool: 4, LogLevel: "debug",
	}
	files, dir := map[string]string{}, t.TempDir()
	for name, value := range values {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		files[name+"_FILE"] = path
	}
	for name, given := range map[string]map[string]string{"values": values, "files": files} {
		t.Run(name, func(t *testing.T) {
			got, err := config.Load(environment(given))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoad_ReportsAllFaultsTogether(t *testing.T) {
	_, err := config.Load(environment(map[string]string{
		"TILLSIDE_SITE_URL": "shop.example.org", "TILLSIDE_WORDPRESS_URL": "ftp://x", "TILLSIDE_URL": "https://x/?a=b", "TILLSIDE_LISTEN": "8081",
		"TILLSIDE_PRIVATE_LISTEN": "localhost", "TILLSIDE_PUBLIC_PATH": "tillside", "TILLSIDE_POOL": "many", "TILLSIDE_LOG_LEVEL": "loud",
		"TILLSIDE_STRIPE_SECRET_KEY": "sk_live_1", "TILLSIDE_STRIPE_URL": "http://localhost:3", "TILLSIDE_DSN": "a", "TILLSIDE_DSN_FILE": "/x",
		"TILLSIDE_KEYS_FILE": "/no/such/file",
	}))
	if err == nil {
		t.Fatal("everything was let through")
	}
	for _, name := range []string{
		"TILLSIDE_SITE_URL", "TILLSIDE_WORDPRESS_URL", "TILLSIDE_URL", "TILLSIDE_LISTEN", "TILLSIDE_PRIVATE_LISTEN", "TILLSIDE_PUBLIC_PATH",
		"TILLSIDE_POOL", "TILLSIDE_LOG_LEVEL", "TILLSIDE_STRIPE_PUBLISHABLE_KEY", "TILLSIDE_STRIPE_URL", "TILLSIDE_DSN_FILE", "TILLSIDE_KEYS_FILE",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s:\n%v", name, err)
		}
	}
}

func TestLoad_Refuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values map[string]string
	}{
		{name: "no connections", values: map[string]string{"TILLSIDE_POOL": "0"}},
		{name: "fewer than none", values: map[string]string{"TILLSIDE_POOL": "-3"}},
		{name: "a stand-in without a key", values: map[string]string{"TILLSIDE_STRIPE_URL": "http://localhost:3"}},
		{name: "a publishable key alone", values: map[string]string{"TILLSIDE_STRIPE_PUBLISHABLE_KEY": "pk_test_1"}},
		{name: "an empty path", values: map[string]string{"TILLSIDE_PUBLIC_PATH": "/"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := config.Load(environment(tt.values)); err == nil {
				t.Errorf("let through: %+v", got)
			}
		})
	}
}

// A secret that is wrong must not stand in the error, which is logged.
func TestLoad_ErrorsHoldNoSecret(t *testing.T) {
	_, err := config.Load(environment(map[string]string{
		"TILLSIDE_STRIPE_SECRET_KEY": "sk_live_hidden", "TILLSIDE_STRIPE_URL": "http://localhost:3", "TILLSIDE_DSN": "u:hidden@/db", "TILLSIDE_DSN_FILE": "/x",
	}))
	if err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("error = %v", err)
	}
}
