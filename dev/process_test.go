package dev_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// shell runs lines of bash with the parts of lib/ that start and end servers.
func shell(t *testing.T, state, lines string) (string, error) {
	t.Helper()
	const parts = `set -euo pipefail; . lib/say.sh; . lib/process.sh; logs=$state; mkdir -p "$state/pid"; `
	cmd := exec.CommandContext(t.Context(), "bash", "-c", parts+lines)
	cmd.Env = append(os.Environ(), "state="+state)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestStop_EndsWhatWasStarted(t *testing.T) {
	state := t.TempDir()
	out, err := shell(t, state, `start server sleep 300; running server; echo "$pid"`)
	if err != nil {
		t.Fatalf("start: %v: %s", err, out)
	}
	pid, err := strconv.Atoi(out)
	if err != nil || !alive(pid) {
		t.Fatalf("no process %q", out)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	if out, err := shell(t, state, `stop server; ! running server`); err != nil {
		t.Fatalf("stop: %v: %s", err, out)
	}
	if alive(pid) {
		t.Error("the server still runs")
	}
}

func TestStop_LeavesAProcessThatOnlyHasTheNumber(t *testing.T) {
	state := t.TempDir()
	stranger := exec.CommandContext(t.Context(), "sleep", "300")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stranger.Process.Kill(); _ = stranger.Wait() })
	if err := os.Mkdir(filepath.Join(state, "pid"), 0o700); err != nil {
		t.Fatal(err)
	}
	old := strconv.Itoa(stranger.Process.Pid) + " 12345\n"
	if err := os.WriteFile(filepath.Join(state, "pid", "server"), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := shell(t, state, `! running server; stop server`); err != nil {
		t.Fatalf("stop: %v: %s", err, out)
	}
	if !alive(stranger.Process.Pid) {
		t.Error("a process that is not ours was ended")
	}
}

func TestRequirePort_NamesATakenPortAndTheWayOut(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	out, err := shell(t, t.TempDir(), `require_port `+port+` nginx`)
	if err == nil || !strings.Contains(out, "port "+port) || !strings.Contains(out, "PORT=") {
		t.Errorf("said %q with %v", out, err)
	}
}
