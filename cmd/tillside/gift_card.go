package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tillside/tillside/server"
)

type giftCardCmd struct {
	Issue     giftCardIssueCmd     `cmd:"" help:"Make a gift card that nobody pays for."`
	List      giftCardListCmd      `cmd:"" help:"List gift cards, newest first."`
	Show      giftCardShowCmd      `cmd:"" help:"Show a gift card with its ledger."`
	Adjust    giftCardAdjustCmd    `cmd:"" help:"Put something on a card, or take it off."`
	Block     giftCardBlockCmd     `cmd:"" help:"Keep a card from paying; what is on it stays. Undo it with unblock."`
	Unblock   giftCardUnblockCmd   `cmd:"" help:"Let it pay again."`
	Replace   giftCardReplaceCmd   `cmd:"" help:"Give a card a new code; the old one is void."`
	Export    giftCardExportCmd    `cmd:"" help:"Write all gift cards as CSV, without their codes."`
	Liability giftCardLiabilityCmd `cmd:"" help:"What is owed to the holders of cards, for the books."`
	Check     giftCardCheckCmd     `cmd:"" help:"Add up all ledgers and show what does not add up."`
	Settings  giftCardSettingsCmd  `cmd:"" help:"Show or change whether cards expire, and where refunds go."`
}

const cardHelp = "Its number, its id, or its code."

type giftCardIssueCmd struct {
	Amount    string `arg:"" help:"What it is worth: '50.00 EUR'."`
	To        string `help:"Send it by mail to this address; without it the code is printed, once."`
	Name      string `help:"The recipient's name."`
	From      string `help:"Who gives it."`
	Message   string `help:"A message, of at most 500 characters."`
	DeliverOn string `help:"Send it on this day: 2026-12-24; at once without it."`
	Expires   string `help:"The last day on which it is good, instead of the settings' one: 2029-12-31."`
}

// Run makes a card.
func (c giftCardIssueCmd) Run(a *app) error {
	request := server.GiftCardRequest{
		Amount: c.Amount, RecipientEmail: c.To, RecipientName: c.Name, Sender: c.From, Message: c.Message, Send: c.To != "", DeliverOn: c.DeliverOn,
	}
	return withShop(a, func(shop *server.Shop) error {
		var err error
		if request.ExpiresAt, err = shop.EndOfDay("expires", c.Expires); err != nil {
			return err
		}
		made, err := shop.IssueGiftCard(a.ctx, request, "command")
		if err != nil {
			return err
		}
		return a.print.value(made, func(p *printer) {
			p.giftCard(made)
			if made.Code != "" {
				p.line("code     %s", made.Code)
				p.line("Note the code now: only its hash is stored, it cannot be shown again.")
			}
		})
	})
}

// giftCard prints a card for people.
func (p *printer) giftCard(c *server.GiftCardDetails) {
	p.line("gift card %d, ends with %s, %s", c.Number, c.CodeEndsWith, c.Status)
	p.line("balance  %s of %s, %s held by checkouts", c.Balance, c.Issued, c.Held)
	if c.Order != "" {
		p.line("bought   with order %s", c.Order)
	}
	if c.RecipientEmail != "" {
		p.line("for      %s", strings.TrimSpace(c.RecipientName+" <"+c.RecipientEmail+">"))
	}
	switch {
	case c.DeliveredAt != nil:
		p.line("sent     %s", minute(*c.DeliveredAt))
	case c.DeliverAt != nil:
		p.line("is sent  %s", minute(*c.DeliverAt))
	}
	if c.ExpiresAt == nil {
		p.line("expires  never")
	} else {
		p.line("expires  %s", minute(*c.ExpiresAt))
	}
	if len(c.Ledger) == 0 {
		return
	}
	rows := make([][]string, len(c.Ledger))
	for i, line := range c.Ledger {
		rows[i] = []string{minute(line.At), string(line.Kind), line.Amount, line.Balance, line.Order, line.Note}
	}
	p.table([]string{"AT (UTC)", "WHAT", "AMOUNT", "BALANCE", "ORDER", "NOTE"}, rows)
}

func minute(at time.Time) string { return at.UTC().Format("2006-01-02 15:04") }

type giftCardListCmd struct {
	Email  string `help:"Only those of this recipient."`
	Before int64  `help:"Only those below this number."`
	Limit  int    `default:"50" help:"At most so many."`
}

// Run lists cards.
func (c giftCardListCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.FindGiftCards(a.ctx, c.Email, c.Before, c.Limit)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) {
			if len(list) == 0 {
				p.line("no gift cards yet: tillside giftcard issue --help, or gift_card in the catalogue file")
				return
			}
			rows := make([][]string, len(list))
			for i, g := range list {
				rows[i] = []string{fmt.Sprint(g.Number), g.CodeEndsWith, string(g.Status), g.Balance, g.Issued, g.RecipientEmail, minute(g.CreatedAt)}
			}
			p.table([]string{"NUMBER", "ENDS WITH", "STATUS", "BALANCE", "ISSUED", "FOR", "MADE (UTC)"}, rows)
		})
	})
}

type giftCardShowCmd struct {
	Card string `arg:"" help:"${card}"`
}

// Run shows a card.
func (c giftCardShowCmd) Run(a *app) error {
	return onCard(a, func(shop *server.Shop) (*server.GiftCardDetails, error) { return shop.GiftCard(a.ctx, c.Card) })
}

// onCard does something with a card and prints it.
func onCard(a *app, do func(*server.Shop) (*server.GiftCardDetails, error)) error {
	return withShop(a, func(shop *server.Shop) error {
		card, err := do(shop)
		if err != nil {
			return err
		}
		return a.print.value(card, func(p *printer) {
			p.giftCard(card)
			if card.Code != "" {
				p.line("code     %s", card.Code)
			}
		})
	})
}

type giftCardAdjustCmd struct {
	Card   string `arg:"" help:"${card}"`
	Amount string `required:"" help:"'5.00 EUR' puts it on, '-5.00 EUR' takes it off."`
	Note   string `required:"" help:"Why; it stays in the card's ledger."`
}

// Run adjusts a card.
func (c giftCardAdjustCmd) Run(a *app) error {
	return onCard(a, func(shop *server.Shop) (*server.GiftCardDetails, error) {
		return shop.AdjustGiftCard(a.ctx, c.Card, c.Amount, c.Note)
	})
}

type giftCardBlockCmd struct {
	Card string `arg:"" help:"${card}"`
}

// Run blocks a card.
func (c giftCardBlockCmd) Run(a *app) error {
	return onCard(a, func(shop *server.Shop) (*server.GiftCardDetails, error) {
		return shop.SwitchGiftCard(a.ctx, c.Card, false)
	})
}

type giftCardUnblockCmd giftCardBlockCmd

// Run lets a card pay again.
func (c giftCardUnblockCmd) Run(a *app) error {
	return onCard(a, func(shop *server.Shop) (*server.GiftCardDetails, error) {
		return shop.SwitchGiftCard(a.ctx, c.Card, true)
	})
}

type giftCardReplaceCmd struct {
	Card string `arg:"" help:"${card}"`
	To   string `help:"Send the new code to this address; without it the code is printed, once."`
}

// Run gives a card a new code.
func (c giftCardReplaceCmd) Run(a *app) error {
	return onCard(a, func(shop *server.Shop) (*server.GiftCardDetails, error) {
		return shop.ReplaceGiftCard(a.ctx, c.Card, c.To)
	})
}

type giftCardExportCmd struct {
	File string `arg:"" optional:"" type:"path" help:"Where to write; standard output without it."`
}

// Run exports cards.
func (c giftCardExportCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		if c.File == "" {
			return shop.ExportGiftCards(a.ctx, a.print.out, func(int) {})
		}
		return exportTo(c.File, func(w io.Writer) error { return shop.ExportGiftCards(a.ctx, w, progressOf("gift cards written", 0)) })
	})
}

type giftCardLiabilityCmd struct {
	Until string `help:"At the end of this day, 2026-12-31; now without it."`
}

// Run reports.
func (c giftCardLiabilityCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.GiftCardLiability(a.ctx, c.Until)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) {
			if len(list) == 0 {
				p.line("no gift cards were made until then")
				return
			}
			rows := make([][]string, len(list))
			for i, l := range list {
				rows[i] = []string{string(l.Currency), fmt.Sprint(l.Cards), l.Issued, l.Spent, l.Adjusted, l.TakenBack, l.Expired, l.Owed}
			}
			p.table([]string{"CURRENCY", "CARDS", "ISSUED", "SPENT", "ADJUSTED", "TAKEN BACK", "EXPIRED", "OWED"}, rows)
		})
	})
}

type giftCardCheckCmd struct{}

// Run checks the ledgers.
func (giftCardCheckCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		faults, err := shop.CheckGiftCards(a.ctx)
		if err != nil {
			return err
		}
		err = a.print.value(faults, func(p *printer) {
			for _, f := range faults {
				p.line("gift card %d: %s", f.Number, f.Text)
			}
			if len(faults) == 0 {
				p.line("all ledgers add up")
			}
		})
		if err == nil && len(faults) > 0 {
			err = exitError{exitFailed}
		}
		return err
	})
}

type giftCardSettingsCmd struct {
	ExpiryCountry string `help:"Cards that are made from now on expire, by the law of this country: DE."`
	ExpiryMonths  int    `help:"After so many months; as soon as the law allows without it."`
	NoExpiry      bool   `help:"Cards that are made from now on do not expire."`
	Refund        string `enum:",card_first,card_last" default:"" help:"What was paid with a card and money goes back to the card first, or last."`
}

// Run shows or changes the settings.
func (c giftCardSettingsCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		settings, err := shop.GiftCardSettings(a.ctx)
		if err != nil {
			return err
		}
		if c != (giftCardSettingsCmd{}) {
			change := settings.Settings
			if c.NoExpiry || c.ExpiryCountry != "" || c.ExpiryMonths != 0 {
				change.ExpiryCountry, change.ExpiryMonths = c.ExpiryCountry, c.ExpiryMonths
			}
			if c.Refund != "" {
				change.SetRefund(c.Refund)
			}
			if settings, err = shop.SetGiftCardSettings(a.ctx, change); err != nil {
				return err
			}
		}
		return a.print.value(settings, func(p *printer) {
			if settings.ExpiryCountry == "" {
				p.line("expiry   never")
			} else {
				p.line("expiry   after %d months, by the law of %s", settings.ExpiryMonths, settings.ExpiryCountry)
			}
			p.line("refunds  %s", settings.Refund)
			var known []string
			for country, months := range settings.LeastMonths {
				known = append(known, fmt.Sprintf("%s %d", country, months))
			}
			slices.Sort(known)
			p.line("The least months that we know of: %s.", strings.Join(known, ", "))
		})
	})
}
