package server

import "context"

// offerDesk is the admin's offers as package api asks for them.
type offerDesk struct{ *Shop }

// OfferPages implements api.OfferDesk.
func (d *offerDesk) OfferPages(ctx context.Context, slug string) (any, error) {
	return d.Shop.OfferPages(ctx, slug)
}

// SetMainPage implements api.OfferDesk.
func (d *offerDesk) SetMainPage(ctx context.Context, slug, url string) (any, error) {
	return d.Shop.SetMainPage(ctx, slug, url)
}
