package server

import (
	"context"
	"slices"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/mysql"
)

// PageDetails is a page that shows an offer.
type PageDetails struct {
	URL    string    `json:"url"`
	Main   bool      `json:"main"` // the owner chose it
	SeenAt time.Time `json:"seen_at"`
}

// OfferPageList is where an offer is shown.
type OfferPageList struct {
	Pages []PageDetails `json:"pages"` // links lead to the first
	// LinkURL is where links lead now: to the offer's own page in the theme
	// while no other shows it.
	LinkURL string `json:"link_url"`
}

// offerPage returns the address of the page that sells an offer: the main one,
// else the one that was seen last, else the offer's own page in the theme.
func (s *Shop) offerPage(ctx context.Context, offer string) (string, error) {
	pages, err := s.pagesOf(ctx, offer)
	if err != nil {
		return "", err
	}
	if len(pages) > 0 {
		return pages[0].URL, nil
	}
	return s.site.buyURL(offer), nil
}

// pagesOf returns an offer's pages without those of a home that the site had
// before it moved.
func (s *Shop) pagesOf(ctx context.Context, offer string) ([]mysql.OfferPage, error) {
	pages, err := s.db.OfferPages(ctx, offer)
	home := s.site.Home()
	return slices.DeleteFunc(pages, func(p mysql.OfferPage) bool { return !catalog.SameSite(home, p.URL) }), err
}

// OfferPages lists the pages that show an offer, the one that links lead to
// first.
func (s *Shop) OfferPages(ctx context.Context, slug string) (*OfferPageList, error) {
	if _, err := s.Catalog.Offer(ctx, slug); err != nil {
		return nil, errs.New(errs.NotFound, "There is no offer %q.", slug)
	}
	pages, err := s.pagesOf(ctx, slug)
	if err != nil {
		return nil, err
	}
	list := &OfferPageList{Pages: make([]PageDetails, len(pages)), LinkURL: s.site.buyURL(slug)}
	for i, p := range pages {
		list.Pages[i] = PageDetails{URL: p.URL, Main: p.Main, SeenAt: p.SeenAt}
	}
	if len(pages) > 0 {
		list.LinkURL = pages[0].URL
	}
	return list, nil
}

// SetMainPage chooses the page that an offer's links lead to; for an empty
// address it is the one that was seen last, again.
func (s *Shop) SetMainPage(ctx context.Context, slug, url string) (*OfferPageList, error) {
	if _, err := s.Catalog.Offer(ctx, slug); err != nil {
		return nil, errs.New(errs.NotFound, "There is no offer %q.", slug)
	}
	if err := s.db.SetMainPage(ctx, slug, url); err != nil {
		return nil, err
	}
	return s.OfferPages(ctx, slug)
}
