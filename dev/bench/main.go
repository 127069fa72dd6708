// Command bench measures Tillside beside floors: what the same machine does at
// the same time without Tillside. dev/bench/run starts it; docs/benchmarks.md
// says what each number means.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/shoptest"
)

type options struct {
	rounds  int
	workers int
	info    string
	only    string
	codes   int
	launch  time.Duration
	profile string
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 7, "rounds after the warm-up, of which the median counts")
	flag.IntVar(&o.workers, "workers", 8, "requests under way at once")
	flag.StringVar(&o.info, "site", "", "info.json of a demo site; without it nothing is measured on WordPress")
	flag.StringVar(&o.only, "only", "", "only one part: quotes, coupons, settles, contended, process, assets, page or launch")
	flag.IntVar(&o.codes, "codes", 1_000_000, "how many codes the larger table has")
	flag.DurationVar(&o.launch, "launch", 0, "over how long the magic links are opened; 0 is as fast as it goes")
	flag.StringVar(&o.profile, "profile", "", "file for a CPU profile of all of it")
	flag.Parse()
	gin.SetMode(gin.ReleaseMode)
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) (err error) {
	h := &host{}
	defer h.close()
	defer func() {
		if p := recover(); p != nil {
			f, ok := p.(failure)
			if !ok {
				panic(p)
			}
			err = fmt.Errorf("%s", string(f))
		}
	}()
	if o.profile != "" {
		file, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if o.rounds < 1 || o.workers < 1 {
		return errors.New("there must be at least one round and one worker")
	}
	r := report{}
	defer r.print(os.Stdout) // also what was measured before something failed
	for _, part := range []struct {
		name string
		do   func(*host, options, *report) error
	}{
		{"quotes", measureQuotes}, {"coupons", measureCoupons}, {"settles", measureSettles}, {"contended", measureContended},
		{"process", measureProcess}, {"assets", measureAssets}, {"page", measurePage}, {"launch", measureLaunch},
	} {
		if o.only != "" && o.only != part.name {
			continue
		}
		if err := part.do(h, o, &r); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// idle returns a shop whose worker rests: jobs are written, none is done.
func idle(h *host) (*shoptest.Stand, *shoptest.Process) {
	s := shoptest.New(h)
	p := s.Start(shoptest.Options{Idle: true})
	p.Import(h, shoptest.Catalogue)
	return s, p
}

func measureQuotes(h *host, o options, r *report) error {
	s, p := idle(h)
	body, err := json.Marshal(map[string]any{"form_token": s.NewBuyer(p, "course").FormToken()})
	if err != nil {
		return err
	}
	result, err := quotes(s, p, o, [][]byte{body})
	if err != nil {
		return err
	}
	r.ratio("quotes/s", result, 0.6)
	return nil
}
