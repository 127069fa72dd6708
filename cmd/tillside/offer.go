package main

import "github.com/tillside/tillside/server"

type offerCmd struct {
	Pages    offerPagesCmd    `cmd:"" help:"List the pages that show an offer; links lead to the first."`
	MainPage offerMainPageCmd `cmd:"" help:"Choose the page that an offer's links lead to."`
	Waiting  offerWaitingCmd  `cmd:"" help:"List who waits for a seat of an offer that is sold out."`
}

type offerPagesCmd struct {
	Offer string `arg:"" help:"The offer's slug."`
}

// Run lists pages.
func (c offerPagesCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		pages, err := shop.OfferPages(a.ctx, c.Offer)
		if err != nil {
			return err
		}
		return a.print.value(pages, func(p *printer) {
			if len(pages) == 0 {
				p.line("no page has shown it yet; links lead to /buy/%s", c.Offer)
				return
			}
			for _, page := range pages {
				p.line("%s  seen %s UTC", page.URL, page.SeenAt.Format("2006-01-02 15:04"))
			}
		})
	})
}

type offerMainPageCmd struct {
	Offer string `arg:"" help:"The offer's slug."`
	URL   string `arg:"" help:"The page's address, as offer pages lists it."`
}

// Run chooses the main page.
func (c offerMainPageCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		if err := shop.SetMainPage(a.ctx, c.Offer, c.URL); err != nil {
			return err
		}
		return a.print.value(map[string]string{"main_page": c.URL}, func(p *printer) { p.line("links for %s lead to %s", c.Offer, c.URL) })
	})
}

type offerWaitingCmd struct {
	Offer string `arg:"" help:"The offer's slug."`
}

// Run lists who waits.
func (c offerWaitingCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.FindWaiting(a.ctx, c.Offer)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) {
			if len(list) == 0 {
				p.line("nobody waits")
				return
			}
			rows := make([][]string, len(list))
			for i, w := range list {
				rows[i] = []string{w.Since.Format("2006-01-02 15:04"), w.Email, w.FirstName}
			}
			p.table([]string{"SINCE (UTC)", "E-MAIL", "NAME"}, rows)
		})
	})
}
