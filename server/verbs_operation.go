package server

import (
	"context"
	"time"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/hook"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/operation"
)

// OperationDraft is an operation as its owner writes it.
type OperationDraft = operation.Draft

// OperationAction is one step of an operation.
type OperationAction = operation.Action

// GenerateCouponAction makes a one-time code and writes it into fields.
type GenerateCouponAction = operation.GenerateCoupon

// GenerateCouponActions returns an operation's only action.
func GenerateCouponActions(g GenerateCouponAction) []operation.Action {
	return []operation.Action{{Kind: operation.ActionGenerateCoupon, GenerateCoupon: &g}}
}

// IssueGiftCardActions returns an operation's only action: a gift card, mailed to
// the contact.
func IssueGiftCardActions(amount, sender, message string, everyRun bool) []operation.Action {
	return []operation.Action{{Kind: operation.ActionIssueGiftCard, IssueGiftCard: &operation.IssueGiftCard{
		Amount: amount, Sender: sender, Message: message, EveryRun: everyRun,
	}}}
}

// NewGenerateCoupon returns the action that makes codes like those of a request;
// whom they are for is said when it runs.
func NewGenerateCoupon(r IndividualRequest) (GenerateCouponAction, error) {
	lifetime, err := coupon.ParseLifetime(r.Lifetime)
	return GenerateCouponAction{
		Coupon: r.Coupon, Prefix: r.Prefix, Length: r.Length, Alphabet: r.Alphabet, Lifetime: lifetime, Bearer: r.Bearer,
		WhenLive: coupon.WhenLive(r.WhenLive),
	}, err
}

// OperationDetails is an operation as its owner sees it. Its hook's secret is
// shown once, when it is made.
type OperationDetails struct {
	Slug      string             `json:"slug"`
	Name      string             `json:"name"`
	Status    operation.Status   `json:"status"`
	Actions   []operation.Action `json:"actions"`
	Settings  operation.Settings `json:"settings"`
	Revision  int64              `json:"revision"`
	HasHook   bool               `json:"has_hook"`
	CreatedAt time.Time          `json:"created_at"`
	UpdatedAt time.Time          `json:"updated_at"`
}

// HookDetails is a hook's address, with its secret.
type HookDetails struct {
	URL      string `json:"url"`
	PostData string `json:"post_data"` // what the CRM sends
}

// RunDetails is what an operation did for one contact.
type RunDetails struct {
	Run       string              `json:"run"`
	Status    operation.RunStatus `json:"status"`
	Source    operation.Source    `json:"source"`
	Cause     string              `json:"cause"`   // what started it, for people
	Problem   string              `json:"problem"` // why the next step waits, or why it stopped
	WakeAt    *time.Time          `json:"wake_at"` // when a run that waits goes on
	Code      string              `json:"code"`
	ExpiresAt string              `json:"expires_at"` // RFC 3339; empty: never
	Link      string              `json:"link"`
	Steps     []operation.Step    `json:"steps"`
	CreatedAt time.Time           `json:"created_at"`
}

func describeOperation(o *operation.Operation) OperationDetails {
	return OperationDetails{
		Slug: o.Slug, Name: o.Name, Status: o.Status, Actions: o.Actions, Settings: o.Settings, Revision: o.Revision,
		HasHook: o.HasHook(), CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
}

func describeRun(r *operation.Run) RunDetails {
	return RunDetails{
		Run: r.PublicID, Status: r.Status, Source: r.Source, Cause: r.Cause, Problem: r.Problem, WakeAt: r.WakeAt, Code: r.Made("code"), ExpiresAt: r.Made("expires_at"), Link: r.Made("link"),
		Steps: r.Steps, CreatedAt: r.CreatedAt,
	}
}

// SaveOperation makes an operation, or stores a draft over the one with its slug.
func (s *Shop) SaveOperation(ctx context.Context, d OperationDraft) (*OperationDetails, error) {
	o, err := s.Operations.Store.Operation(ctx, d.Slug)
	if errs.Is(err, errs.NotFound) {
		return s.CreateOperation(ctx, d)
	}
	if err != nil {
		return nil, err
	}
	if err := s.checkTemplates(ctx, d); err != nil {
		return nil, err
	}
	if o, err = s.Operations.Change(ctx, d, o.Revision); err != nil {
		return nil, err
	}
	v := describeOperation(o)
	return &v, nil
}

// CreateOperation makes an operation.
func (s *Shop) CreateOperation(ctx context.Context, d OperationDraft) (*OperationDetails, error) {
	if err := s.checkTemplates(ctx, d); err != nil {
		return nil, err
	}
	o, err := s.Operations.Create(ctx, d)
	if err != nil {
		return nil, err
	}
	v := describeOperation(o)
	return &v, nil
}

// checkTemplates looks whether the templates of codes are there.
func (s *Shop) checkTemplates(ctx context.Context, d OperationDraft) error {
	for _, a := range d.Actions { // a hook that can only fail helps nobody
		if a.GenerateCoupon == nil || a.GenerateCoupon.Coupon == "" {
			continue
		}
		if _, err := s.book.Store.Coupon(ctx, a.GenerateCoupon.Coupon); err != nil {
			return err
		}
	}
	return nil
}

// FindOperations lists operations by slug.
func (s *Shop) FindOperations(ctx context.Context) ([]OperationDetails, error) {
	all, err := s.Operations.Store.FindOperations(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]OperationDetails, len(all))
	for i := range all {
		list[i] = describeOperation(&all[i])
	}
	return list, nil
}

// Operation returns one operation with its newest runs.
func (s *Shop) Operation(ctx context.Context, slug string) (*OperationDetails, []RunDetails, error) {
	o, err := s.Operations.Store.Operation(ctx, slug)
	if err != nil {
		return nil, nil, err
	}
	runs, err := s.Operations.Store.FindRuns(ctx, o.ID, codesShown)
	if err != nil {
		return nil, nil, err
	}
	v, list := describeOperation(o), make([]RunDetails, len(runs))
	for i := range runs {
		list[i] = describeRun(&runs[i])
	}
	return &v, list, nil
}

// SwitchOperation turns an operation on or off.
func (s *Shop) SwitchOperation(ctx context.Context, slug string, on bool) (*OperationDetails, error) {
	o, err := s.Operations.Switch(ctx, slug, on)
	if err != nil {
		return nil, err
	}
	v := describeOperation(o)
	return &v, nil
}

// NewHook gives an operation a new hook; the one before is good for a week more.
func (s *Shop) NewHook(ctx context.Context, slug string) (*HookDetails, error) {
	o, secret, err := s.Operations.NewHook(ctx, slug)
	if err != nil {
		return nil, err
	}
	if err := s.jobs.Register(ctx, hook.OfOperation(o.ID).Destination()); err != nil {
		return nil, err
	}
	return &HookDetails{URL: s.publicURL("/v1/hooks/operations/" + o.PublicID + "/" + secret), PostData: "contactId=[Contact ID]"}, nil
}

// publicURL returns the address under which the web reaches one of our paths.
func (s *Shop) publicURL(path string) string {
	home := s.site.Home()
	if facts, _ := s.site.Facts(); facts.Mode == "rest" {
		return home + "/?rest_route=/tillside/v1/proxy" + path
	}
	return home + s.cfg.PublicPath + path
}

// RunOperation runs an operation for the contact with an e-mail address, who is
// made if nobody has it. It waits a moment for the run to end, and returns it as it
// is then: it goes on wherever Tillside serves.
func (s *Shop) RunOperation(ctx context.Context, slug, email string, source operation.Source) (*RunDetails, error) {
	o, err := s.Operations.Store.Operation(ctx, slug)
	if err != nil {
		return nil, err
	}
	person, err := s.personOf(ctx, "", email)
	if err != nil {
		return nil, err
	}
	r, _, err := s.Operations.Start(ctx, operation.Start{
		Operation: o, ContactID: person.ID, Source: source, Cause: "by hand", Urgency: job.PriorityPurchase,
	})
	if err != nil {
		return nil, err
	}
	return s.awaitRun(ctx, r.ID, runPatience)
}

// runPatience is how long a person waits for a run before it is shown as it is.
const runPatience = 5 * time.Second

// awaitRun returns a run once it is over or waits, or after a while.
func (s *Shop) awaitRun(ctx context.Context, id int64, patience time.Duration) (*RunDetails, error) {
	for end := time.Now().Add(patience); ; {
		r, err := s.Operations.Store.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		if r.IsOver() || r.Status == operation.RunWaiting || time.Now().After(end) {
			v := describeRun(r)
			return &v, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Run returns a run by its public id.
func (s *Shop) Run(ctx context.Context, publicID string) (*RunDetails, error) {
	if !contact.IsPublicID(publicID) {
		return nil, errs.New(errs.NotFound, "There is no run %q.", publicID)
	}
	r, err := s.Operations.Store.RunByPublicID(ctx, publicID)
	if err != nil {
		return nil, err
	}
	v := describeRun(r)
	return &v, nil
}

// RetryRun goes on with a run that failed, at the step that failed.
func (s *Shop) RetryRun(ctx context.Context, publicID string) (*RunDetails, error) {
	if !contact.IsPublicID(publicID) {
		return nil, errs.New(errs.NotFound, "There is no run %q.", publicID)
	}
	r, err := s.Operations.Retry(ctx, publicID)
	if err != nil {
		return nil, err
	}
	return s.awaitRun(ctx, r.ID, runPatience)
}

// personOf returns the contact whom a caller names.
func (s *Shop) personOf(ctx context.Context, contactID, email string) (*contact.Contact, error) {
	switch {
	case contactID != "":
		if !contact.IsPublicID(contactID) {
			return nil, errs.Field("contactId", "There is no contact %q.", contactID)
		}
		c, err := s.db.ContactByPublicID(ctx, contactID)
		if errs.Is(err, errs.NotFound) {
			return nil, errs.Field("contactId", "There is no contact %q.", contactID)
		}
		return c, err
	case email != "":
		email, err := contact.CheckEmail(email)
		if err != nil {
			return nil, err
		}
		return s.db.EnsureContact(ctx, contact.Contact{PublicID: contact.NewPublicID(), Email: email, CreatedAt: s.now()})
	}
	return nil, errs.Field("contactId", "Say for whom: contactId or email.")
}

// IndividualRequest asks for one code for one contact.
type IndividualRequest struct {
	Coupon, Email      string
	Prefix, Alphabet   string
	Length             int
	Lifetime, WhenLive string
	Bearer             bool
}

// GenerateCode makes a one-time code for the contact with an e-mail address.
func (s *Shop) GenerateCode(ctx context.Context, r IndividualRequest) (*CodeDetails, error) {
	lifetime, err := coupon.ParseLifetime(r.Lifetime)
	if err != nil {
		return nil, err
	}
	person, err := s.personOf(ctx, "", r.Email)
	if err != nil {
		return nil, err
	}
	code, err := s.individuals.Generate(ctx, coupon.Individual{
		Coupon: r.Coupon, ContactID: person.ID, Shape: coupon.Shape{Prefix: r.Prefix, Length: r.Length, Alphabet: r.Alphabet},
		Lifetime: lifetime, Bearer: r.Bearer, WhenLive: coupon.WhenLive(r.WhenLive),
	})
	if err != nil {
		return nil, err
	}
	v := describeCode(code)
	return &v, nil
}
