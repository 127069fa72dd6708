package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tillside/tillside/server"
)

type importCmd struct {
	File   string `arg:"" help:"The catalogue file (YAML); - reads standard input."`
	DryRun bool   `help:"Only say what would change."`
}

// Run imports a catalogue file.
func (c importCmd) Run(a *app) error {
	in := io.Reader(os.Stdin)
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // only read
		in = file
	}
	shop, err := a.open()
	if err != nil {
		return err
	}
	defer shop.Close(a.ctx) //nolint:errcheck // the process ends
	report, err := shop.Import(a.ctx, in, c.File, c.DryRun)
	if problems, isImport := errors.AsType[*server.ImportError](err); isImport {
		for _, problem := range problems.Problems {
			fmt.Fprintln(os.Stderr, problem.String())
		}
		fmt.Fprintf(os.Stderr, "tillside: nothing was imported: %d faults in %s\n", len(problems.Problems), c.File)
		return exitError{exitFailed}
	}
	if err != nil {
		return err
	}
	return a.print.value(report, func(p *printer) {
		for _, change := range report.Changes {
			p.line("%-9s %s %s", change.Action, change.Kind, change.Slug)
		}
		if c.DryRun {
			p.line("nothing was written: this was a dry run")
		}
	})
}

type exportCmd struct {
	File string `arg:"" optional:"" help:"Where to write it; standard output without."`
}

// Run exports the catalogue.
func (c exportCmd) Run(a *app) error {
	shop, err := a.open()
	if err != nil {
		return err
	}
	defer shop.Close(a.ctx) //nolint:errcheck // the process ends
	if c.File == "" || c.File == "-" {
		return shop.Catalog.Export(a.ctx, os.Stdout)
	}
	file, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists; choose another name", c.File)
	}
	if err != nil {
		return err
	}
	return errors.Join(shop.Catalog.Export(a.ctx, file), file.Close())
}
