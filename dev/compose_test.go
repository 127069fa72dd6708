// Package dev_test checks what the scripts of this folder cannot run everywhere:
// the structure of the container files.
package dev_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

type composeFile struct {
	Services map[string]service `yaml:"services"`
	Networks map[string]struct {
		Internal bool `yaml:"internal"`
	} `yaml:"networks"`
	Volumes map[string]any `yaml:"volumes"`
	Secrets map[string]struct {
		File string `yaml:"file"`
	} `yaml:"secrets"`
}

type service struct {
	Image string `yaml:"image"`
	Build *struct {
		Context string `yaml:"context"`
		Target  string `yaml:"target"`
	} `yaml:"build"`
	User        string            `yaml:"user"`
	Restart     string            `yaml:"restart"`
	Ports       []string          `yaml:"ports"`
	Networks    []string          `yaml:"networks"`
	Environment map[string]string `yaml:"environment"`
	Volumes     []string          `yaml:"volumes"`
	Secrets     []string          `yaml:"secrets"`
	DependsOn   map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
	Healthcheck *struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
}

// oneShot names the services that do their work once and end.
var oneShot = []string{"catalog", "setup"}

func compose(t *testing.T) composeFile {
	t.Helper()
	text, err := os.ReadFile("../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file composeFile
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file
}

func keys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestCompose_HasTheWholeShop(t *testing.T) {
	file := compose(t)
	want := []string{"catalog", "db", "sandbox", "setup", "tillside", "web", "wordpress"}
	if diff := cmp.Diff(want, keys(file.Services)); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	if got := file.Services["db"].Image; !regexp.MustCompile(`^mariadb:1[01]\.\d+$`).MatchString(got) {
		t.Errorf("db runs %q, want MariaDB 10.11 or newer with its version said", got)
	}
	if got := file.Services["wordpress"].Image; !strings.HasPrefix(got, "wordpress:6.8") {
		t.Errorf("wordpress runs %q, want the official image of 6.8", got)
	}
}

func TestCompose_ServersSayThatTheyAreHealthyAndOthersWaitForIt(t *testing.T) {
	file := compose(t)
	for name, s := range file.Services {
		once := slices.Contains(oneShot, name)
		if !once && s.Healthcheck == nil {
			t.Errorf("%s has no health check", name)
		}
		if once != (s.Restart == "no") {
			t.Errorf("%s restarts %q", name, s.Restart)
		}
		for on, wait := range s.DependsOn {
			if _, ok := file.Services[on]; !ok {
				t.Errorf("%s waits for %s, which is no service", name, on)
			}
			want := "service_healthy"
			if slices.Contains(oneShot, on) {
				want = "service_completed_successfully"
			}
			if wait.Condition != want {
				t.Errorf("%s waits until %s is %q, want %q", name, on, wait.Condition, want)
			}
		}
	}
}

func TestCompose_EverythingNamedIsDeclaredAndUsed(t *testing.T) {
	file := compose(t)
	networks, volumes, secrets := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for name, s := range file.Services {
		for _, network := range s.Networks {
			networks[network] = true
		}
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if !strings.HasPrefix(source, ".") {
				volumes[source] = true
				continue
			}
			// The plugin's folder is there in every checkout, the rest are files of this folder.
			if _, err := os.Stat(filepath.Join("..", source)); err != nil {
				t.Errorf("%s mounts %s: %v", name, source, err)
			}
		}
		for _, secret := range s.Secrets {
			secrets[secret] = true
		}
	}
	for what, got := range map[string][2][]string{
		"networks": {keys(file.Networks), keys(networks)},
		"volumes":  {keys(file.Volumes), keys(volumes)},
		"secrets":  {keys(file.Secrets), keys(secrets)},
	} {
		if diff := cmp.Diff(got[0], got[1]); diff != "" {
			t.Errorf("%s (-declared +used):\n%s", what, diff)
		}
	}
}

func TestCompose_OnlyTheWebServerAndTheSandboxAreReachableAndOnlyFromThisMachine(t *testing.T) {
	file := compose(t)
	for name, s := range file.Services {
		outside := name == "web" || name == "sandbox"
		if outside != (len(s.Ports) > 0) {
			t.Errorf("%s publishes %v", name, s.Ports)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s publishes %s to the network", name, port)
			}
		}
		for _, network := range s.Networks {
			if !outside && !file.Networks[network].Internal {
				t.Errorf("%s is in %s, which leads outside", name, network)
			}
		}
	}
	if diff := cmp.Diff([]string{"data"}, file.Services["db"].Networks); diff != "" {
		t.Errorf("networks of the database (-want +got):\n%s", diff)
	}
}

func TestCompose_SecretsAreFiles(t *testing.T) {
	file := compose(t)
	for name, secret := range file.Secrets {
		if !strings.HasPrefix(secret.File, "./.demo/secrets/") {
			t.Errorf("the secret %s comes from %q", name, secret.File)
		}
	}
	inText := regexp.MustCompile(`(PASSWORD|SECRET_KEY|TILLSIDE_KEYS|TILLSIDE_DSN)$`)
	for name, s := range file.Services {
		for variable, value := range s.Environment {
			if inText.MatchString(variable) && variable != "MARIADB_RANDOM_ROOT_PASSWORD" {
				t.Errorf("%s is given %s as text", name, variable)
			}
			if path, ok := strings.CutPrefix(value, "/run/secrets/"); ok && !slices.Contains(s.Secrets, path) {
				t.Errorf("%s reads the secret %s, which it is not given", name, path)
			}
		}
	}
}

func TestCompose_BuildsStagesOfTheDockerfileThatDoNotRunAsRoot(t *testing.T) {
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	stages := regexp.MustCompile(`(?m)^FROM \S+ AS (\w+)$`).Split(string(text), -1)[1:]
	names := regexp.MustCompile(`(?m)^FROM \S+ AS (\w+)$`).FindAllStringSubmatch(string(text), -1)
	bodies := map[string]string{}
	for i, name := range names {
		bodies[name[1]] = stages[i]
	}
	for name, s := range compose(t).Services {
		if s.Build == nil {
			continue
		}
		body, ok := bodies[s.Build.Target]
		if !ok {
			t.Errorf("%s is built from the stage %q, which the Dockerfile has not", name, s.Build.Target)
		}
		for _, line := range []string{"\nUSER 65532:65532\n", "\nHEALTHCHECK ", "\nENTRYPOINT ["} {
			if !strings.Contains(body, line) {
				t.Errorf("the stage %s has no %s", s.Build.Target, strings.TrimSpace(line))
			}
		}
	}
	if !strings.Contains(bodies["build"], "CGO_ENABLED=0") {
		t.Error("the binary is not static")
	}
}

func TestCompose_TillsideIsOnTheSitesOwnOrigin(t *testing.T) {
	text, err := os.ReadFile("docker/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"location /tillside/ {",
		"http://tillside:8081",
		"proxy_set_header X-Forwarded-For $remote_addr;",
		`proxy_set_header X-Tillside-Authorization "";`,
	} {
		if !strings.Contains(string(text), line) {
			t.Errorf("nginx.conf has no %q", line)
		}
	}
}
