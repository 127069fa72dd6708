package server

import (
	"context"
	"time"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
)

// LinkRequest asks for a magic link.
type LinkRequest struct {
	Offer    string   `json:"offer"` // slug; its page is where the link leads
	Page     string   `json:"page"`  // another page of the site instead
	Codes    []string `json:"codes"`
	Email    string   `json:"email"`    // binds the link to the contact with that address
	Lifetime string   `json:"lifetime"` // "7d"; only of a link with a token
	// Query puts it into the address's query, for CRMs that lose fragments.
	Query bool `json:"query"`
	// Merge and Field write the CRM's merge text in place of a code, for an
	// e-mail in which each reader gets a link of their own.
	Merge string `json:"merge"`
	Field string `json:"field"`
}

// LinkDetails is a magic link.
type LinkDetails struct {
	ID        int64      `json:"id"`  // 0: nothing is stored, the link only names codes
	URL       string     `json:"url"` // with its secret; shown once
	Offer     string     `json:"offer"`
	Codes     []string   `json:"codes"`
	Bound     bool       `json:"bound"` // to an e-mail address
	ExpiresAt *time.Time `json:"expires_at"`
	RevokedAt *time.Time `json:"revoked_at"`
	CreatedAt *time.Time `json:"created_at"`
}

// MakeLink makes a magic link. With an e-mail address or a lifetime it has a
// token that is stored, as a hash, and can be revoked; else it only names codes.
func (s *Shop) MakeLink(ctx context.Context, r LinkRequest) (*LinkDetails, error) {
	if _, err := s.Catalog.Offer(ctx, r.Offer); err != nil {
		return nil, errs.Field("offer", "There is no offer %q.", r.Offer)
	}
	page := r.Page
	if page == "" {
		var err error
		if page, err = s.offerPage(ctx, r.Offer); err != nil {
			return nil, err
		}
	}
	form := coupon.LinkFragment
	if r.Query {
		form = coupon.LinkQuery
	}
	if r.Merge != "" {
		return mergeLink(r, page)
	}
	for _, code := range r.Codes {
		if _, err := s.book.Code(ctx, code); err != nil {
			return nil, err
		}
	}
	if r.Email == "" && r.Lifetime == "" {
		if len(r.Codes) == 0 {
			return nil, errs.Field("codes", "Name a code, or an e-mail address to bind the link to.")
		}
		return &LinkDetails{URL: coupon.CodeURL(page, r.Codes, form), Offer: r.Offer, Codes: r.Codes}, nil
	}
	return s.makeTokenLink(ctx, r, page, form)
}

// mergeLink returns an address in which each reader's own code will stand.
func mergeLink(r LinkRequest, page string) (*LinkDetails, error) {
	merge := coupon.MergeText(r.Merge, r.Field)
	if merge == "" || r.Field == "" {
		return nil, errs.Field("merge", "Name a CRM (ontraport, kit, activecampaign, drip, keap or fluentcrm) and the field that holds the code.")
	}
	url := page + "#coupon-" + merge
	if r.Query {
		url = coupon.CodeURL(page, []string{"MERGE.TEXT"}, coupon.LinkQuery)
		url = url[:len(url)-len("MERGE.TEXT")] + merge
	}
	return &LinkDetails{URL: url, Offer: r.Offer, Codes: []string{merge}}, nil
}

func (s *Shop) makeTokenLink(ctx context.Context, r LinkRequest, page string, form coupon.LinkForm) (*LinkDetails, error) {
	lifetime, err := coupon.ParseLifetime(r.Lifetime)
	if err != nil {
		return nil, err
	}
	draft := coupon.Link{Offer: r.Offer, Codes: r.Codes, ExpiresAt: lifetime.Ends(s.now(), s.site.TimeZone())}
	if r.Email != "" {
		person, err := s.personOf(ctx, "", r.Email)
		if err != nil {
			return nil, err
		}
		draft.ContactID = person.ID
	}
	l, token, err := s.links.Create(ctx, draft)
	if err != nil {
		return nil, err
	}
	v := describeLink(l)
	v.URL = coupon.TokenURL(page, token, form)
	return &v, nil
}

func describeLink(l *coupon.Link) LinkDetails {
	return LinkDetails{
		ID: l.ID, Offer: l.Offer, Codes: append([]string{}, l.Codes...), Bound: l.ContactID != 0, ExpiresAt: l.ExpiresAt, RevokedAt: l.RevokedAt, CreatedAt: &l.CreatedAt,
	}
}

// FindLinks lists the newest links that are stored.
func (s *Shop) FindLinks(ctx context.Context) ([]LinkDetails, error) {
	all, err := s.links.Store.FindLinks(ctx, 200)
	if err != nil {
		return nil, err
	}
	list := make([]LinkDetails, len(all))
	for i := range all {
		list[i] = describeLink(&all[i])
	}
	return list, nil
}

// RevokeLink ends a link for good.
func (s *Shop) RevokeLink(ctx context.Context, id int64) error {
	return s.links.Store.RevokeLink(ctx, id, s.now())
}
