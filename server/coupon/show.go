package coupon

import (
	"context"
	"slices"
	"time"
)

// ShowRequest asks what codes are worth before anybody orders.
type ShowRequest struct {
	Wishes []Wish
	UserID int64 // whose own live codes are shown too; 0 for a visitor
}

// Shown is a code as its holder sees it.
type Shown struct {
	Code      string
	Coupon    *Coupon // nil when it cannot be used and its holder may not know why
	ExpiresAt *time.Time
	Refusal   *Notice // nil: it can be used
}

// Show holds codes against what does not depend on an order: whether they are
// switched on, when they can be used, and their limits. A code that is bound to
// a contact counts as usable: who orders is not known yet. It changes nothing.
func (s *Service) Show(ctx context.Context, r ShowRequest) ([]Shown, error) {
	who := Holder{UserID: r.UserID}
	wishes := r.Wishes[:min(len(r.Wishes), maxWishes)]
	keys := []string{}
	for _, w := range wishes {
		if key := Normalize(w.Text); key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	var known []Stored
	var err error
	if len(keys) > 0 {
		if known, err = s.Store.CodesByKey(ctx, keys, who); err != nil {
			return nil, err
		}
	}
	list := make([]Shown, 0, len(wishes))
	seen := map[int64]bool{}
	for _, w := range wishes {
		i := slices.IndexFunc(known, func(k Stored) bool { return w.is(&k.Code) })
		if i < 0 {
			list = append(list, Shown{Code: w.Text, Refusal: &Notice{Code: w.Text, Reason: ReasonRefused, Source: w.Source}})
		} else if !seen[known[i].Code.ID] {
			seen[known[i].Code.ID] = true
			list = append(list, known[i].shown(w.Source, s.Now()))
		}
	}
	own, err := s.ownCodes(ctx, who)
	for i := range own {
		if shown := own[i].shown(SourceLink, s.Now()); shown.Refusal == nil && !seen[own[i].Code.ID] {
			list = append(list, shown)
		}
	}
	return list, err
}

// ownCodes returns the codes that were made for a member.
func (s *Service) ownCodes(ctx context.Context, who Holder) ([]Stored, error) {
	if who.UserID == 0 {
		return nil, nil
	}
	ids, err := s.Store.CodesOfUser(ctx, who.UserID, maxWishes)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return s.Store.CodesByID(ctx, ids, who)
}

// shown is the code for whoever holds it.
func (f *Stored) shown(source Source, now time.Time) Shown {
	e := &examiner{found: &f.Found, cart: &Cart{Now: now}, rules: &f.Coupon.Rules}
	e.status()
	e.dates()
	e.limits(f.Full)
	checks := slices.DeleteFunc(e.checks, func(c Check) bool { return c.Rule == "when.after_hours" }) // no checkout has begun
	v := Shown{Code: f.Code.Text, Coupon: &f.Coupon, ExpiresAt: f.ExpiresAt(time.Time{})}
	failed := firstFailed(checks)
	if failed == nil {
		return v
	}
	var at *time.Time
	if failed.Reason == ReasonExpired {
		at = v.ExpiresAt
	}
	refusal := noticeOf(&f.Found, source, failed.Reason, at)
	v.Refusal = &refusal
	if !refusal.Plain {
		v.Coupon, v.ExpiresAt = nil, nil
	}
	return v
}
