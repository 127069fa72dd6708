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
	s, p := idle(h)
	gateway := freeGateway{amount: money.New(4900, "EUR")}
	p.Shop.Checkout.Gateways = gateway.lookup
	script, err := record(s, p, gateway)
	if err != nil {
		return err
	}
	result, err := settles(s, p, script, o)
	if err != nil {
		return err
	}
	r.ratio("checkouts settled/s", result, 0.6)
	r.add("  statements of each", fmt.Sprintf("%d (%d of them SELECT)", len(script.statements), script.reads),
		fmt.Sprint(len(script.statements)))
	r.add("  transactions of each", fmt.Sprint(script.transactions+script.singles), "1")
	return nil
}

// record makes purchases in a process of its own and returns the statements of
// the last one: the first ones fill what a running process knows already.
func record(s *shoptest.Stand, p *shoptest.Process, gateway freeGateway) (*script, error) {
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
	buyers, err := newBuyers(1, s, &shoptest.Process{Shop: shop, URL: front.URL}, randomHex)
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
