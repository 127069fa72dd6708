package coupon

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/tillside/tillside/server/errs"
)

// WhenLive says what to do when a contact has a code already that could still
// be used.
type WhenLive string

// The choices; "" is WhenLiveReturn.
const (
	WhenLiveReturn  WhenLive = "return"  // the code that is there, as it is
	WhenLiveExtend  WhenLive = "extend"  // the code that is there, with a new end if that is later
	WhenLiveAnother WhenLive = "another" // one more
)

// Individual asks for a one-time code of a contact's own.
type Individual struct {
	Coupon    string // slug of a template
	ContactID int64
	Shape     Shape
	Lifetime  Lifetime
	Bearer    bool // whoever has it may use it; else only the contact
	WhenLive  WhenLive
}

// Lifetime is how long a code lives: for so long from when it is made, or until
// a fixed date. The zero Lifetime is for ever. In JSON it is a text: "90m",
// "48h", "7d", "3mo", or "2026-12-31 23:59" on the site's clock.
type Lifetime struct {
	Minutes, Hours, Days, Months int
	Until                        string
}

var lifetimePattern = regexp.MustCompile(`^([0-9]{1,6})(m|h|d|mo)$`)

// ParseLifetime reads such a text; "" is for ever.
func ParseLifetime(text string) (Lifetime, error) {
	if text == "" {
		return Lifetime{}, nil
	}
	if at, err := time.Parse(Minute, text); err == nil {
		return Lifetime{Until: at.Format(Minute)}, nil
	}
	match := lifetimePattern.FindStringSubmatch(text)
	if match == nil {
		return Lifetime{}, errs.Field("lifetime", "%q is no lifetime; write it like 90m, 48h, 7d, 3mo or 2026-12-31 23:59.", text)
	}
	n, _ := strconv.Atoi(match[1]) // at most six digits
	if n == 0 {
		return Lifetime{}, errs.Field("lifetime", "A lifetime must be above zero.")
	}
	return map[string]Lifetime{"m": {Minutes: n}, "h": {Hours: n}, "d": {Days: n}, "mo": {Months: n}}[match[2]], nil
}

// String returns the text that ParseLifetime reads.
func (l Lifetime) String() string {
	switch {
	case l.Until != "":
		return l.Until
	case l.Months > 0:
		return strconv.Itoa(l.Months) + "mo"
	case l.Days > 0:
		return strconv.Itoa(l.Days) + "d"
	case l.Hours > 0:
		return strconv.Itoa(l.Hours) + "h"
	case l.Minutes > 0:
		return strconv.Itoa(l.Minutes) + "m"
	}
	return ""
}

// MarshalJSON implements json.Marshaler.
func (l Lifetime) MarshalJSON() ([]byte, error) { return json.Marshal(l.String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (l *Lifetime) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	var err error
	*l, err = ParseLifetime(text)
	return err
}

// Ends returns when a code that is made now ends, on the clock of a zone: days
// and months end at the same time of day, whatever clocks do in between; nil
// for ever.
func (l Lifetime) Ends(now time.Time, zone *time.Location) *time.Time {
	at := now.In(zone)
	switch {
	case l == Lifetime{}:
		return nil
	case l.Until != "":
		until, err := time.ParseInLocation(Minute, l.Until, zone)
		if err != nil {
			return nil
		}
		return &until
	case l.Months > 0:
		at = addMonths(at, l.Months)
	case l.Days > 0:
		at = at.AddDate(0, 0, l.Days)
	default:
		at = at.Add(time.Duration(l.Hours)*time.Hour + time.Duration(l.Minutes)*time.Minute)
	}
	at = at.UTC()
	return &at
}

// addMonths goes to the same day of a later month, or to that month's last: a
// month from 31 January is the end of February.
func addMonths(at time.Time, n int) time.Time {
	first := time.Date(at.Year(), at.Month()+time.Month(n), 1, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), at.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(at.Day(), last)-1)
}

// IndividualStore keeps codes of single contacts. Package mysql implements it.
type IndividualStore interface {
	// Coupon returns a coupon by its slug.
	Coupon(ctx context.Context, slug string) (*Coupon, error)
	// EnsureIndividual gives a contact a code of a coupon: live is asked what
	// to do with the newest one that could still be used, and returns true to
	// keep it, with the end that it has changed; else the code that create
	// makes is written, again under another text when that is taken. Two calls
	// at once run one after the other.
	EnsureIndividual(ctx context.Context, couponID, contactID int64, live func(*Code) bool, create func() Code) (*Code, error)
}

// Individuals makes codes for single contacts.
type Individuals struct {
	Store IndividualStore
	Zone  func() *time.Location // the site's
	Now   func() time.Time
}

// Generate returns a code of a contact's own, made now or before, by what the
// request says of a live one. It may be called again: two calls at once for one
// contact make one code, unless they ask for another. A coupon that is switched
// off, or no template, is errs.Conflict.
func (g *Individuals) Generate(ctx context.Context, r Individual) (*Code, error) {
	shape, err := r.Check()
	if err != nil {
		return nil, err
	}
	c, err := g.Store.Coupon(ctx, r.Coupon)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Kind != KindTemplate:
		return nil, errs.New(errs.Conflict, "The coupon %s is no template: its codes are not generated.", c.Slug)
	case c.Status != StatusActive:
		return nil, errs.New(errs.Conflict, "The coupon %s is switched off.", c.Slug)
	}
	now := g.Now()
	ends := r.Lifetime.Ends(now, g.Zone())
	if ends != nil && !ends.After(now) {
		return nil, errs.New(errs.Conflict, "The code would end before it is made.")
	}
	code, err := g.Store.EnsureIndividual(ctx, c.ID, r.ContactID, func(live *Code) bool {
		switch r.WhenLive {
		case WhenLiveAnother:
			return false
		case WhenLiveExtend:
			if ends == nil || live.ExpiresAt != nil && ends.After(*live.ExpiresAt) {
				live.ExpiresAt = ends
			}
		}
		return true
	}, func() Code {
		return Code{
			CouponID: c.ID, ContactID: r.ContactID, Bound: !r.Bearer, Text: shape.Generate(), Bits: shape.Bits(),
			MaxUses: max(1, c.Rules.Limits.PerCode), Status: StatusActive, SentAt: &now, ExpiresAt: ends, CreatedAt: now,
		}
	})
	if err != nil {
		return nil, fmt.Errorf("code of coupon %s for contact %d: %w", c.Slug, r.ContactID, err)
	}
	return code, nil
}

// Check returns the shape of the codes with its defaults, or what is wrong with
// the request.
func (r *Individual) Check() (Shape, error) {
	switch r.WhenLive {
	case "", WhenLiveReturn, WhenLiveExtend, WhenLiveAnother:
	default:
		return Shape{}, errs.Field("when_live", "When a code is live: return, extend or another, not %q.", string(r.WhenLive))
	}
	return r.Shape.Check()
}
