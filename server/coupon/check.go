package coupon

import (
	"slices"
	"strings"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/money"
)

// Cart is what a coupon is held against.
type Cart struct {
	Offer *catalog.Offer
	Quote catalog.Quote // before any discount
	// Person may be empty while nobody has said who buys.
	Person Person
	// StartedAt is when the contact's first checkout of this offer began; zero
	// when it has not.
	StartedAt time.Time
	Now       time.Time
}

// Person is who buys, as far as it is known.
type Person struct {
	Email         string // as typed; empty before step 1
	ContactID     int64  // of that address; 0 before step 1
	UserID        int64  // of the session; 0 for a visitor
	LinkContactID int64  // of the e-mail-bound link that was opened; 0 without one
	// Facts are looked up only when a rule asks; nil while they are not.
	Facts *PersonFacts
}

// PersonFacts are what is known of a proven person.
type PersonFacts struct {
	Tags      []string
	Roles     []string
	HasBought bool
}

// IsProven reports whether the person is who they say: logged in, or come by a
// link to the address that they typed, or before they typed any.
func (p Person) IsProven() bool {
	return p.UserID != 0 || p.LinkContactID != 0 && (p.ContactID == 0 || p.ContactID == p.LinkContactID)
}

// Reason is why a code does not apply, in a word for programs.
type Reason string

// The reasons. All but ReasonRefused are told only to the holder of a code that
// cannot be guessed.
const (
	ReasonRefused  Reason = "refused"
	ReasonNotYet   Reason = "not_yet"
	ReasonExpired  Reason = "expired"
	ReasonUsed     Reason = "used"
	ReasonPerson   Reason = "person"   // who buys is not known, or another person is meant
	ReasonReplaced Reason = "replaced" // another coupon gives more
	ReasonLimited  Reason = "limited"  // used up by others
	ReasonChanged  Reason = "changed"  // the owner changed it a moment ago
)

// Check is one rule held against a cart.
type Check struct {
	Rule   string // the JSON key of the rule, such as "scope.minimum"
	OK     bool
	Reason Reason // when not OK
	Text   string // what was found, for the owner: an English key
	Args   []any
}

// NeedsPerson reports whether the rules ask what only a proven person can
// answer.
func (r *Rules) NeedsPerson() bool {
	return r.Who.FirstPurchase || len(r.Who.Tags)+len(r.Who.NotTags)+len(r.Who.Roles) > 0
}

// Checks holds every rule of a code against a cart, in the order in which they
// are explained. A rule that sets no condition is left out. It is pure; full
// names the limits that others have used up.
func (f *Found) Checks(c *Cart, full Full) []Check {
	e := &examiner{found: f, cart: c, rules: &f.Coupon.Rules, checks: make([]Check, 0, 12)}
	e.status()
	e.dates()
	e.scope()
	e.amounts()
	e.who()
	e.limits(full)
	e.effect()
	return e.checks
}

// Full says which limits of a code are used up by others.
type Full struct {
	Coupon, Offer, Code, Person bool
}

type examiner struct {
	found  *Found
	cart   *Cart
	rules  *Rules
	checks []Check
}

func (e *examiner) add(rule string, ok bool, reason Reason, text string, args ...any) {
	c := Check{Rule: rule, OK: ok, Text: text, Args: args}
	if !ok {
		c.Reason = reason
	}
	e.checks = append(e.checks, c)
}

func (e *examiner) status() {
	active := e.found.Coupon.Status == StatusActive && e.found.Code.Status == StatusActive && e.found.Campaign == StatusActive
	e.add("status", active, ReasonRefused, "The coupon is %s, its code %s.", string(e.found.Coupon.Status), string(e.found.Code.Status))
}

func (e *examiner) dates() {
	now, when, code := e.cart.Now, e.rules.When, e.found.Code
	starts, ends := when.Bounds()
	if from := latest(starts, code.StartsAt); from != nil {
		e.add("when.starts_at", !now.Before(*from), ReasonNotYet, "It can be used from %s on.", from.UTC().Format(time.RFC3339))
	}
	if until := e.found.ExpiresAt(e.cart.StartedAt); until != nil {
		e.add("when.ends_at", now.Before(*until), ReasonExpired, "It can be used until %s.", until.UTC().Format(time.RFC3339))
	} else if ends != nil {
		e.add("when.ends_at", now.Before(*ends), ReasonExpired, "It can be used until %s.", ends.UTC().Format(time.RFC3339))
	}
	if when.AfterHours > 0 {
		from := e.cart.StartedAt.Add(time.Duration(when.AfterHours) * time.Hour)
		e.add("when.after_hours", !e.cart.StartedAt.IsZero() && !now.Before(from), ReasonNotYet,
			"It can be used from %d hours after the checkout began.", when.AfterHours)
	}
}

// ExpiresAt returns the moment from which on the code cannot be used, by its
// own date, the coupon's, and the hours since the contact's checkout began
// (zero: not yet); nil when it never expires.
func (f *Found) ExpiresAt(startedAt time.Time) *time.Time {
	_, ends := f.Coupon.Rules.When.Bounds()
	until := earliest(ends, f.Code.ExpiresAt)
	if hours := f.Coupon.Rules.When.WithinHours; hours > 0 && !startedAt.IsZero() {
		end := startedAt.Add(time.Duration(hours) * time.Hour)
		until = earliest(until, &end)
	}
	return until
}

// Bounds returns when a coupon starts and ends; nil where it does not. What
// Check would refuse sets no bound.
func (w When) Bounds() (starts, ends *time.Time) {
	zone, err := time.LoadLocation(w.TimeZone) // "" is UTC
	if err != nil {
		zone = time.UTC
	}
	return moment(w.StartsAt, zone), moment(w.EndsAt, zone)
}

// Minute is how times are written in rules.
const Minute = "2006-01-02 15:04"

func moment(text string, zone *time.Location) *time.Time {
	if text == "" {
		return nil
	}
	at, err := time.ParseInLocation(Minute, text, zone)
	if err != nil {
		return nil
	}
	return &at
}

func latest(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.After(*a) {
		return b
	}
	return a
}

func earliest(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}

func (e *examiner) scope() {
	s := e.rules.Scope
	if len(s.Currencies) > 0 {
		e.add("scope.currencies", slices.Contains(s.Currencies, e.cart.Quote.Currency), ReasonRefused,
			"The order is in %s.", string(e.cart.Quote.Currency))
	}
	restricted := len(s.Offers)+len(s.Products)+len(s.Prices)+len(s.NotOffers)+len(s.NotProducts)+len(s.NotPrices) > 0 || s.Part != PartBoth
	if lines := e.rules.linesInScope(e.cart.Offer); restricted || len(lines) == 0 {
		e.add("scope", len(lines) > 0, ReasonRefused, "%d of %d lines of the order are in its scope.", len(lines), len(e.cart.Offer.Items))
	}
}

// linesInScope returns the indexes of the offer's items that the coupon lowers.
func (r *Rules) linesInScope(o *catalog.Offer) []int {
	s := &r.Scope
	if !named(s.Offers, o.Slug) || slices.Contains(s.NotOffers, o.Slug) {
		return nil
	}
	lines := make([]int, 0, len(o.Items))
	for i := range o.Items {
		item := &o.Items[i]
		recurring := item.Price.Kind != catalog.PriceOneTime
		switch {
		case !named(s.Products, item.Product.Slug), slices.Contains(s.NotProducts, item.Product.Slug),
			!named(s.Prices, item.Price.Slug), slices.Contains(s.NotPrices, item.Price.Slug),
			s.Part == PartOneTime && recurring, s.Part == PartRecurring && !recurring,
			r.Discount.Kind == DiscountTrial && !recurring,
			item.Product.GiftCard != nil && !item.Product.GiftCard.Coupons && !s.GiftCards:
			continue
		}
		lines = append(lines, i)
	}
	return lines
}

func named(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }

func (e *examiner) amounts() {
	q := e.cart.Quote
	if list := e.rules.Scope.Minimum; len(list) > 0 {
		least, ok := list.In(q.Currency)
		e.add("scope.minimum", ok && q.Subtotal.Minor >= least.Minor, ReasonRefused, "The order comes to %s %s.",
			q.Subtotal.Major(), string(q.Currency))
	}
	if list := e.rules.Scope.Maximum; len(list) > 0 {
		most, ok := list.In(q.Currency)
		e.add("scope.maximum", ok && q.Subtotal.Minor <= most.Minor, ReasonRefused, "The order comes to %s %s.",
			q.Subtotal.Major(), string(q.Currency))
	}
	if kind := e.rules.Discount.Kind; kind == DiscountAmount || kind == DiscountPrice {
		_, ok := e.rules.Discount.Amounts.In(q.Currency)
		e.add("discount.amounts", ok, ReasonRefused, "The order is in %s.", string(q.Currency))
	}
}

func (e *examiner) who() {
	p, w := e.cart.Person, e.rules.Who
	if bound := e.found.Code.ContactID; e.found.Code.Bound {
		isTheirs := p.ContactID == bound || p.ContactID == 0 && p.LinkContactID == bound
		e.add("contact", isTheirs, ReasonPerson, "The code was made for one contact.")
	}
	if len(w.Emails) > 0 {
		e.add("who.emails", matchesAny(w.Emails, p.Email), ReasonPerson, "The e-mail address must be one of %d.", len(w.Emails))
	}
	if !e.rules.NeedsPerson() {
		return
	}
	facts := p.Facts
	if !p.IsProven() || facts == nil {
		e.add("who", false, ReasonPerson, "Who buys is not proven: by a session, or by a link that is bound to the e-mail address.")
		return
	}
	if w.FirstPurchase {
		e.add("who.first_purchase", !facts.HasBought, ReasonRefused, "Only for a first purchase.")
	}
	if len(w.Tags) > 0 {
		e.add("who.tags", overlap(w.Tags, facts.Tags), ReasonRefused, "Only with one of the tags %s.", strings.Join(w.Tags, ", "))
	}
	if len(w.NotTags) > 0 {
		e.add("who.not_tags", !overlap(w.NotTags, facts.Tags), ReasonRefused, "Only without the tags %s.", strings.Join(w.NotTags, ", "))
	}
	if len(w.Roles) > 0 {
		e.add("who.roles", overlap(w.Roles, facts.Roles), ReasonRefused, "Only with one of the roles %s.", strings.Join(w.Roles, ", "))
	}
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func (e *examiner) limits(full Full) {
	l, code := e.rules.Limits, e.found.Code
	if l.Uses > 0 {
		e.add("limits.uses", !full.Coupon, ReasonLimited, "It may be used %d times in all.", l.Uses)
	}
	if l.PerOffer > 0 {
		e.add("limits.per_offer", !full.Offer, ReasonLimited, "It may be used %d times for this offer.", l.PerOffer)
	}
	if code.MaxUses > 0 {
		e.add("limits.per_code", !full.Code, ReasonUsed, "The code may be used %d times.", code.MaxUses)
	}
	if l.PerPerson > 0 {
		e.add("limits.per_person", !full.Person, ReasonUsed, "Each person may use it %d times.", l.PerPerson)
	}
}

// effect refuses what would use the coupon up for nothing.
func (e *examiner) effect() {
	switch d := e.rules.Discount; d.Kind {
	case DiscountSwitch:
		e.add("discount.offer", d.Offer != e.cart.Offer.Slug, ReasonRefused, "It leads to the offer %s.", d.Offer)
	case DiscountTrial:
	default:
		off, err := e.rules.discount(e.cart.Offer, e.cart.Quote)
		e.add("discount", err == nil && sumOf(off) > 0, ReasonRefused, "It takes %s %s off.",
			money.New(sumOf(off), e.cart.Quote.Currency).Major(), string(e.cart.Quote.Currency))
	}
}

// firstFailed returns the first rule that does not hold, or nil.
func firstFailed(checks []Check) *Check {
	for i := range checks {
		if !checks[i].OK {
			return &checks[i]
		}
	}
	return nil
}
