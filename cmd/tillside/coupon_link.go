package main

import (
	"strconv"

	"github.com/tillside/tillside/server"
)

type couponGenerateCmd struct {
	Coupon string `arg:"" help:"The template."`
	Email  string `xor:"whom" required:"" help:"Makes one code, for the contact with this address."`
	Count  int    `xor:"whom" required:"" help:"Makes so many unique codes, up to a million, as a campaign."`
	individualFlags
	Campaign string `help:"The campaign's slug."`
	MaxUses  int    `default:"1" help:"How often each code of a campaign may be used."`
	CSV      string `name:"csv" help:"Writes the campaign's codes into this new file."`
	Resume   bool   `help:"Goes on with a campaign that was interrupted."`
}

// Run makes one code for one contact, or many.
func (c couponGenerateCmd) Run(a *app) error {
	if c.Count > 0 {
		return c.generateMany(a)
	}
	return withShop(a, func(shop *server.Shop) error {
		code, err := shop.GenerateCode(a.ctx, server.IndividualRequest{
			Coupon: c.Coupon, Email: c.Email, Prefix: c.Prefix, Length: c.Length, Alphabet: c.Alphabet, Lifetime: c.Lifetime,
			Bearer: c.Bearer, WhenLive: c.WhenLive,
		})
		if err != nil {
			return err
		}
		return a.print.value(code, func(p *printer) {
			p.line("%s", code.Code)
			if code.ExpiresAt != nil {
				p.line("until %s UTC", code.ExpiresAt.Format("2006-01-02 15:04"))
			}
		})
	})
}

type couponLinkCmd struct {
	Make   couponLinkMakeCmd   `cmd:"" default:"withargs" help:"Make a magic link: the form's page with the code applied."`
	List   couponLinkListCmd   `cmd:"" help:"List the links that can be revoked."`
	Revoke couponLinkRevokeCmd `cmd:"" help:"End such a link for good."`
}

type couponLinkMakeCmd struct {
	Offer    string   `required:"" help:"The offer that it leads to."`
	Code     []string `help:"A code that it applies; several with several flags."`
	Page     string   `help:"Another page of the site instead of the offer's own."`
	Email    string   `help:"Binds the link to this address: it fills in the form, and proves who buys."`
	Lifetime string   `help:"How long the link lives: 48h, 7d, 3mo, or a date."`
	Query    bool     `help:"The code goes into the address's query, for CRMs that lose what is behind #."`
	Merge    string   `help:"For an e-mail of this CRM: ontraport, kit, activecampaign, drip, keap, fluentcrm."`
	Field    string   `help:"The CRM's field that holds each reader's code."`
}

// Run makes a magic link.
func (c couponLinkMakeCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		l, err := shop.MakeLink(a.ctx, server.LinkRequest{
			Offer: c.Offer, Page: c.Page, Codes: c.Code, Email: c.Email, Lifetime: c.Lifetime, Query: c.Query, Merge: c.Merge, Field: c.Field,
		})
		if err != nil {
			return err
		}
		return a.print.value(l, func(p *printer) {
			p.line("%s", l.URL)
			if l.ID != 0 {
				p.line("to revoke it: tillside coupon link revoke %d", l.ID)
			}
		})
	})
}

type couponLinkListCmd struct{}

// Run lists links.
func (couponLinkListCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.FindLinks(a.ctx)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) {
			if len(list) == 0 {
				p.line("no links with a token yet")
				return
			}
			rows := make([][]string, len(list))
			for i, l := range list {
				state, until := "live", "for ever"
				if l.ExpiresAt != nil {
					until = l.ExpiresAt.Format("2006-01-02 15:04")
				}
				if l.RevokedAt != nil {
					state = "revoked"
				}
				rows[i] = []string{strconv.FormatInt(l.ID, 10), l.Offer, state, until, l.CreatedAt.Format("2006-01-02 15:04")}
			}
			p.table([]string{"ID", "OFFER", "STATE", "UNTIL (UTC)", "MADE (UTC)"}, rows)
		})
	})
}

type couponLinkRevokeCmd struct {
	ID int64 `arg:"" help:"The link's number."`
}

// Run revokes a link.
func (c couponLinkRevokeCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		if err := shop.RevokeLink(a.ctx, c.ID); err != nil {
			return err
		}
		return a.print.value(map[string]any{"revoked": c.ID}, func(p *printer) { p.line("link %d is revoked", c.ID) })
	})
}
