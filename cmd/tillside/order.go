package main

import (
	"fmt"
	"strings"

	"github.com/tillside/tillside/server"
)

type orderCmd struct {
	List   orderListCmd   `cmd:"" help:"List orders, newest first."`
	Show   orderShowCmd   `cmd:"" help:"Show an order."`
	Refund orderRefundCmd `cmd:"" help:"Give money back. A refund changes money only, never access."`

	Resolve orderResolveCmd `cmd:"" help:"Take a payment that fits no order out of quarantine."`
}

type orderListCmd struct {
	Email      string `help:"Only orders of this e-mail address."`
	Before     int64  `help:"Only orders with a number below this one: the next page."`
	Limit      int    `default:"50" help:"At most so many."`
	Quarantine bool   `help:"List payments that fit no order instead."`
}

// Run lists orders.
func (c orderListCmd) Run(a *app) error {
	shop, err := a.open()
	if err != nil {
		return err
	}
	defer shop.Close(a.ctx) //nolint:errcheck // the process ends
	if c.Quarantine {
		return c.quarantine(a, shop)
	}
	orders, err := shop.FindOrders(a.ctx, c.Email, c.Before, c.Limit)
	if err != nil {
		return err
	}
	return a.print.value(orders, func(p *printer) {
		if len(orders) == 0 {
			p.line("no orders yet")
			return
		}
		rows := make([][]string, len(orders))
		for i, o := range orders {
			rows[i] = []string{o.Number, o.CreatedAt.Format("2006-01-02 15:04"), o.Status, o.Total, o.Email, o.Offer}
		}
		p.table([]string{"NUMBER", "DATE (UTC)", "STATUS", "TOTAL", "E-MAIL", "OFFER"}, rows)
	})
}

func (orderListCmd) quarantine(a *app, shop *server.Shop) error {
	found, err := shop.Quarantine(a.ctx)
	if err != nil {
		return err
	}
	return a.print.value(found, func(p *printer) {
		if len(found) == 0 {
			p.line("nothing is in quarantine")
			return
		}
		rows := make([][]string, len(found))
		for i, q := range found {
			rows[i] = []string{q.CreatedAt.Format("2006-01-02 15:04"), q.Gateway, q.Payment, q.Amount, q.Reason, q.Details}
		}
		p.table([]string{"DATE (UTC)", "GATEWAY", "PAYMENT", "AMOUNT", "REASON", "DETAILS"}, rows)
	})
}

type orderShowCmd struct {
	Number string `arg:"" help:"The order's number."`
}

// Run shows an order.
func (c orderShowCmd) Run(a *app) error {
	shop, err := a.open()
	if err != nil {
		return err
	}
	defer shop.Close(a.ctx) //nolint:errcheck // the process ends
	o, err := shop.Order(a.ctx, c.Number)
	if err != nil {
		return err
	}
	return a.print.value(o, func(p *printer) {
		p.line("Order %s, %s, %s UTC", o.Number, o.Status, o.CreatedAt.Format("2006-01-02 15:04"))
		p.line("Buyer    %s <%s> %s", o.Name, o.Email, o.Country)
		p.line("Account  %s", o.Account)
		for _, item := range o.Items {
			p.line("  %d × %s  %s", item.Quantity, item.Name, item.Total)
		}
		p.line("Total    %s", o.Total)
		for _, payment := range o.Payments {
			p.line("Paid     %s by %s (%s %s, %s mode)", payment.Amount, payment.Tender, payment.Gateway, payment.ID, payment.Mode)
		}
		for _, refund := range o.Refunds {
			p.line("Refund   %s, %s, made by %s %s", refund.Amount, refund.Status, refund.Source, refund.Reason)
		}
		if o.Origin != "" {
			p.line("Came by  %s", o.Origin)
		}
	})
}

type orderRefundCmd struct {
	Number string `arg:"" help:"The order's number."`
	Amount string `help:"How much, such as 12.50; all that is left without."`
	Reason string `help:"A note for yourself."`
}

// Run refunds an order.
func (c orderRefundCmd) Run(a *app) error {
	shop, err := a.open()
	if err != nil {
		return err
	}
	defer shop.Close(a.ctx) //nolint:errcheck // the process ends
	refund, err := shop.Refund(a.ctx, c.Number, c.Amount, strings.TrimSpace(c.Reason))
	if err != nil {
		return err
	}
	return a.print.value(refund, func(p *printer) {
		for _, part := range refund.Parts {
			p.line("refunded %s of order %s to the %s: %s", part.Amount, c.Number, strings.ReplaceAll(part.To, "_", " "), part.Status)
		}
	})
}

type orderResolveCmd struct {
	Payment string `arg:"" help:"The provider's id of the payment, as tillside order list --quarantine shows it."`
	Refund  bool   `help:"Give all of it back first."`
}

// Run resolves a payment in quarantine.
func (c orderResolveCmd) Run(a *app) error {
	shop, err := a.open()
	if err != nil {
		return err
	}
	defer shop.Close(a.ctx) //nolint:errcheck // the process ends
	resolved, err := shop.Resolve(a.ctx, c.Payment, c.Refund)
	if err != nil {
		return err
	}
	return a.print.value(resolved, func(p *printer) {
		if c.Refund {
			p.line("gave %s of %s back; it is out of quarantine", resolved.Amount, resolved.Payment)
			return
		}
		p.line("%s (%s) is out of quarantine; nothing was given back", resolved.Payment, resolved.Amount)
	})
}

type reconcileCmd struct{}

// Run reads the provider's events and finishes what was left open.
func (reconcileCmd) Run(a *app) error {
	shop, err := a.open()
	if err != nil {
		return err
	}
	defer shop.Close(a.ctx) //nolint:errcheck // the process ends
	report, err := shop.Reconcile(a.ctx)
	if err != nil {
		return err
	}
	return a.print.value(report, func(p *printer) {
		p.line("%d new events, %d jobs done", report.Events, report.Jobs)
		if report.Quarantine > 0 {
			p.line("%d payments fit no order: see tillside order list --quarantine", report.Quarantine)
		}
	})
}

type doctorCmd struct {
	Live   bool   `help:"Only ask the running process whether it is alive: for health checks of containers."`
	Decide string `enum:",moved,copy" default:"" help:"Say what this site is after it was copied or moved: moved or copy."`
}

// Run looks for what is wrong.
func (c doctorCmd) Run(a *app) error {
	if c.Live {
		return live(a.ctx, a.config.PrivateListen)
	}
	shop, err := a.open()
	if err != nil {
		return err
	}
	defer shop.Close(a.ctx) //nolint:errcheck // the process ends
	if c.Decide != "" {
		if err := shop.Decide(a.ctx, c.Decide); err != nil {
			return err
		}
	}
	checks := shop.Checkup(a.ctx)
	failed := false
	for _, check := range checks {
		failed = failed || check.Status == "error"
	}
	err = a.print.value(map[string]any{"ok": !failed, "checks": checks}, func(p *printer) {
		for _, check := range checks {
			p.line("%-8s %s: %s", check.Status, check.Name, check.Message)
			if check.Mend != "" {
				p.line("         → %s", check.Mend)
			}
		}
	})
	if err == nil && failed {
		err = exitError{exitFailed}
	}
	if err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	return nil
}
