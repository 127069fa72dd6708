package coupon

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/money"
)

// candidate is a code whose rules all hold.
type candidate struct {
	found  *Found
	source Source
}

func (c candidate) isExplicit() bool { return c.source != SourceAuto }

// apply returns the quote that is best for the buyer: one coupon that stands
// alone, or all that combine. The order in which codes were entered does not
// matter. It also returns the candidates that were left out.
func apply(cart *Cart, candidates []candidate, minimum money.Amount) (catalog.Quote, []candidate, error) {
	candidates = slices.Clone(candidates)
	slices.SortStableFunc(candidates, byRank)
	best, bestSet := cart.Quote, []candidate(nil)
	for _, set := range options(candidates) {
		quote, err := applySet(cart, set, minimum)
		if err != nil {
			return best, nil, err
		}
		if bestSet == nil || isBetter(quote, set, best, bestSet) {
			best, bestSet = quote, set
		}
	}
	var left []candidate
	for _, c := range candidates {
		if !slices.ContainsFunc(bestSet, func(b candidate) bool { return b.found.Code.ID == c.found.Code.ID }) {
			left = append(left, c)
		}
	}
	return best, left, nil
}

// byRank orders coupons that combine: the higher priority first, then the older.
func byRank(a, b candidate) int {
	return cmp.Or(
		cmp.Compare(b.found.Coupon.Rules.Stacking.Priority, a.found.Coupon.Rules.Stacking.Priority),
		cmp.Compare(a.found.Coupon.ID, b.found.Coupon.ID),
		cmp.Compare(a.found.Code.ID, b.found.Code.ID),
	)
}

// options returns the sets of coupons that may lower one quote: each alone, and
// those that combine, built around each of them in the order of rank.
func options(candidates []candidate) [][]candidate {
	var sets [][]candidate
	for i, first := range candidates {
		sets = append(sets, []candidate{first})
		if !first.found.Coupon.Rules.Stacking.Combinable {
			continue
		}
		set := []candidate{first}
		for j, next := range candidates {
			if j != i && !slices.ContainsFunc(set, func(in candidate) bool { return !combine(in.found, next.found) }) {
				set = append(set, next)
			}
		}
		if len(set) > 1 {
			slices.SortStableFunc(set, byRank)
			sets = append(sets, set)
		}
	}
	return sets
}

// combine reports whether two coupons may lower one quote together. Two codes
// of one coupon never do.
func combine(a, b *Found) bool {
	sa, sb := a.Coupon.Rules.Stacking, b.Coupon.Rules.Stacking
	return a.Coupon.ID != b.Coupon.ID && sa.Combinable && sb.Combinable && named(sa.With, b.Coupon.Slug) && named(sb.With, a.Coupon.Slug)
}

// isBetter prefers the lower total, then the longer trial, then the set with
// more codes that the buyer entered, then the smaller set: nothing is used up
// for nothing.
func isBetter(q catalog.Quote, set []candidate, than catalog.Quote, thanSet []candidate) bool {
	return cmp.Or(
		cmp.Compare(than.Total.Minor, q.Total.Minor),
		cmp.Compare(trialDays(q), trialDays(than)),
		cmp.Compare(explicit(set), explicit(thanSet)),
		cmp.Compare(len(thanSet), len(set)),
	) > 0
}

func trialDays(q catalog.Quote) int {
	days := 0
	for _, c := range q.Coupons {
		days += c.TrialDays
	}
	return days
}

func explicit(set []candidate) int {
	n := 0
	for _, c := range set {
		if c.isExplicit() {
			n++
		}
	}
	return n
}

// applySet lowers the cart's quote by each coupon in turn. A total that would
// fall between zero and what the provider charges at least becomes zero.
func applySet(cart *Cart, set []candidate, minimum money.Amount) (catalog.Quote, error) {
	q := cart.Quote
	for i, c := range set {
		rules := &c.found.Coupon.Rules
		off, err := rules.discount(cart.Offer, q)
		if err != nil {
			return q, fmt.Errorf("coupon %s: %w", c.found.Coupon.Slug, err)
		}
		sum := sumOf(off)
		if isLast := i == len(set)-1; isLast && q.Discount.Minor+sum > 0 {
			if rest := q.Total.Minor - sum; rest > 0 && rest < minimum.Minor {
				off, sum = wholeOf(q), q.Total.Minor
			}
		}
		applied := c.quoted(cart.StartedAt)
		applied.Amount = money.New(sum, q.Currency)
		if q, err = q.Discounted(applied, off); err != nil {
			return q, fmt.Errorf("coupon %s: %w", c.found.Coupon.Slug, err)
		}
	}
	return q, nil
}

// quoted is the coupon as a quote names it, without its amount.
func (c candidate) quoted(startedAt time.Time) catalog.QuoteCoupon {
	coupon, code := &c.found.Coupon, &c.found.Code
	q := catalog.QuoteCoupon{
		CouponID: coupon.ID, Revision: coupon.Revision, CodeID: code.ID, CampaignID: code.CampaignID, Code: code.Text, Name: coupon.Name,
		Auto: !c.isExplicit(), Tag: coupon.Rules.BuyerTag, ExpiresAt: c.found.ExpiresAt(startedAt),
		ReturnOnRefund: coupon.Rules.ReturnOnRefund,
	}
	if coupon.Rules.Discount.Kind == DiscountTrial {
		q.TrialDays = coupon.Rules.Discount.TrialDays
	}
	return q
}

// discount returns what a coupon takes off each line of a quote that earlier
// coupons may have lowered. Percentages are rounded half up for each line; an
// amount is spread by the largest remainder. No line falls below zero.
func (r *Rules) discount(o *catalog.Offer, q catalog.Quote) ([]money.Amount, error) {
	off := make([]money.Amount, len(q.Lines))
	for i := range off {
		off[i].Currency = q.Currency
	}
	inScope := r.linesInScope(o)
	weights, base := make([]int64, len(q.Lines)), int64(0)
	for _, i := range inScope {
		weights[i] = q.Lines[i].Total.Minor
		base += weights[i]
	}
	limit, hasLimit := r.Discount.Amounts.In(q.Currency)
	total := int64(0)
	switch r.Discount.Kind {
	case DiscountPercent:
		for _, i := range inScope {
			share, err := q.Lines[i].Total.Share(int64(r.Discount.Percent), 10000)
			if err != nil {
				return nil, err
			}
			off[i] = share
			total += share.Minor
		}
		if !hasLimit || total <= limit.Minor {
			return off, nil
		}
		total = limit.Minor
	case DiscountAmount:
		total = min(limit.Minor, base)
	case DiscountPrice:
		total = max(0, base-limit.Minor)
	default:
		return off, nil
	}
	if total <= 0 || base == 0 {
		return off, nil
	}
	return money.New(total, q.Currency).Split(weights)
}

// ChargeOff returns what the coupon takes off one charge of a recurring price,
// counted from 1: of the first charge, of the first N, or of all of them. The
// price is in scope; the coupon stands alone.
func (r *Rules) ChargeOff(price money.Amount, charge int) (money.Amount, error) {
	nothing := money.New(0, price.Currency)
	if n := r.Discount.Charges; n > 0 && charge > n {
		return nothing, nil
	}
	limit, hasLimit := r.Discount.Amounts.In(price.Currency)
	switch r.Discount.Kind {
	case DiscountPercent:
		off, err := price.Share(int64(r.Discount.Percent), 10000)
		if err == nil && hasLimit && off.Minor > limit.Minor {
			off = limit
		}
		return off, err
	case DiscountAmount:
		return money.New(min(max(0, limit.Minor), price.Minor), price.Currency), nil
	case DiscountPrice:
		if !hasLimit {
			return nothing, nil
		}
		return money.New(max(0, price.Minor-limit.Minor), price.Currency), nil
	}
	return nothing, nil
}

// TrialOf returns how many days a price is free at first, when it has a trial
// of its own of so many days.
func (r *Rules) TrialOf(own int) int {
	switch {
	case r.Discount.Kind != DiscountTrial:
		return own
	case r.Discount.Extend:
		return own + r.Discount.TrialDays
	}
	return max(own, r.Discount.TrialDays)
}

func sumOf(amounts []money.Amount) int64 {
	sum := int64(0)
	for _, a := range amounts {
		sum += a.Minor // together at most the quote's total
	}
	return sum
}

func wholeOf(q catalog.Quote) []money.Amount {
	all := make([]money.Amount, len(q.Lines))
	for i := range q.Lines {
		all[i] = q.Lines[i].Total
	}
	return all
}

func sortKeys(keys []PersonKey) {
	slices.SortFunc(keys, func(a, b PersonKey) int { return bytes.Compare(a[:], b[:]) })
}
