package operation

import (
	"context"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// GenerateCoupon makes a one-time code of the contact's own and writes it into
// the contact's fields, where the CRM's e-mails find it.
type GenerateCoupon struct {
	Coupon   string          `json:"coupon"` // slug of a template
	Prefix   string          `json:"prefix,omitempty"`
	Length   int             `json:"length,omitempty"` // 0: as many characters as 80 bits need
	Alphabet string          `json:"alphabet,omitempty"`
	Lifetime coupon.Lifetime `json:"lifetime,omitzero"`
	Bearer   bool            `json:"bearer,omitempty"` // whoever has it may use it
	WhenLive coupon.WhenLive `json:"when_live,omitempty"`

	CodeField    string     `json:"code_field,omitempty"`
	ExpiresField string     `json:"expires_field,omitempty"`
	DateFormat   DateFormat `json:"date_format,omitempty"`
	// LinkField takes the whole magic link to LinkOffer's form, with the code
	// applied.
	LinkField string          `json:"link_field,omitempty"`
	LinkOffer string          `json:"link_offer,omitempty"`
	LinkForm  coupon.LinkForm `json:"link_form,omitempty"`
}

// SetFormats sets how the end is written, and whether the link has the code in
// its query.
func (g *GenerateCoupon) SetFormats(date string, query bool) {
	g.DateFormat = DateFormat(date)
	if query {
		g.LinkForm = coupon.LinkQuery
	}
}

// DateFormat is how a moment is written into a field.
type DateFormat string

// The formats; "" is DateLong.
const (
	DateLong     DateFormat = "long"     // as the site's language writes date and time
	DateDay      DateFormat = "date"     // 2026-05-01
	DateTime     DateFormat = "datetime" // 2026-05-01 18:30
	DateRFC3339  DateFormat = "rfc3339"
	DateUnix     DateFormat = "unix" // seconds, as Ontraport's date fields want them
	DateAmerican DateFormat = "us"   // 05/01/2026
)

func (s *Service) checkCoupon(ctx context.Context, g *GenerateCoupon) error {
	individual := g.individual(0)
	if _, err := individual.Check(); err != nil {
		return err
	}
	switch g.DateFormat {
	case "", DateLong, DateDay, DateTime, DateRFC3339, DateUnix, DateAmerican:
	default:
		return errs.Field("date_format", "The date format is long, date, datetime, rfc3339, unix or us, not %q.", string(g.DateFormat))
	}
	for name, field := range map[string]string{"code_field": g.CodeField, "expires_field": g.ExpiresField, "link_field": g.LinkField} {
		if utf8.RuneCountInString(field) > 100 {
			return errs.Field(name, "A field's name has at most 100 characters.")
		}
	}
	if g.Coupon == "" {
		return errs.Field("coupon", "Say which template the codes are made from.")
	}
	if g.LinkField != "" && g.LinkOffer == "" {
		return errs.Field("link_offer", "Say which offer the link leads to.")
	}
	if g.LinkOffer == "" {
		return nil
	}
	if _, err := s.Offers.Offer(ctx, g.LinkOffer); errs.Is(err, errs.NotFound) {
		return errs.Field("link_offer", "There is no offer %q.", g.LinkOffer)
	} else if err != nil {
		return err
	}
	return nil
}

func (g *GenerateCoupon) individual(contactID int64) coupon.Individual {
	return coupon.Individual{
		Coupon: g.Coupon, ContactID: contactID, Shape: coupon.Shape{Prefix: g.Prefix, Length: g.Length, Alphabet: g.Alphabet},
		Lifetime: g.Lifetime, Bearer: g.Bearer, WhenLive: g.WhenLive,
	}
}

// generate makes a code and puts it into the contact's fields. A run that does it
// again after a crash may make another one where the owner wants another each
// time; that one stays unused.
func (s *Service) generate(ctx context.Context, o *Operation, g *GenerateCoupon, r *Run) (Step, error) {
	step := Step{Kind: ActionGenerateCoupon}
	code, err := s.Coupons.Generate(ctx, g.individual(r.ContactID))
	if err != nil {
		return step, err
	}
	step.Made = map[string]string{"code": code.Text}
	fields := map[string]string{}
	put := func(field, value string) {
		if field != "" {
			fields[field] = value
		}
	}
	put(g.CodeField, code.Text)
	put(g.ExpiresField, "")
	if code.ExpiresAt != nil {
		step.Made["expires_at"] = code.ExpiresAt.UTC().Format(time.RFC3339)
		put(g.ExpiresField, s.date(*code.ExpiresAt, g.DateFormat))
	}
	if g.LinkOffer != "" {
		page, err := s.Page(ctx, g.LinkOffer)
		if err != nil {
			return step, fmt.Errorf("page of offer %s: %w", g.LinkOffer, err)
		}
		step.Made["link"] = coupon.CodeURL(page, []string{code.Text}, g.LinkForm)
		put(g.LinkField, step.Made["link"])
	}
	if len(fields) == 0 {
		return step, nil
	}
	return step, s.Store.InTx(ctx, func(tx Tx) error {
		return apply(ctx, tx, contact.Change{
			ContactID: r.ContactID, Fields: fields, Source: contact.SourceOperation, Reason: r.reason(o), Urgency: job.PriorityCode,
			Depth: r.Depth,
		}, s)
	})
}

// date writes a moment as a field wants it, on the site's clock.
func (s *Service) date(at time.Time, format DateFormat) string {
	local := at.In(s.Zone())
	switch format {
	case DateDay:
		return local.Format("2006-01-02")
	case DateTime:
		return local.Format("2006-01-02 15:04")
	case DateRFC3339:
		return local.Format(time.RFC3339)
	case DateUnix:
		return strconv.FormatInt(at.Unix(), 10)
	case DateAmerican:
		return local.Format("01/02/2006")
	}
	return s.Date(at)
}
