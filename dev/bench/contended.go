package main

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/shoptest"
)

// rushers is how many buyers are after one code at once.
const rushers = 64

// measureContended measures whole purchases of many buyers at once with one
// code whose uses are counted, beside the same with a code of which any number
// may be used: the difference is the waiting for the one row.
func measureContended(h *host, o options, r *report) error {
	hot, err := rush(h, `{"discount":{"kind":"percent","percent":"20"},"limits":{"uses":1000000}}`)
	if err != nil {
		return err
	}
	free, err := rush(h, `{"discount":{"kind":"percent","percent":"20"}}`)
	if err != nil {
		return err
	}
	c := contest{workers: rushers, lasts: 5 * time.Second, floor: free.buy, subject: hot.buy}
	result, err := c.run(max(1, o.rounds/2))
	if err != nil {
		return err
	}
	if uses, orders := hot.s.Count("SELECT COUNT(*) FROM {redemptions} WHERE state = 'committed'"), hot.s.Count("SELECT COUNT(*) FROM {orders}"); uses != orders {
		return fmt.Errorf("%d uses in %d orders", uses, orders)
	}
	r.add(fmt.Sprintf("purchases/s, %d buyers of one code", rushers), fmt.Sprintf("%.0f", result.subject), fmt.Sprintf("%.0f", result.floor),
		fmt.Sprintf("%.2f (%.2f to %.2f)", result.ratio, result.least, result.most))
	r.add("  paying takes, of 99 %, at most", fmt.Sprintf("%.0f ms", hot.p99()), fmt.Sprintf("%.0f ms", free.p99()))
	return nil
}

// crowd is many buyers of one shop.
type crowd struct {
	s      *shoptest.Stand
	buyers []*buyer

	mu    sync.Mutex
	times []float64 // milliseconds that payments took
}

func rush(h *host, rules string) (*crowd, error) {
	s, p := idle(h)
	s.AddCoupon(rules, "HOT", 0)
	p.Shop.Checkout.Gateways = freeGateway{amount: money.New(3920, "EUR")}.lookup
	c := &crowd{s: s}
	var err error
	if c.buyers, err = newBuyers(rushers, s, p, randomHex, "HOT"); err != nil {
		return nil, err
	}
	for _, b := range c.buyers {
		b.paid = func(took time.Duration) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.times = append(c.times, float64(took.Microseconds())/1000)
		}
	}
	return c, nil
}

func (c *crowd) buy(worker int) error { return c.buyers[worker].buy() }

func (c *crowd) p99() float64 {
	sorted := slices.Sorted(slices.Values(c.times))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)*99/100]
}
