package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tillside/tillside/server/errs"
)

// draft is a catalogue that is being changed: a copy of the stored one. What
// has no id in it is new.
type draft struct {
	Catalogue
	productOf map[*Price]*Product
}

func (c *Catalogue) clone() *draft {
	d := &draft{productOf: map[*Price]*Product{}}
	byID := map[int64]*Product{}
	for _, p := range c.Products {
		p = new(*p)
		d.Products, byID[p.ID] = append(d.Products, p), p
	}
	for _, p := range c.Prices {
		p = new(*p)
		d.Prices, d.productOf[p] = append(d.Prices, p), byID[p.ProductID]
	}
	for _, o := range c.Offers {
		d.Offers = append(d.Offers, o.clone())
	}
	return d
}

func (o *Offer) clone() *Offer {
	c := *o
	c.Items = slices.Clone(o.Items)
	return &c
}

func (c *Catalogue) product(slug string) *Product {
	for _, p := range c.Products {
		if p.Slug == slug {
			return p
		}
	}
	return nil
}

func (c *Catalogue) price(slug string) *Price {
	for _, p := range c.Prices {
		if p.Slug == slug {
			return p
		}
	}
	return nil
}

func (c *Catalogue) offer(slug string) *Offer {
	for _, o := range c.Offers {
		if o.Slug == slug {
			return o
		}
	}
	return nil
}

// resolve puts the draft's products and prices into an offer's items, and its
// currency. It returns the slugs of prices that do not exist.
func (d *draft) resolve(o *Offer) []string {
	var missing []string
	for i := range o.Items {
		item := &o.Items[i]
		price := d.price(item.Price.Slug)
		if price == nil {
			missing = append(missing, item.Price.Slug)
			continue
		}
		item.Price, item.Product = *price, *d.productOf[price]
	}
	if len(o.Items) > 0 {
		o.Currency = o.Items[0].Price.UnitAmount.Currency
	} else {
		o.Currency = ""
	}
	return missing
}

// edit changes one offer of the stored catalogue.
func (s *Service) edit(ctx context.Context, slug string, fn func(d *draft, o *Offer) (*Offer, error)) (*Offer, error) {
	defer s.forget()
	var edited *Offer
	err := s.store.InTx(ctx, func(tx Tx) error {
		before, err := tx.Catalogue(ctx)
		if err != nil {
			return err
		}
		d := before.clone()
		o := d.offer(slug)
		if o == nil {
			return errs.New(errs.NotFound, "There is no offer %q.", slug)
		}
		if edited, err = fn(d, o); err != nil {
			return err
		}
		if err := tx.SaveOffer(ctx, edited); err != nil {
			return err
		}
		return s.purge(ctx, tx, []string{edited.Slug})
	})
	return edited, err
}

// Duplicate makes a draft with another slug out of an offer. An empty name
// keeps the original's.
func (s *Service) Duplicate(ctx context.Context, slug, newSlug, name string) (*Offer, error) {
	if text := CheckSlug(newSlug); text != "" {
		return nil, errs.Field("slug", "This cannot be an offer's slug: %s.", text)
	}
	o, err := s.edit(ctx, slug, func(d *draft, o *Offer) (*Offer, error) {
		if d.offer(newSlug) != nil {
			return nil, errs.New(errs.Conflict, "There is already an offer %q.", newSlug)
		}
		copied := o.clone()
		copied.ID, copied.Slug, copied.Status, copied.Revision = 0, newSlug, StatusDraft, 0
		copied.FormTokensSince = time.Time{}
		if name != "" {
			copied.Name = name
		}
		return copied, nil
	})
	if err != nil {
		return nil, fmt.Errorf("duplicate offer %q: %w", slug, err)
	}
	return o, nil
}

// Archive takes an offer from sale for good. Orders keep it. An archived offer
// may be archived again.
func (s *Service) Archive(ctx context.Context, slug string) error {
	_, err := s.edit(ctx, slug, func(_ *draft, o *Offer) (*Offer, error) {
		o.Status = StatusArchived
		return o, nil
	})
	if err != nil {
		return fmt.Errorf("archive offer %q: %w", slug, err)
	}
	return nil
}

// RevokeForms makes the forms of an offer that were printed before this hour
// useless.
func (s *Service) RevokeForms(ctx context.Context, slug string) error {
	_, err := s.edit(ctx, slug, func(_ *draft, o *Offer) (*Offer, error) {
		o.FormTokensSince = s.now().UTC().Truncate(time.Hour)
		return o, nil
	})
	if err != nil {
		return fmt.Errorf("revoke forms of offer %q: %w", slug, err)
	}
	return nil
}
