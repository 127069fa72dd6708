package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tillside/tillside/server"
)

// progressOf tells on standard error how far long work is, once a second.
func progressOf(what string, whole int) server.Progress {
	var last time.Time
	return func(done int) {
		if now := time.Now(); now.Sub(last) >= time.Second {
			last = now
			if whole > 0 {
				fmt.Fprintf(os.Stderr, "%s: %d of %d\n", what, done, whole)
			} else {
				fmt.Fprintf(os.Stderr, "%s: %d\n", what, done)
			}
		}
	}
}

// generateMany makes a campaign, or goes on with one that was interrupted.
func (c couponGenerateCmd) generateMany(a *app) error {
	if c.Campaign == "" {
		return errors.New("name the campaign: --campaign spring-letter")
	}
	return withShop(a, func(shop *server.Shop) error {
		_, err := shop.Campaign(a.ctx, c.Campaign)
		if err != nil || !c.Resume {
			if _, err := shop.StartCampaign(a.ctx, server.CampaignRequest{
				Coupon: c.Coupon, Campaign: c.Campaign, Count: c.Count, Prefix: c.Prefix, Length: c.Length, Alphabet: c.Alphabet,
				Lifetime: c.Lifetime, MaxUses: c.MaxUses,
			}, false); err != nil {
				return err
			}
		}
		made, err := shop.GenerateCampaign(a.ctx, c.Campaign, progressOf("codes made", c.Count))
		if err != nil {
			return fmt.Errorf("%w (go on with: tillside coupon generate %s --count %d --campaign %s --resume)", err, c.Coupon, c.Count, c.Campaign)
		}
		if c.CSV != "" {
			if err := exportTo(c.CSV, func(w io.Writer) error {
				return shop.ExportCodes(a.ctx, c.Campaign, w, progressOf("codes written", made.Made))
			}); err != nil {
				return err
			}
		}
		return a.print.value(made, func(p *printer) { p.line("made %d codes of the campaign %s", made.Made, made.Campaign) })
	})
}

// exportTo writes into a new file; - is standard output.
func exportTo(path string, write func(io.Writer) error) error {
	if path == "" || path == "-" {
		return write(os.Stdout)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // whoever reads it can use the codes
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists; choose another name", path)
	}
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

type couponExportCmd struct {
	What string `arg:"" help:"A campaign, or a coupon for all of its codes."`
	File string `arg:"" optional:"" help:"A new file; standard output without."`
}

// Run exports codes.
func (c couponExportCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		return exportTo(c.File, func(w io.Writer) error {
			return shop.ExportCodes(a.ctx, c.What, w, progressOf("codes written", 0))
		})
	})
}

type couponImportCmd struct {
	Coupon string `arg:"" help:"The coupon that the codes are for."`
	File   string `arg:"" help:"A CSV file with a column code, and if need be max_uses, starts_at, expires_at, email; - reads standard input."`
	DryRun bool   `help:"Only say what would be imported."`
}

// Run imports codes.
func (c couponImportCmd) Run(a *app) error {
	in := io.Reader(os.Stdin)
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // only read
		in = file
	}
	return withShop(a, func(shop *server.Shop) error {
		report, err := shop.ImportCodes(a.ctx, c.Coupon, in, c.DryRun, progressOf("lines read", 0))
		if err != nil {
			return err
		}
		err = a.print.value(report, func(p *printer) {
			for _, problem := range report.Problems {
				p.line("line %d: %s", problem.Line, problem.Text)
			}
			if more := report.Faults - len(report.Problems); more > 0 {
				p.line("… and %d more lines with faults", more)
			}
			verb := "imported"
			if c.DryRun {
				verb = "would be imported"
			}
			p.line("%d of %d codes %s, %d left out", report.Imported, report.Lines, verb, report.Faults)
		})
		if err == nil && report.Faults > 0 {
			err = exitError{exitFailed}
		}
		return err
	})
}

type couponCampaignsCmd struct{}

// Run lists campaigns.
func (couponCampaignsCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.FindCampaigns(a.ctx)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) {
			if len(list) == 0 {
				p.line("no campaigns yet: tillside coupon generate --help")
				return
			}
			rows := make([][]string, len(list))
			for i, c := range list {
				rows[i] = []string{c.Campaign, c.Coupon, string(c.Status), fmt.Sprint(c.Made), fmt.Sprint(c.Sent), fmt.Sprint(c.Redeemed), strings.Join(c.Revenue, ", ")}
			}
			p.table([]string{"CAMPAIGN", "COUPON", "STATUS", "MADE", "SENT", "REDEEMED", "REVENUE"}, rows)
		})
	})
}

type couponReportCmd struct {
	Campaign string `arg:"" help:"The campaign."`
}

// Run reports on a campaign.
func (c couponReportCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		r, err := shop.Campaign(a.ctx, c.Campaign)
		if err != nil {
			return err
		}
		return a.print.value(r, func(p *printer) {
			p.line("%s (%s), %s", r.Campaign, r.Coupon, r.Status)
			p.line("codes:    %d made of %d, %d sent, %d redeemed, %d reserved now", r.Made, r.Wanted, r.Sent, r.Redeemed, r.Reserved)
			p.line("revenue:  %s", orNothing(r.Revenue))
			p.line("discount: %s", orNothing(r.Discount))
		})
	})
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "nothing yet"
	}
	return strings.Join(list, ", ")
}

type couponRevokeCmd struct {
	Campaign string `arg:"" help:"The campaign whose codes are taken back for good."`
}

// Run revokes a campaign.
func (c couponRevokeCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		r, err := shop.RevokeCampaign(a.ctx, c.Campaign)
		if err != nil {
			return err
		}
		return a.print.value(r, func(p *printer) { p.line("the %d codes of %s are revoked", r.Made, r.Campaign) })
	})
}
