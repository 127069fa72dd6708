// Command tillside sells for a WordPress site: it serves the order forms' API
// and runs an admin's verbs.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/config"
	"github.com/tillside/tillside/server/errs"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// cli is every verb and flag.
type cli struct {
	WordPress string `name:"wordpress" type:"path" placeholder:"DIR" help:"WordPress's folder, with wp-config.php. Also TILLSIDE_WORDPRESS."`
	JSON      bool   `name:"json" help:"Print JSON."`

	Serve     serveCmd     `cmd:"" help:"Serve the order forms and run the jobs."`
	Migrate   migrateCmd   `cmd:"" help:"Bring the tables up to date."`
	Doctor    doctorCmd    `cmd:"" help:"Look for what is wrong, and say how to mend it."`
	Import    importCmd    `cmd:"" help:"Read products, prices and offers from a catalogue file."`
	Export    exportCmd    `cmd:"" help:"Write the catalogue as such a file."`
	Coupon    couponCmd    `cmd:"" help:"Make, show and explain coupons."`
	GiftCard  giftCardCmd  `cmd:"" name:"giftcard" help:"Make, show and adjust gift cards."`
	Offer     offerCmd     `cmd:"" help:"The pages and the wait lists of offers."`
	Order     orderCmd     `cmd:"" help:"List, show and refund orders."`
	Contact   contactCmd   `cmd:"" help:"Contacts: tags, fields, timelines."`
	Operation operationCmd `cmd:"" help:"Custom operations, and the hooks by which a CRM runs them."`
	CRM       crmCmd       `cmd:"" name:"crm" help:"Connect a CRM, which then mirrors contacts, tags and fields."`
	Job       jobCmd       `cmd:"" help:"What waits to be done, and what was given up."`
	Reconcile reconcileCmd `cmd:"" help:"Ask the payment provider what we may have missed."`
	Install   installCmd   `cmd:"" help:"Run Tillside at every start of this machine."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// app is what the verbs work with.
type app struct {
	ctx    context.Context
	config *config.Config
	log    *slog.Logger
	print  printer
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("tillside"), kong.UsageOnError(), kong.Vars{"card": cardHelp},
		kong.Description("A shop for a WordPress site. Every setting of `serve` is an environment variable; see docs/install.md."))
	if err != nil {
		panic(err) // a mistake in the struct above
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tillside:", err)
		return exitUsage
	}
	settings, err := config.Load(os.Getenv)
	if err != nil {
		fmt.Fprintf(os.Stderr, "tillside: wrong settings:\n%v\n", err)
		return exitUsage
	}
	if c.WordPress != "" {
		settings.WordPress = c.WordPress
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{ctx: ctx, config: settings, log: newLogger(settings.LogLevel), print: printer{out: os.Stdout, json: c.JSON}}
	if err := parsed.Run(a); err != nil {
		return a.fail(err)
	}
	return 0
}

// fail prints why a verb failed: what a person may read, and the operator's
// details behind it.
func (a *app) fail(err error) int {
	if exit, isExit := errors.AsType[exitError](err); isExit {
		return exit.code
	}
	if e, isOurs := errors.AsType[*errs.Error](err); isOurs {
		fmt.Fprintln(os.Stderr, "tillside:", e.Message())
		a.log.Debug("details", "error", err)
	} else {
		fmt.Fprintln(os.Stderr, "tillside:", err)
	}
	return exitFailed
}

// exitError ends a verb that has said everything already.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit %d", e.code) }

func newLogger(level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // config has checked it
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l}))
}

// open opens the shop for a verb. Its jobs are left to `tillside serve`.
func (a *app) open() (*server.Shop, error) {
	a.config.Pool = min(a.config.Pool, 4)
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return server.Open(a.ctx, server.Options{Config: a.config, Log: quiet, Verb: true})
}

type serveCmd struct{}

// Run serves until it is told to stop.
func (serveCmd) Run(a *app) error {
	return server.Serve(a.ctx, server.Options{Config: a.config, Log: a.log})
}

type migrateCmd struct{}

// Run brings the tables up to date.
func (migrateCmd) Run(a *app) error {
	applied, err := server.Migrate(a.ctx, server.Options{Config: a.config, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return a.print.value(map[string]any{"applied": applied}, func(p *printer) {
		for _, name := range applied {
			p.line("applied %s", name)
		}
		p.line("%d migrations applied; the tables are up to date", len(applied))
	})
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(a *app) error {
	return a.print.value(map[string]string{"version": server.Version}, func(p *printer) { p.line("tillside %s", server.Version) })
}
