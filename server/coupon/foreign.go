package coupon

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/server/money"
)

// Foreign is a coupon of another shop plugin, as its tables have it.
type Foreign struct {
	ID     int64
	Code   string
	Name   string
	Status string
	Fields map[string][]string
	Broken []string // fields that cannot be read
}

func (f *Foreign) one(name string) string {
	if values := f.Fields[name]; len(values) > 0 {
		return strings.TrimSpace(values[0])
	}
	return ""
}

// list returns the values of a field that are not empty; they may also stand in
// one text, with commas.
func (f *Foreign) list(name string) []string {
	var all []string
	for _, value := range f.Fields[name] {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" && part != "0" {
				all = append(all, part)
			}
		}
	}
	return all
}

func (f *Foreign) isSet(name string) bool {
	value := f.one(name)
	return value != "" && value != "0" && value != "no"
}

// Carried is what becomes of a coupon of another plugin.
type Carried struct {
	Draft Draft
	// Skip says why it is not carried over at all; empty when it is.
	Skip string
	// Lost are conditions that cannot be carried over: without them the coupon
	// would give more, or to more people, than it did.
	Lost  []string
	Notes []string // what else is different
}

func (c *Carried) skip(format string, args ...any) {
	if c.Skip == "" {
		c.Skip = fmt.Sprintf(format, args...)
	}
}

func (c *Carried) lose(format string, args ...any) {
	c.Lost = append(c.Lost, fmt.Sprintf(format, args...))
}
func (c *Carried) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// Carrier translates coupons of another plugin into rules.
type Carrier struct {
	Currency money.Currency
	Several  bool // its buyers may use several coupons at once
	Zone     *time.Location
	Now      time.Time
	// Products maps its products' ids to slugs of ours.
	Products map[int64]string
}

// start makes what both plugins have: slug, code and name.
func (r *Carrier) start(f *Foreign, plugin string) *Carried {
	c := &Carried{Draft: Draft{
		Slug: fmt.Sprintf("%s-%d", plugin, f.ID), Name: clipName(f.Name, f.Code), Codes: []string{strings.TrimSpace(f.Code)},
	}}
	for _, name := range f.Broken {
		c.lose("its %s cannot be read", name)
	}
	return c
}

func clipName(name, code string) string {
	name = strings.Join(strings.Fields(name), " ")
	if name == "" {
		name = code
	}
	if runes := []rune(strings.ToValidUTF8(name, "")); len(runes) > maxName {
		return string(runes[:maxName])
	}
	return name
}

// percentOff sets a percentage; text is a decimal such as "12.5000".
func (r *Carrier) percentOff(c *Carried, text string) {
	percent, err := ParsePercent(trimZeros(text))
	if err != nil {
		c.skip("%s %% is nothing that a coupon can take off here", trimZeros(text))
		return
	}
	c.Draft.Rules.Discount = Discount{Kind: DiscountPercent, Percent: percent}
}

// amountOff sets an amount in the shop's currency.
func (r *Carrier) amountOff(c *Carried, text string) {
	amount, err := money.ParseMajor(trimZeros(text), r.Currency)
	if err != nil || amount.Minor <= 0 || amount.Minor > maxAmount {
		c.skip("%s %s is nothing that a coupon can take off here", trimZeros(text), r.Currency)
		return
	}
	c.Draft.Rules.Discount = Discount{Kind: DiscountAmount, Amounts: Amounts{amount}}
}

// bound returns a minimum or maximum of the order; nothing for zero.
func (r *Carrier) bound(c *Carried, what, text string) Amounts {
	if text = trimZeros(text); text == "" || text == "0" {
		return nil
	}
	amount, err := money.ParseMajor(text, r.Currency)
	if err != nil || amount.Minor < 0 || amount.Minor > maxAmount {
		c.lose("the %s of the order, %q, is no amount", what, text)
		return nil
	}
	return Amounts{amount}
}

// trimZeros drops zeros behind a decimal point: "10.000000000" is "10".
func trimZeros(text string) string {
	text = strings.TrimSpace(text)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// uses sets the limit of what is left of it.
func (r *Carrier) uses(c *Carried, limit, used string) {
	most, ok := count(limit)
	was, okUsed := count(used)
	switch {
	case !ok || !okUsed:
		c.lose("the limit of its uses, %q with %q used, is no number", limit, used)
	case most == 0:
	case was >= most:
		c.Draft.Disabled = true
		c.note("all %d of its uses were made, so it is switched off", most)
	default:
		c.Draft.Rules.Limits.Uses = int(most - was)
		if was > 0 {
			c.note("%d of its %d uses were made; %d are left here", was, most, most-was)
		}
	}
}

// count reads a number that may be missing.
func count(text string) (int64, bool) {
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0 && n <= maxUses
}

// products maps ids of its products to slugs. What is not mapped is reported by
// miss.
func (r *Carrier) products(ids []string, miss func(id string)) []string {
	var slugs []string
	for _, text := range ids {
		id, err := strconv.ParseInt(text, 10, 64)
		slug := r.Products[id]
		if err != nil || slug == "" {
			miss(text)
			continue
		}
		if !slices.Contains(slugs, slug) {
			slugs = append(slugs, slug)
		}
	}
	return slugs
}

// moment writes a moment as rules have it, on the site's clock.
func (r *Carrier) moment(at time.Time) string { return at.In(r.Zone).Format(Minute) }

// finish sets what hangs on everything else: a coupon that lost a condition is
// not switched on.
func (r *Carrier) finish(c *Carried) Carried {
	if zone := r.Zone.String(); c.Draft.Rules.When.StartsAt+c.Draft.Rules.When.EndsAt != "" && zone != "UTC" && zone != "Local" {
		c.Draft.Rules.When.TimeZone = zone
	}
	if len(c.Lost) > 0 {
		c.Draft.Disabled = true
	}
	return *c
}
