package operation

import (
	"context"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
)

// check looks at one action.
func (s *Service) check(ctx context.Context, a *Action) error {
	switch {
	case a.Kind == ActionGenerateCoupon && a.GenerateCoupon != nil:
		return s.checkCoupon(ctx, a.GenerateCoupon)
	case a.Kind == ActionIssueGiftCard && a.IssueGiftCard != nil:
		return a.IssueGiftCard.check(s.Now())
	}
	return errs.Field("actions", "There is no action %q.", string(a.Kind))
}

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

// Run runs an operation for a contact, action by action, and records each step.
// The first action that fails ends it; the run is returned with the error. It
// may be called again: an action does again only what it says it does each
// time.
func (s *Service) Run(ctx context.Context, o *Operation, contactID int64, source Source) (*Run, error) {
	if o.Status != StatusActive {
		return nil, errs.New(errs.Conflict, "The operation %s is switched off.", o.Slug)
	}
	r := &Run{
		PublicID: newPublicID(), OperationID: o.ID, ContactID: contactID, Source: source, Status: RunRunning, Steps: []Step{}, CreatedAt: s.Now(),
	}
	if err := s.Store.AddRun(ctx, r); err != nil {
		return nil, fmt.Errorf("run %s: %w", o.Slug, err)
	}
	r.Status = RunDone
	var failed error
	for i := range o.Actions {
		step, err := s.act(ctx, r, o, i)
		if err != nil {
			step.Error, r.Status = errs.From(err).Message(), RunFailed
			failed = fmt.Errorf("run %s, action %d: %w", o.Slug, i+1, err)
		}
		r.Steps = append(r.Steps, step)
		if failed != nil {
			break
		}
	}
	if err := s.Store.UpdateRun(context.WithoutCancel(ctx), r); err != nil {
		return r, fmt.Errorf("record run %s: %w", r.PublicID, err)
	}
	return r, failed
}

// Made returns what the last step of a run that made such a thing made: "code",
// "expires_at" or "link".
func (r *Run) Made(what string) string {
	made := ""
	for _, step := range r.Steps {
		if step.Made[what] != "" {
			made = step.Made[what]
		}
	}
	return made
}

func (s *Service) act(ctx context.Context, r *Run, o *Operation, i int) (Step, error) {
	if a := &o.Actions[i]; a.Kind == ActionIssueGiftCard {
		return s.issue(ctx, r, o, i)
	}
	return s.generate(ctx, o.Actions[i].GenerateCoupon, r.ContactID)
}

func (s *Service) generate(ctx context.Context, g *GenerateCoupon, contactID int64) (Step, error) {
	step := Step{Kind: ActionGenerateCoupon}
	code, err := s.Coupons.Generate(ctx, g.individual(contactID))
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
	return step, s.Fields.SetFields(ctx, contactID, fields)
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
