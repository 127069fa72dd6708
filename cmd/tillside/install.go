package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"
)

type installCmd struct {
	User bool `help:"Without root: a systemd user unit, or cron where there is none."`
}

// unit runs us under systemd. The settings stand in a file of their own, that
// only its owner reads.
const unit = `[Unit]
Description=Tillside, the shop of {{.WordPress}}
After=network.target mariadb.service mysql.service

[Service]
{{with .User}}User={{.}}
{{end}}ExecStart={{.Binary}} serve --wordpress {{.WordPress}}
EnvironmentFile=-{{.Environment}}
Restart=always
RestartSec=2
TimeoutStopSec=45
NoNewPrivileges=true

[Install]
WantedBy={{.Target}}
`

type unitView struct {
	Binary, WordPress, Environment, Target string
	User                                   string // whose processes these are; empty for the unit's own
}

// Run installs the unit and starts it, or says which commands do.
func (c installCmd) Run(a *app) error {
	if a.config.WordPress == "" {
		return errors.New("say where WordPress is: tillside install --wordpress /var/www/html")
	}
	if !c.User && os.Geteuid() != 0 {
		return errors.New("run it as root, or with --user to install it for yourself alone")
	}
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	view := unitView{Binary: binary, WordPress: a.config.WordPress, Environment: "/etc/tillside.env", Target: "multi-user.target"}
	folder := "/etc/systemd/system"
	if !c.User {
		if view.User, err = ownerOf(filepath.Join(a.config.WordPress, "wp-config.php")); err != nil {
			return err
		}
	} else {
		home, err := os.UserHomeDir()
		if err != nil {
			return err
		}
		folder = filepath.Join(home, ".config/systemd/user")
		view.Environment, view.Target = filepath.Join(home, ".config/tillside.env"), "default.target"
	}
	if strings.ContainsAny(view.Binary+view.WordPress, " \t\n\"'\\%") {
		return errors.New("the paths of the binary and of WordPress must have no spaces, quotes or percent signs")
	}
	if _, err := exec.LookPath("systemctl"); err != nil || (c.User && !userManager(a.ctx)) {
		return installCron(a, view)
	}
	return installUnit(a, view, folder, c.User)
}

// ownerOf returns the user who owns wp-config.php: he may read it, and needs no
// rights of root's. Root's own file leaves the choice to the administrator.
func ownerOf(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("who may read the site's settings: %w", err)
	}
	stat, known := info.Sys().(*syscall.Stat_t)
	if !known || stat.Uid == 0 {
		return "", nil
	}
	owner, err := user.LookupId(strconv.FormatUint(uint64(stat.Uid), 10))
	if err != nil {
		return "", fmt.Errorf("owner of %s: %w", file, err)
	}
	return owner.Username, nil
}

func userManager(ctx context.Context) bool {
	return exec.CommandContext(ctx, "systemctl", "--user", "show-environment").Run() == nil
}

func installUnit(a *app, view unitView, folder string, user bool) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	path := filepath.Join(folder, "tillside.service")
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(template.Must(template.New("unit").Parse(unit)).Execute(file, view), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	scope := []string{"--system"}
	if user {
		scope = []string{"--user"}
	}
	for _, args := range [][]string{{"daemon-reload"}, {"enable", "--now", "tillside.service"}} {
		command := exec.CommandContext(a.ctx, "systemctl", append(scope, args...)...)
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, out)
		}
	}
	return a.print.value(map[string]string{"unit": path}, func(p *printer) {
		p.line("installed %s and started it", path)
		p.line("settings go into %s", view.Environment)
		if user {
			p.line("so that it runs while you are logged out: loginctl enable-linger")
		}
	})
}

// installCron starts us at boot and looks every minute whether we still run.
func installCron(a *app, view unitView) error {
	const mark = "# tillside"
	start := fmt.Sprintf("set -a; [ ! -f %s ] || . %s; set +a; %s doctor --live >/dev/null 2>&1 || { nohup %s serve --wordpress %s >>$HOME/tillside.log 2>&1 & }",
		view.Environment, view.Environment, view.Binary, view.Binary, view.WordPress)
	present, _ := exec.CommandContext(a.ctx, "crontab", "-l").Output() // fails when there is none yet
	var keep []string
	for line := range strings.Lines(string(present)) {
		if !strings.Contains(line, mark) {
			keep = append(keep, strings.TrimRight(line, "\n"))
		}
	}
	keep = append(keep, "@reboot "+start+" "+mark, "* * * * * "+start+" "+mark, "")
	command := exec.CommandContext(a.ctx, "crontab", "-")
	command.Stdin = strings.NewReader(strings.Join(keep, "\n"))
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("crontab: %w: %s", err, out)
	}
	return a.print.value(map[string]string{"cron": start}, func(p *printer) {
		p.line("there is no systemd for you here: cron starts Tillside within a minute, and again whenever it is not there")
		p.line("settings go into %s, the log into ~/tillside.log", view.Environment)
	})
}

// live asks the process on the private listener whether it is alive.
func live(ctx context.Context, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("tillside does not run on %s: %w", listen, err)
	}
	defer response.Body.Close() //nolint:errcheck // only read
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("tillside on %s is not well: %s", listen, response.Status)
	}
	return nil
}
