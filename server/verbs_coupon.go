package server

import (
	"context"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/wpbridge/wpdb"
)

// CouponDraft is a coupon as its owner writes it; Rules are the rules alone.
type (
	CouponDraft = coupon.Draft
	CouponRules = coupon.Rules
)

// CouponSummary is a coupon as a list shows it.
type CouponSummary struct {
	Slug      string        `json:"slug"`
	Name      string        `json:"name"`
	Kind      coupon.Kind   `json:"kind"`
	Status    coupon.Status `json:"status"`
	Revision  int64         `json:"revision"`
	Rules     coupon.Rules  `json:"rules"`
	CreatedAt time.Time     `json:"created_at"`
	UpdatedAt time.Time     `json:"updated_at"`
}

// CouponDetails is a coupon with its newest codes and what became of it.
type CouponDetails struct {
	CouponSummary
	Codes  []CodeDetails `json:"codes"` // the newest
	Totals CouponTotals  `json:"totals"`
}

// CouponTotals is counted from the uses themselves.
type CouponTotals struct {
	Codes     int      `json:"codes"`
	Reserved  int      `json:"reserved"`
	Committed int      `json:"committed"`
	Released  int      `json:"released"`
	Returned  int      `json:"returned"`
	Revenue   []string `json:"revenue"` // "49.00 EUR", one a currency
	Discount  []string `json:"discount"`
}

// CodeDetails is one code.
type CodeDetails struct {
	Code      string        `json:"code"`
	Status    coupon.Status `json:"status"`
	MaxUses   int           `json:"max_uses"` // 0: only the coupon's own limits
	StartsAt  *time.Time    `json:"starts_at"`
	ExpiresAt *time.Time    `json:"expires_at"`
	CreatedAt time.Time     `json:"created_at"`
}

func summarizeCoupon(c *coupon.Coupon) CouponSummary {
	return CouponSummary{
		Slug: c.Slug, Name: c.Name, Kind: c.Kind, Status: c.Status, Revision: c.Revision, Rules: c.Rules, CreatedAt: c.CreatedAt,
		UpdatedAt: c.UpdatedAt,
	}
}

func describeCode(c *coupon.Code) CodeDetails {
	return CodeDetails{
		Code: c.Text, Status: c.Status, MaxUses: c.MaxUses, StartsAt: c.StartsAt, ExpiresAt: c.ExpiresAt, CreatedAt: c.CreatedAt,
	}
}

func describeTotals(t *coupon.Totals) CouponTotals {
	return CouponTotals{
		Codes: t.Codes, Reserved: t.Reserved, Committed: t.Committed, Released: t.Released, Returned: t.Returned,
		Revenue: amountTexts(t.Revenue), Discount: amountTexts(t.Discount),
	}
}

func amountTexts(list []money.Amount) []string {
	texts := make([]string, len(list))
	for i, a := range list {
		texts[i] = amountText(a)
	}
	return texts
}

// FindCoupons lists all coupons, newest first.
func (s *Shop) FindCoupons(ctx context.Context) ([]CouponSummary, error) {
	all, err := s.book.Store.FindCoupons(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]CouponSummary, len(all))
	for i := range all {
		list[i] = summarizeCoupon(&all[i])
	}
	return list, nil
}

// CreateCoupon makes a coupon with the owner's own codes.
func (s *Shop) CreateCoupon(ctx context.Context, d CouponDraft) (*CouponDetails, error) {
	c, err := s.book.Create(ctx, d)
	if err != nil {
		return nil, err
	}
	return s.couponDetails(ctx, c)
}

// UpdateCoupon replaces a coupon's rules, and its name unless that is empty.
func (s *Shop) UpdateCoupon(ctx context.Context, slug, name string, rules CouponRules) (*CouponDetails, error) {
	c, err := s.book.Update(ctx, slug, name, rules)
	if err != nil {
		return nil, err
	}
	return s.couponDetails(ctx, c)
}

// SwitchCoupon turns a coupon on or off, by its slug, or one of its codes alone.
func (s *Shop) SwitchCoupon(ctx context.Context, slugOrCode string, on bool) (*CouponDetails, error) {
	c, err := s.book.Switch(ctx, slugOrCode, on)
	if errs.Is(err, errs.NotFound) {
		found, codeErr := s.book.SwitchCode(ctx, slugOrCode, on)
		if codeErr != nil {
			return nil, codeErr
		}
		return s.couponDetails(ctx, &found.Coupon)
	}
	if err != nil {
		return nil, err
	}
	return s.couponDetails(ctx, c)
}

// AddCouponCodes gives a coupon more codes of the owner's own.
func (s *Shop) AddCouponCodes(ctx context.Context, slug string, codes []string) (*CouponDetails, error) {
	c, err := s.book.AddCodes(ctx, slug, codes)
	if err != nil {
		return nil, err
	}
	return s.couponDetails(ctx, c)
}

// CouponOf returns a coupon by its slug or by one of its codes.
func (s *Shop) CouponOf(ctx context.Context, slugOrCode string) (*CouponDetails, error) {
	c, err := s.book.Store.Coupon(ctx, slugOrCode)
	if errs.Is(err, errs.NotFound) {
		found, codeErr := s.book.Code(ctx, slugOrCode)
		if codeErr != nil {
			return nil, errs.New(errs.NotFound, "There is no coupon and no code %q.", slugOrCode)
		}
		c, err = &found.Coupon, nil
	}
	if err != nil {
		return nil, err
	}
	return s.couponDetails(ctx, c)
}

const codesShown = 20

func (s *Shop) couponDetails(ctx context.Context, c *coupon.Coupon) (*CouponDetails, error) {
	totals, err := s.book.Store.Totals(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	codes, err := s.book.Store.CodesOf(ctx, c.ID, codesShown)
	if err != nil {
		return nil, err
	}
	d := &CouponDetails{CouponSummary: summarizeCoupon(c), Totals: describeTotals(totals), Codes: make([]CodeDetails, len(codes))}
	for i := range codes {
		d.Codes[i] = describeCode(&codes[i])
	}
	return d, nil
}

// Simulation asks why a code does or does not apply.
type Simulation struct {
	Code  string `json:"code"`
	Offer string `json:"offer"` // slug
	Email string `json:"email"` // as a buyer would type it
	User  string `json:"user"`  // user name or e-mail of who is logged in; empty for a visitor
	// Linked takes it that the buyer came by a link bound to the address.
	Linked bool             `json:"linked"`
	Items  map[string]int64 `json:"items"` // quantities by price; empty: the offer's own
	At     *time.Time       `json:"at"`    // null is now
}

// SimulationResult explains it rule by rule.
type SimulationResult struct {
	Code    string            `json:"code"`
	Coupon  string            `json:"coupon"`
	Applies bool              `json:"applies"`
	Rules   []SimulationCheck `json:"rules"`
	Offer   string            `json:"offer"` // that the form sells then
	Total   string            `json:"total"`
	Without string            `json:"without"` // the total without the code
	Note    string            `json:"note"`
}

// SimulationCheck is one rule.
type SimulationCheck struct {
	Rule string `json:"rule"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

// Simulate explains why a code does or does not apply to a cart and a person. It
// changes nothing.
func (s *Shop) Simulate(ctx context.Context, q Simulation) (*SimulationResult, error) {
	offer, err := s.Catalog.Offer(ctx, q.Offer)
	if err != nil {
		return nil, err
	}
	person, err := s.simulated(ctx, q)
	if err != nil {
		return nil, err
	}
	request := coupon.QuoteRequest{Offer: offer, Person: person, Wishes: []coupon.Wish{{Text: q.Code, Source: coupon.SourceTyped}}}
	for price, n := range q.Items {
		request.Items = append(request.Items, catalog.Item{Price: price, Quantity: n})
	}
	if q.At != nil {
		request.At = *q.At
	}
	why, err := s.Coupons.Explain(ctx, request)
	if err != nil {
		return nil, err
	}
	return describeSimulation(why, offer, request), nil
}

func describeSimulation(why *coupon.Explanation, offer *catalog.Offer, request coupon.QuoteRequest) *SimulationResult {
	r := &SimulationResult{
		Code: why.Found.Code.Text, Coupon: why.Found.Coupon.Slug, Applies: true, Offer: why.Quoted.Offer.Slug,
		Total: amountText(why.Quoted.Quote.DueToday), Rules: make([]SimulationCheck, len(why.Checks)),
	}
	if without, err := catalog.NewQuote(offer, request.Items); err == nil {
		r.Without = amountText(without.DueToday)
	}
	for i, check := range why.Checks {
		r.Rules[i] = SimulationCheck{Rule: check.Rule, OK: check.OK, Text: fmt.Sprintf(check.Text, check.Args...)}
		r.Applies = r.Applies && check.OK
	}
	if notice := why.Quoted.NoticeOf(why.Found.Code.ID, ""); notice != nil && notice.Reason == coupon.ReasonReplaced {
		r.Applies, r.Note = false, "Every rule holds, but another coupon gives the buyer more."
	}
	return r
}

// simulated is the person whom a simulation asks about.
func (s *Shop) simulated(ctx context.Context, q Simulation) (coupon.Person, error) {
	p := coupon.Person{Email: q.Email}
	if q.Email != "" {
		known, err := s.db.ContactByEmail(ctx, q.Email)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return p, err
		}
		if known != nil {
			p.ContactID = known.ID
		}
	}
	if q.Linked {
		p.LinkContactID = p.ContactID
	}
	if q.User == "" {
		return p, nil
	}
	user, err := wpdb.UserByLogin(ctx, s.db.WordPress(), s.db.Prefix(), q.User)
	if errs.Is(err, errs.NotFound) {
		user, err = wpdb.UserByEmail(ctx, s.db.WordPress(), s.db.Prefix(), q.User)
	}
	p.UserID = user.ID
	return p, err
}
