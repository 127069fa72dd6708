package checkout

import (
	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/order"
)

// terms freezes what the buyer agrees to.
func (s *Service) terms(c *Checkout, quoted *coupon.Quoted) order.Terms {
	offer, q := quoted.Offer, quoted.Quote
	t := order.Terms{
		OfferID: offer.ID, OfferSlug: offer.Slug, OfferName: offer.Name, Help: offer.Help,
		AppendInfo: offer.AppendOrderInfo, Items: make([]order.Item, len(q.Lines)),
		Subtotal: q.Subtotal, Discount: q.Discount, Tax: q.Tax, Total: q.Total,
		Coupons: q.Coupons, GiftCard: q.GiftCard, Gift: c.Gift, Seats: offer.Seats,
	}
	if offer.ThankYouURL != "" {
		t.ThankYouURL = catalog.Absolute(s.Home(), offer.ThankYouURL)
	}
	for _, card := range q.GiftCards {
		if !card.Amount.IsZero() {
			t.GiftCards = append(t.GiftCards, card)
		}
	}
	for _, line := range q.TaxLines {
		t.TaxLines = append(t.TaxLines, order.TaxLine(line))
	}
	for i, line := range q.Lines {
		product := offer.Items[i].Product
		t.Items[i] = order.Item{
			ProductID: line.ProductID, PriceID: line.PriceID, ProductSlug: line.Product, Name: line.Name,
			Quantity: line.Quantity, Unit: line.Unit, Subtotal: line.Subtotal, Discount: line.Discount, Tax: line.Tax, Total: line.Total,
			Roles: product.Roles, AccessTags: product.AccessTags, RevokeTags: product.RevokeTags,
			GiftCard: product.GiftCard != nil,
		}
		if t.StartPage == "" && product.StartPage != "" {
			t.StartPage = catalog.Absolute(s.Home(), product.StartPage)
		}
	}
	return t
}
