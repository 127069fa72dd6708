package catalog

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the static binary runs where there is no zoneinfo
	"unicode"
	"unicode/utf8"

	"github.com/tillside/tillside/server/money"
)

// Limits of what the tables hold.
const (
	maxSlug     = 100
	maxName     = 200
	maxText     = 10_000 // characters; four bytes each still fit into a TEXT
	maxURL      = 1500   // an order stores it with the home before and its parameters behind
	maxTag      = 190
	maxQuantity = 10_000
)

// fault is what is wrong with one field of one thing.
type fault struct {
	kind, slug, field string
	text              string
}

// checker collects the faults of a whole catalogue.
type checker struct {
	home   string // the site's home; empty: not known
	faults []fault
}

func (c *checker) add(kind, slug, field, format string, args ...any) {
	c.faults = append(c.faults, fault{kind, slug, field, fmt.Sprintf(format, args...)})
}

// The kinds of things in faults and reports.
const (
	kindProduct = "product"
	kindPrice   = "price"
	kindOffer   = "offer"
)

var (
	slugPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	rolePattern = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
)

// CheckSlug returns what is wrong with a slug, in English, or "". Slugs are
// lower-case letters, digits and single hyphens between them.
func CheckSlug(slug string) string {
	switch {
	case slug == "":
		return "slug is missing"
	case len(slug) > maxSlug:
		return fmt.Sprintf("slug is longer than %d characters", maxSlug)
	case !slugPattern.MatchString(slug):
		return fmt.Sprintf("slug %q may only have lower-case letters, digits and single hyphens between them", slug)
	}
	return ""
}

// check looks at everything, also at what did not change: a price that is
// archived may be the one that an offer sells.
func (c *checker) check(all *Catalogue) {
	for _, p := range all.Products {
		c.product(p)
	}
	for _, p := range all.Prices {
		c.price(p)
	}
	for _, o := range all.Offers {
		c.offer(o, all)
	}
}

func (c *checker) product(p *Product) {
	c.slug(kindProduct, p.Slug)
	c.line(kindProduct, p.Slug, "name", p.Name, maxName, true)
	c.text(kindProduct, p.Slug, "description", p.Description)
	c.startPage(p)
	for _, role := range p.Roles {
		switch {
		case !rolePattern.MatchString(role):
			c.add(kindProduct, p.Slug, "roles", "%q is not the name of a role", role)
		case role == "administrator" || role == "editor":
			c.add(kindProduct, p.Slug, "roles", "a purchase cannot make anyone %s", role)
		}
	}
	for field, tags := range map[string][]string{"access_tags": p.AccessTags, "revoke_tags": p.RevokeTags} {
		for i, tag := range tags {
			c.line(kindProduct, p.Slug, field, tag, maxTag, true)
			if slices.Contains(tags[:i], tag) {
				c.add(kindProduct, p.Slug, field, "%q is there twice", tag)
			}
		}
	}
	for _, tag := range p.RevokeTags {
		if slices.Contains(p.AccessTags, tag) {
			c.add(kindProduct, p.Slug, "revoke_tags", "%q is also an access tag; it would take away what it gives", tag)
		}
	}
	if fault := CheckSlug(p.TaxClass); fault != "" {
		c.add(kindProduct, p.Slug, "tax_class", "tax class: %s", fault)
	}
	c.automations(kindProduct, p.Slug, p.Automations)
	c.status(kindProduct, p.Slug, p.Status, StatusActive, StatusArchived)
}

func (c *checker) startPage(p *Product) {
	if !c.address(kindProduct, p.Slug, "start_page", p.StartPage) {
		return
	}
	if c.home != "" && p.StartPage != "" && !SameSite(c.home, p.StartPage) {
		c.add(kindProduct, p.Slug, "start_page", "the start page must be on %s, where the buyer is logged in", c.home)
	}
}

func (c *checker) price(p *Price) {
	c.slug(kindPrice, p.Slug)
	c.status(kindPrice, p.Slug, p.Status, StatusActive, StatusArchived)
	switch p.Kind {
	case PriceOneTime:
	case PriceSubscription, PricePlan:
		c.add(kindPrice, p.Slug, "kind", "%s prices cannot be sold yet; only %s", p.Kind, PriceOneTime)
	default:
		c.add(kindPrice, p.Slug, "kind", "kind must be %s, not %q", PriceOneTime, p.Kind)
	}
	if p.UnitAmount.Minor < 0 {
		c.add(kindPrice, p.Slug, "amount", "the amount is below zero")
	}
}

func (c *checker) offer(o *Offer, all *Catalogue) {
	if o.Seats < 0 {
		c.add(kindOffer, o.Slug, "seats", "seats must not be negative")
	}
	for field, way := range map[string]Field{"form.coupon_field": o.Form.CouponField, "form.gift_card_field": o.Form.GiftCardField} {
		if way != "" && way != FieldHidden && way != FieldLink && way != FieldOpen {
			c.add(kindOffer, o.Slug, field, "must be hidden, link or open, not %q", way)
		}
	}
	c.automations(kindOffer, o.Slug, o.Automations)
	c.slug(kindOffer, o.Slug)
	c.line(kindOffer, o.Slug, "name", o.Name, maxName, true)
	c.text(kindOffer, o.Slug, "description", o.Description)
	c.status(kindOffer, o.Slug, o.Status, StatusDraft, StatusActive, StatusArchived)
	if _, err := time.LoadLocation(o.TimeZone); err != nil || o.TimeZone == "" || o.TimeZone == "Local" {
		c.add(kindOffer, o.Slug, "timezone", "%q is not a time zone; write it like Europe/Berlin", o.TimeZone)
	}
	if o.OpensAt != nil && o.ClosesAt != nil && !o.OpensAt.Before(*o.ClosesAt) {
		c.add(kindOffer, o.Slug, "closes_at", "the offer closes before it opens")
	}
	c.text(kindOffer, o.Slug, "closed_text", o.ClosedText)
	c.text(kindOffer, o.Slug, "help", o.Help)
	c.address(kindOffer, o.Slug, "thank_you", o.ThankYouURL)
	if o.AppendOrderInfo && o.ThankYouURL == "" {
		c.add(kindOffer, o.Slug, "thank_you", "append_order_info needs a url")
	}
	c.closedOffer(o, all)
	c.form(o)
	c.items(o)
}

// closedOffer follows the offers that are shown one after the other: they must
// exist, and come to an end.
func (c *checker) closedOffer(o *Offer, all *Catalogue) {
	seen := []string{o.Slug}
	for next := o.ClosedOffer; next != ""; {
		i := slices.IndexFunc(all.Offers, func(other *Offer) bool { return other.Slug == next })
		if i < 0 {
			if len(seen) == 1 {
				c.add(kindOffer, o.Slug, "closed_offer", "there is no offer %q", next)
			}
			return
		}
		seen = append(seen, next)
		if slices.Contains(seen[:len(seen)-1], next) {
			if next == o.Slug {
				c.add(kindOffer, o.Slug, "closed_offer", "closed offers lead in a circle: %s", strings.Join(seen, " → "))
			}
			return
		}
		next = all.Offers[i].ClosedOffer
	}
}

func (c *checker) form(o *Offer) {
	f := o.Form
	for field, text := range map[string]string{
		"headline": f.Headline, "continue_label": f.ContinueLabel, "button_label": f.ButtonLabel, "free_label": f.FreeLabel,
		"terms_label": f.TermsLabel,
	} {
		c.line(kindOffer, o.Slug, "form."+field, text, maxName, false)
	}
	c.text(kindOffer, o.Slug, "form.terms", f.Terms)
	c.address(kindOffer, o.Slug, "form.terms_url", f.TermsURL)
	for i, code := range f.Countries {
		switch {
		case !IsCountry(code):
			c.add(kindOffer, o.Slug, "form.countries", "%q is not a country's two-letter code, such as DE", code)
		case slices.Contains(f.Countries[:i], code):
			c.add(kindOffer, o.Slug, "form.countries", "%s is there twice", code)
		}
	}
	if f.Country != "" && (!IsCountry(f.Country) || len(f.Countries) > 0 && !slices.Contains(f.Countries, f.Country)) {
		c.add(kindOffer, o.Slug, "form.country", "%q is not one of the form's countries", f.Country)
	}
}

func (c *checker) items(o *Offer) {
	if len(o.Items) == 0 {
		if o.Status == StatusActive {
			c.add(kindOffer, o.Slug, "items", "an active offer needs items")
		}
		return
	}
	before := len(c.faults)
	for i, item := range o.Items {
		c.item(o, i, item)
		c.giftItem(o, &item)
	}
	if len(c.faults) > before || o.Status != StatusActive {
		return
	}
	quote, err := NewQuote(o, nil)
	if err != nil {
		c.add(kindOffer, o.Slug, "items", "the total is too large")
		return
	}
	if _, err := quote.Total.Stripe(); err != nil {
		c.add(kindOffer, o.Slug, "items", "%v", err)
	}
	if least := money.StripeMinimum(o.Currency); !quote.Total.IsZero() && quote.Total.Minor < least.Minor {
		c.add(kindOffer, o.Slug, "items", "the total of %s %s is below %s %s, the least that can be charged",
			quote.Total.Major(), o.Currency, least.Major(), o.Currency)
	}
}

func (c *checker) item(o *Offer, i int, item OfferItem) {
	name := item.Price.Slug
	for _, other := range o.Items[:i] {
		if other.Price.Slug == name {
			c.add(kindOffer, o.Slug, "items", "price %q is there twice; use quantity", name)
		}
	}
	if unit := item.Unit(); unit.Currency != o.Currency || item.Price.UnitAmount.Currency != o.Currency {
		c.add(kindOffer, o.Slug, "items", "all amounts of an offer must be in one currency: %s is in %s, not %s",
			name, item.Price.UnitAmount.Currency, o.Currency)
	}
	if item.Quantity < 1 || item.Quantity > maxQuantity {
		c.add(kindOffer, o.Slug, "items", "quantity of %s must be from 1 to %d", name, maxQuantity)
	}
	if item.MaxQuantity != 0 && (item.MaxQuantity < item.Quantity || item.MaxQuantity > maxQuantity) {
		c.add(kindOffer, o.Slug, "items", "max_quantity of %s must be from its quantity to %d", name, maxQuantity)
	}
	if o.Status == StatusActive && (item.Product.Status != StatusActive || item.Price.Status != StatusActive) {
		c.add(kindOffer, o.Slug, "items", "the offer is active, but sells %s of product %s, which is archived", name, item.Product.Slug)
	}
}

func (c *checker) slug(kind, slug string) {
	if text := CheckSlug(slug); text != "" {
		c.add(kind, slug, "slug", "%s", text)
	}
}

func (c *checker) status(kind, slug string, status Status, allowed ...Status) {
	if !slices.Contains(allowed, status) {
		c.add(kind, slug, "status", "status of this %s must be one of %v, not %q", kind, allowed, status)
	}
}

// line checks a text of one line.
func (c *checker) line(kind, slug, field, text string, most int, required bool) {
	switch {
	case required && strings.TrimSpace(text) == "":
		c.add(kind, slug, field, "%s is empty", field)
	case utf8.RuneCountInString(text) > most:
		c.add(kind, slug, field, "%s is longer than %d characters", field, most)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		c.add(kind, slug, field, "%s must be one line of text", field)
	}
}

// text checks a text that may have several lines.
func (c *checker) text(kind, slug, field, text string) {
	switch {
	case utf8.RuneCountInString(text) > maxText:
		c.add(kind, slug, field, "%s is longer than %d characters", field, maxText)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		c.add(kind, slug, field, "%s has characters that are no text", field)
	}
}

// address checks a path from the site's home or an absolute http address. An
// empty one is fine. It returns whether it found nothing.
func (c *checker) address(kind, slug, field, address string) bool {
	if address == "" {
		return true
	}
	u, err := url.Parse(address)
	path := strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//")
	absolute := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
	bad := func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f || unicode.IsSpace(r) }
	if err == nil && (path || absolute) && len(address) <= maxURL && !strings.ContainsFunc(address, bad) {
		return true
	}
	c.add(kind, slug, field, "%q is neither a path such as /start/ nor an https:// address", address)
	return false
}
