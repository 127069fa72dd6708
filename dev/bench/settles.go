package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"

	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/shoptest"
)

func measureSettles(h *host, o options, r *report) error {
	if err := measureSettle(h, o, r, "checkouts settled/s", "", money.New(4900, "EUR")); err != nil {
		return err
	}
	return measureSettle(h, o, r, "  with a coupon", "SPRING", money.New(3920, "EUR"))
}

// measureSettle measures whole purchases, with a code or without one. Each person
// may use the code once, so that a use is written, and one row for the person.
func measureSettle(h *host, o options, r *report, name, code string, due money.Amount) error {
	s, p := idle(h)
	if code != "" {
		s.AddCoupon(`{"discount":{"kind":"percent","percent":"20"},"limits":{"per_person":1}}`, code, 0)
	}
	gateway := freeGateway{amount: due}
	p.Shop.Checkout.Gateways = gateway.lookup
	script, err := record(s, p, gateway, code)
	if err != nil {
		return err
	}
	result, err := settles(s, p, script, o, code)
	if err != nil {
		return err
	}
	r.ratio(name, result, 0.6)
	r.add("  statements of each", fmt.Sprintf("%d (%d of them SELECT)", len(script.statements), script.reads),
		fmt.Sprint(len(script.statements)))
	r.add("  transactions of each", fmt.Sprint(script.transactions+script.singles), "1")
	return nil
}

// record makes purchases in a process of its own and returns the statements of
// the last one: the first ones fill what a running process knows already.
func record(s *shoptest.Stand, p *shoptest.Process, gateway freeGateway, code string) (*script, error) {
	markIDs(s)
	r := &recorder{}
	cfg := s.Config()
	var err error
	if cfg.DSN, err = r.dsn(s.DSN); err != nil {
		return nil, err
	}
	ctx := context.Background()
	shop, err := server.Open(ctx, server.Options{Config: cfg, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	shop.Checkout.Gateways = gateway.lookup
	front := httptest.NewServer(shop.Handler())
	defer front.Close()
	buyers, err := newBuyers(1, s, &shoptest.Process{Shop: shop, URL: front.URL}, randomHex, code)
	if err != nil {
		return nil, err
	}
	for range 3 {
		if _, err := r.take(); err != nil {
			return nil, err
		}
		if err := buyers[0].buy(); err != nil {
			return nil, err
		}
	}
	sent, err := r.take()
	if err != nil {
		return nil, err
	}
	if err := shop.Close(ctx); err != nil {
		return nil, err
	}
	return newScript(sent)
}
