package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tillside/tillside/server/shoptest"
)

// starts is how often the start is measured.
const starts = 9

// measureProcess measures the program itself, built as a release: how soon it
// is ready on a migrated database, and what it takes at rest and under load.
func measureProcess(h *host, _ options, r *report) error {
	folder, err := os.MkdirTemp("", "tillside-bench-")
	if err != nil {
		return err
	}
	h.Cleanup(func() { _ = os.RemoveAll(folder) })
	binary := filepath.Join(folder, "tillside")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/tillside")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, text)
	}
	info, err := os.Stat(binary)
	if err != nil {
		return err
	}
	s := shoptest.New(h)
	s.Start(shoptest.Options{Idle: true}).Import(h, shoptest.Catalogue) // migrates
	var waits []float64
	for range starts {
		p, wait, err := startProcess(s, binary)
		if err != nil {
			return err
		}
		waits = append(waits, float64(wait.Microseconds())/1000)
		if err := p.stop(); err != nil {
			return err
		}
	}
	r.size("start to ready", median(waits), "ms", 300)
	rest, peak, err := memory(s, binary)
	if err != nil {
		return err
	}
	r.size("resident at rest", rest, "MiB", 40)
	r.size("resident under load, at most", peak, "MiB", 80)
	r.add("binary, stripped", fmt.Sprintf("%.1f MiB", float64(info.Size())/(1<<20)))
	return nil
}

// memory returns the MiB that a process holds five seconds after its start, and
// the most that it ever held while it sold as fast as it can.
func memory(s *shoptest.Stand, binary string) (rest, peak float64, err error) {
	p, _, err := startProcess(s, binary)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	time.Sleep(5 * time.Second)
	if rest, err = p.resident("VmRSS"); err != nil {
		return 0, 0, err
	}
	const buyers = 4
	selling, err := newBuyers(2*buyers, s, &shoptest.Process{URL: p.url}, func() string {
		return s.Stripe.NewConfirmationToken("4242424242424242")
	}, "")
	if err != nil {
		return 0, 0, err
	}
	var bought atomic.Int64
	_, err = load(2*buyers, 10*time.Second, func(worker int) error {
		b := selling[worker]
		if worker < buyers {
			bought.Add(1)
			return b.buy()
		}
		return b.ask(http.MethodPost, "/v1/quotes", "", fmt.Sprintf(`{"form_token":%q}`, b.form), http.StatusOK, &struct{}{})
	})
	if err == nil && bought.Load() == 0 {
		err = errors.New("nothing was bought")
	}
	if err != nil {
		return 0, 0, fmt.Errorf("load: %w", err)
	}
	peak, err = p.resident("VmHWM")
	return rest, peak, err
}

// process is `tillside serve`.
type process struct {
	cmd *exec.Cmd
	url string
	log strings.Builder
}

// startProcess starts it and returns when it is ready, with how long that took.
func startProcess(s *shoptest.Stand, binary string) (*process, time.Duration, error) {
	listen, private, err := freeAddresses()
	if err != nil {
		return nil, 0, err
	}
	p := &process{cmd: exec.Command(binary, "serve"), url: "http://" + listen}
	p.cmd.Env, p.cmd.Stderr = s.Environment(listen, private), &p.log
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, 0, err
	}
	for time.Since(began) < 20*time.Second {
		answer, err := http.Get("http://" + private + "/readyz")
		if err == nil {
			_, _ = io.Copy(io.Discard, answer.Body) // only the status counts
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return p, time.Since(began), nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	return nil, 0, fmt.Errorf("tillside was not ready after 20 seconds; it said:\n%s%w", p.log.String(), p.stop())
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("tillside: %w; it said:\n%s", err, p.log.String())
	}
	return nil
}

// resident reads a line of the process's status, in MiB.
func (p *process) resident(name string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); fields[0] == name+":" {
			kib, err := strconv.ParseFloat(fields[1], 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("no %s in the process's status", name)
}

// freeAddresses returns two addresses on which nobody listens now.
func freeAddresses() (string, string, error) {
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	second, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", errors.Join(err, first.Close())
	}
	return first.Addr().String(), second.Addr().String(), errors.Join(first.Close(), second.Close())
}
