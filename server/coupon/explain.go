package coupon

import (
	"context"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
)

// Explanation says rule by rule why a code does or does not apply.
type Explanation struct {
	Found  Found
	Checks []Check
	Quoted *Quoted // with the code, as far as it applies
}

// Explain holds the first of the codes against a cart and returns every rule
// with what it found. A code that does not exist is errs.NotFound. Nothing
// changes.
func (s *Service) Explain(ctx context.Context, r QuoteRequest) (*Explanation, error) {
	quoted, err := s.Quote(ctx, r)
	if err != nil {
		return nil, err
	}
	who := Holder{CheckoutID: r.CheckoutID, OfferID: r.Offer.ID, UserID: r.Person.UserID, Email: r.Person.Email}
	stored, err := s.Store.CodesByKey(ctx, []string{Normalize(r.Wishes[0].Text)}, who)
	if err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return nil, errs.New(errs.NotFound, "There is no code %q.", r.Wishes[0].Text)
	}
	base, err := catalog.NewQuote(r.Offer, r.Items)
	if err != nil {
		return nil, err
	}
	cart := &Cart{Offer: r.Offer, Quote: base, Person: r.Person, Now: s.at(r)}
	if err := s.fill(ctx, cart, []wished{{stored[0], r.Wishes[0].Source}}); err != nil {
		return nil, err
	}
	return &Explanation{Found: stored[0].Found, Checks: stored[0].Checks(cart, stored[0].Full), Quoted: quoted}, nil
}
