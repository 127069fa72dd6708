package catalog_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// memory keeps a catalogue as a database would: what goes in and out is copied.
type memory struct {
	all     catalog.Catalogue
	lastID  int64
	reads   int      // how often a whole offer was read
	changed []string // slugs that the site is told to forget
}

func (m *memory) find(match func(*catalog.Offer) bool) (*catalog.Offer, error) {
	i := slices.IndexFunc(m.all.Offers, match)
	if i < 0 {
		return nil, errs.New(errs.NotFound, "There is no such offer.")
	}
	return m.loaded(m.all.Offers[i]), nil
}

// loaded joins an offer with its products and prices of now.
func (m *memory) loaded(o *catalog.Offer) *catalog.Offer {
	o = new(*o)
	o.Items = slices.Clone(o.Items)
	for i := range o.Items {
		for _, p := range m.all.Prices {
			if p.ID == o.Items[i].Price.ID {
				o.Items[i].Price = *p
			}
		}
		for _, p := range m.all.Products {
			if p.ID == o.Items[i].Price.ProductID {
				o.Items[i].Product = *p
			}
		}
	}
	return o
}

func (m *memory) OfferBySlug(_ context.Context, slug string) (*catalog.Offer, error) {
	m.reads++
	return m.find(func(o *catalog.Offer) bool { return o.Slug == slug })
}

func (m *memory) ProductBySlug(_ context.Context, slug string) (*catalog.Product, error) {
	i := slices.IndexFunc(m.all.Products, func(p *catalog.Product) bool { return p.Slug == slug })
	if i < 0 {
		return nil, errs.New(errs.NotFound, "There is no such product.")
	}
	return new(*m.all.Products[i]), nil
}

func (m *memory) OfferByID(_ context.Context, id int64) (*catalog.Offer, error) {
	m.reads++
	return m.find(func(o *catalog.Offer) bool { return o.ID == id })
}

func (m *memory) RevisionBySlug(_ context.Context, slug string) (catalog.Version, error) {
	o, err := m.find(func(o *catalog.Offer) bool { return o.Slug == slug })
	if err != nil {
		return catalog.Version{}, err
	}
	return catalog.Version{ID: o.ID, Revision: o.Revision}, nil
}

func (m *memory) RevisionByID(_ context.Context, id int64) (catalog.Version, error) {
	o, err := m.find(func(o *catalog.Offer) bool { return o.ID == id })
	if err != nil {
		return catalog.Version{}, err
	}
	return catalog.Version{ID: o.ID, Revision: o.Revision}, nil
}

func (m *memory) Catalogue(context.Context) (*catalog.Catalogue, error) {
	var c catalog.Catalogue
	for _, p := range m.all.Products {
		c.Products = append(c.Products, new(*p))
	}
	for _, p := range m.all.Prices {
		c.Prices = append(c.Prices, new(*p))
	}
	for _, o := range m.all.Offers {
		c.Offers = append(c.Offers, m.loaded(o))
	}
	return &c, nil
}

func (m *memory) InTx(_ context.Context, fn func(catalog.Tx) error) error { return fn(m) }

func (m *memory) SaveProduct(_ context.Context, p *catalog.Product) error {
	m.all.Products = put(m.all.Products, p, &p.ID, &m.lastID, func(o *catalog.Product) int64 { return o.ID })
	return nil
}

func (m *memory) SavePrice(_ context.Context, p *catalog.Price) error {
	m.all.Prices = put(m.all.Prices, p, &p.ID, &m.lastID, func(o *catalog.Price) int64 { return o.ID })
	return nil
}

func (m *memory) SaveOffer(_ context.Context, o *catalog.Offer) error {
	o.Revision++
	m.all.Offers = put(m.all.Offers, o, &o.ID, &m.lastID, func(o *catalog.Offer) int64 { return o.ID })
	return nil
}

func put[T any](all []*T, thing *T, id, last *int64, idOf func(*T) int64) []*T {
	if *id == 0 {
		*last++
		*id = *last
		return append(all, new(*thing))
	}
	i := slices.IndexFunc(all, func(t *T) bool { return idOf(t) == *id })
	all[i] = new(*thing)
	return all
}

func (m *memory) RaiseRevision(_ context.Context, o *catalog.Offer) error {
	i := slices.IndexFunc(m.all.Offers, func(other *catalog.Offer) bool { return other.ID == o.ID })
	m.all.Offers[i].Revision++
	return nil
}

func (m *memory) Enqueue(_ context.Context, j job.New) error {
	m.changed = append(m.changed, j.Payload.(catalog.PurgeJob).Offers...)
	return nil
}

// imported returns a service whose catalogue is that of a file.
func imported(t *testing.T, yaml string) (*catalog.Service, *memory) {
	t.Helper()
	store := &memory{}
	svc := catalog.NewService(store, func() time.Time { return time.Date(2026, 5, 1, 14, 20, 0, 0, time.UTC) })
	if _, err := svc.ImportFile(t.Context(), strings.NewReader(yaml), "catalog.yaml", catalog.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	return svc, store
}

const small = `
timezone: Europe/Berlin
products:
  - slug: course
    name: Course
    start_page: /start/
    roles: [subscriber]
    prices:
      - slug: course
        amount: 49.00 EUR
  - slug: book
    name: Book
    prices:
      - slug: book
        amount: 20.00 EUR
offers:
  - slug: course
    name: The course
    items:
      - price: course
  - slug: both
    name: Both
    items:
      - price: course
        amount: 40.00 EUR
      - price: book
        max_quantity: 5
    closes_at: 2026-12-31 23:59
    closed_text: |
      Over.
      Come again.
    closed_offer: course
    thank_you:
      url: /thanks/?from=form#top
      append_order_info: true
    form:
      headline: "Yes: both"
      countries: [DE, NO]
`
