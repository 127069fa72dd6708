package checkout

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/order"
)

// Change is what a buyer changes in the later steps; nil leaves a part as it is.
type Change struct {
	Version    int64
	Email      *string
	FirstName  *string
	LastName   *string
	Country    *string
	PostalCode *string
	Step       *int
	Gift       *giftcard.Gift
}

// Update stores a change. A version that is not the stored one is
// errs.Conflict, so that two tabs do not overwrite each other; while an attempt
// is under way it is errs.Paying.
func (s *Service) Update(ctx context.Context, publicID, token string, change Change) (*Found, error) {
	c, err := s.owned(ctx, publicID, token)
	if err != nil {
		return nil, err
	}
	if change.Gift != nil {
		offer, err := s.Offers.OfferByID(ctx, c.OfferID)
		if err != nil {
			return nil, err
		}
		if change.Gift, err = s.checkGift(offer, change.Gift); err != nil {
			return nil, err
		}
	}
	err = s.Store.InTx(ctx, func(tx Tx) error {
		var err error
		if c, err = tx.LockCheckout(ctx, publicID); err != nil {
			return err
		}
		if err := c.mayChange(change.Version); err != nil {
			return err
		}
		if err := s.apply(ctx, tx, c, change); err != nil {
			return err
		}
		c.Version++
		c.Status, c.UpdatedAt = StatusOpen, s.Now()
		return tx.UpdateCheckout(ctx, c)
	})
	if err != nil {
		return nil, fmt.Errorf("update checkout: %w", err)
	}
	return s.withQuote(ctx, c)
}

func (c *Checkout) mayChange(version int64) error {
	switch {
	case c.Status == StatusPaying, c.Status == StatusProcessing:
		return errs.New(errs.Paying, "A payment for this order is under way. Please wait until it has finished.")
	case c.Status == StatusPaid:
		return errs.New(errs.Conflict, "This order is paid already.")
	case c.Status == StatusExpired:
		return errs.New(errs.Gone, "This checkout has expired. Please start again.")
	case c.Version != version:
		return errs.New(errs.Conflict, "This form was changed in another window.")
	}
	return nil
}

func (s *Service) apply(ctx context.Context, tx Tx, c *Checkout, change Change) error {
	b := c.Buyer
	for _, field := range []struct {
		to   *string
		from *string
	}{
		{&b.Email, change.Email}, {&b.FirstName, change.FirstName}, {&b.LastName, change.LastName},
		{&b.Country, change.Country}, {&b.PostalCode, change.PostalCode},
	} {
		if field.from != nil {
			*field.to = *field.from
		}
	}
	b, err := checkBuyer(b)
	if err != nil {
		return err
	}
	if b.Email != c.Buyer.Email {
		person, err := tx.UpsertContact(ctx, newContact(b, s.Now()))
		if err != nil {
			return err
		}
		from := c.ContactID
		c.ContactID, b.Email = person.ID, person.Email // as the contact has it
		if from != c.ContactID {
			if err := s.moveMarks(ctx, tx, c, from); err != nil {
				return err
			}
		}
	}
	if change.Gift != nil {
		c.Gift = change.Gift
	}
	if change.Step != nil {
		if *change.Step < 1 || *change.Step > 3 {
			return errs.Field("step", "There are three steps.")
		}
		c.Step = *change.Step
	}
	c.Buyer = b
	return nil
}

const maxPostalCode = 16

// checkBuyer checks the shape of what a buyer typed. Country and postal code
// may still be empty; paying asks for the country.
func checkBuyer(b order.Buyer) (order.Buyer, error) {
	var err error
	if b.Email, err = contact.CheckEmail(b.Email); err != nil {
		return b, err
	}
	if b.FirstName, err = contact.CheckName("first_name", b.FirstName); err != nil {
		return b, err
	}
	if b.LastName, err = contact.CheckName("last_name", b.LastName); err != nil {
		return b, err
	}
	if b.FirstName == "" && b.LastName == "" {
		return b, errs.Field("first_name", "Enter your name.")
	}
	b.Country = strings.ToUpper(strings.TrimSpace(b.Country))
	if b.Country != "" && !isCountry(b.Country) {
		return b, errs.Field("country", "Choose your country.")
	}
	if b.PostalCode, err = contact.CheckName("postal_code", strings.ToUpper(b.PostalCode)); err != nil {
		return b, err
	}
	if utf8.RuneCountInString(b.PostalCode) > maxPostalCode {
		return b, errs.Field("postal_code", "This postal code is too long.")
	}
	return b, nil
}

func isCountry(code string) bool {
	return len(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z'
}

const (
	maxURL     = 2000
	maxUTM     = 200
	maxPartner = 100
)

// checkOrigin keeps what a browser says of where its buyer came from, cut to
// length. The page is kept only when it is one of this site: a bank sends the
// buyer back to it.
func (s *Service) checkOrigin(o order.Origin) order.Origin {
	page, err := url.Parse(o.PageURL)
	if err != nil || page.Host == "" || len(o.PageURL) > maxURL || !catalog.SameSite(s.Home(), o.PageURL) {
		o.PageURL = s.Home() + "/"
	} else {
		page.Fragment = ""
		o.PageURL = page.String()
	}
	o.Referrer = clip(o.Referrer, maxURL)
	o.Partner = clip(o.Partner, maxPartner)
	o.UTM = order.UTM{
		Source: clip(o.UTM.Source, maxUTM), Medium: clip(o.UTM.Medium, maxUTM), Campaign: clip(o.UTM.Campaign, maxUTM),
		Term: clip(o.UTM.Term, maxUTM), Content: clip(o.UTM.Content, maxUTM),
	}
	return o
}

func clip(text string, runes int) string {
	text = strings.ToValidUTF8(text, "")
	if utf8.RuneCountInString(text) > runes {
		return string([]rune(text)[:runes])
	}
	return text
}
