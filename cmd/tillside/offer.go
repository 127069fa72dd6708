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
		list, err := shop.OfferPages(a.ctx, c.Offer)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) { p.offerPages(list) })
	})
}

// offerPages prints for people where an offer is shown.
func (p *printer) offerPages(list *server.OfferPageList) {
	if len(list.Pages) == 0 {
		p.line("no page has shown it yet; links lead to %s", list.LinkURL)
		return
	}
	rows := make([][]string, len(list.Pages))
	for i, page := range list.Pages {
		role := ""
		if page.Main {
			role = "main"
		}
		rows[i] = []string{page.SeenAt.Format("2006-01-02 15:04"), role, page.URL}
	}
	p.table([]string{"SEEN (UTC)", "ROLE", "PAGE"}, rows)
	p.line("links lead to %s", list.LinkURL)
}

type offerMainPageCmd struct {
	Offer string `arg:"" help:"The offer's slug."`
	URL   string `arg:"" optional:"" help:"The page's address, as offer pages lists it; none: the one that was seen last."`
}

// Run chooses the main page.
func (c offerMainPageCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.SetMainPage(a.ctx, c.Offer, c.URL)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) { p.offerPages(list) })
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
