package coupon

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
)

// Draft is a coupon as its owner writes it.
type Draft struct {
	Slug  string   `json:"slug"`
	Name  string   `json:"name"`
	Kind  Kind     `json:"kind"`
	Rules Rules    `json:"rules"`
	Codes []string `json:"codes"` // the owner's own
	// Disabled makes it without switching it on.
	Disabled bool `json:"disabled,omitempty"`
}

// BookStore keeps the owner's coupons. Package mysql implements it. Whatever
// does not exist is errs.NotFound.
type BookStore interface {
	// CreateCoupon writes a coupon with its codes and sets their ids. A slug or
	// a code that is taken is errs.Conflict, and nothing is written.
	CreateCoupon(ctx context.Context, c *Coupon, codes []Code) error
	// UpdateCoupon stores name, status and rules under the next revision. When
	// the stored revision is not the coupon's it is errs.Conflict.
	UpdateCoupon(ctx context.Context, c *Coupon) error
	// Coupon returns a coupon by its slug; FindCoupons lists all, newest first.
	Coupon(ctx context.Context, slug string) (*Coupon, error)
	FindCoupons(ctx context.Context) ([]Coupon, error)
	// CodeByKey returns a code with its coupon.
	CodeByKey(ctx context.Context, key string) (*Found, error)
	// AddCodes writes codes of a coupon. A code that is taken is errs.Conflict.
	AddCodes(ctx context.Context, codes []Code) error
	// SetCodeStatus switches one code on or off, or revokes it.
	SetCodeStatus(ctx context.Context, codeID int64, s Status) error
	// CodesOf lists a coupon's newest codes; Totals sums up its uses.
	CodesOf(ctx context.Context, couponID int64, limit int) ([]Code, error)
	Totals(ctx context.Context, couponID int64) (*Totals, error)
}

// Totals is what became of a coupon. All of it is counted from rows.
type Totals struct {
	Codes     int
	Reserved  int
	Committed int
	Released  int
	Returned  int
	Revenue   []money.Amount // totals of the orders, one a currency
	Discount  []money.Amount // what it took off them
}

// Catalogue is what coupons need of the catalogue to check names.
type Catalogue interface {
	Catalogue(ctx context.Context) (*catalog.Catalogue, error)
}

// Book is where the owner keeps coupons.
type Book struct {
	Store     BookStore
	Catalogue Catalogue
	Now       func() time.Time
}

// Create makes a coupon with the owner's own codes. One that applies by itself,
// or that nobody gave a code, gets a code that nobody needs to know; a template
// gets none. What cannot work is errs.Invalid, a slug or code that is taken
// errs.Conflict.
func (b *Book) Create(ctx context.Context, d Draft) (*Coupon, error) {
	c, codes, err := b.prepare(ctx, d)
	if err != nil {
		return nil, err
	}
	if err := b.Store.CreateCoupon(ctx, c, codes); err != nil {
		return nil, fmt.Errorf("create coupon %s: %w", c.Slug, err)
	}
	return c, nil
}

// Check returns what Create would refuse in a draft, or nil. It writes nothing.
func (b *Book) Check(ctx context.Context, d Draft) error {
	_, codes, err := b.prepare(ctx, d)
	if err != nil {
		return err
	}
	for _, code := range codes {
		_, err := b.Code(ctx, code.Text)
		if err == nil {
			return errs.New(errs.Conflict, "There is already a code %q; letter case, spaces and hyphens do not count.", code.Text)
		}
		if !errs.Is(err, errs.NotFound) {
			return err
		}
	}
	return nil
}

func (b *Book) prepare(ctx context.Context, d Draft) (*Coupon, []Code, error) {
	c := &Coupon{Slug: d.Slug, Name: strings.TrimSpace(d.Name), Kind: d.Kind, Status: StatusActive, Revision: 1, Rules: d.Rules}
	if c.Kind == "" {
		c.Kind = KindShared
	}
	if c.Name == "" {
		c.Name = c.Slug
	}
	if d.Disabled {
		c.Status = StatusDisabled
	}
	if err := b.check(ctx, c); err != nil {
		return nil, nil, err
	}
	if c.Kind == KindTemplate && len(d.Codes) > 0 {
		return nil, nil, errs.Field("codes", "A template has no codes of its own: they are generated.")
	}
	codes, err := b.ownCodes(c, d.Codes)
	if err != nil {
		return nil, nil, err
	}
	c.CreatedAt = b.Now()
	c.UpdatedAt = c.CreatedAt
	return c, codes, nil
}

func (b *Book) check(ctx context.Context, c *Coupon) error {
	if fault := catalog.CheckSlug(c.Slug); fault != "" {
		return errs.Field("slug", "The coupon's %s.", fault)
	}
	if utf8.RuneCountInString(c.Name) > maxName || !utf8.ValidString(c.Name) || strings.ContainsAny(c.Name, "\r\n") {
		return errs.Field("name", "The name may have at most %d characters, in one line.", maxName)
	}
	if c.Kind != KindShared && c.Kind != KindTemplate {
		return errs.Field("kind", "The kind is shared or template, not %q.", string(c.Kind))
	}
	if c.Kind == KindTemplate && c.Rules.AutoApply {
		return errs.Field("auto_apply", "A template cannot apply by itself: its codes are generated for people.")
	}
	all, err := b.Catalogue.Catalogue(ctx)
	if err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	return c.Rules.Check(KnownOf(all))
}

// ownCodes checks the codes that an owner thought up.
func (b *Book) ownCodes(c *Coupon, texts []string) ([]Code, error) {
	if len(texts) == 0 && c.Kind == KindShared {
		if !c.Rules.AutoApply {
			return nil, errs.Field("codes", "Give the coupon at least one code, or make it a template.")
		}
		shape, err := Shape{Prefix: "AUTO"}.Check()
		if err != nil {
			return nil, err
		}
		texts = []string{shape.Generate()}
	}
	seen := map[string]bool{}
	codes := make([]Code, len(texts))
	for i, text := range texts {
		text = strings.TrimSpace(text)
		key := Normalize(text)
		switch {
		case utf8.RuneCountInString(key) < 3:
			return nil, errs.Field("codes", "The code %q is too short: at least three characters.", text)
		case utf8.RuneCountInString(text) > maxCode:
			return nil, errs.Field("codes", "The code %q is too long: at most %d characters.", text, maxCode)
		case seen[key]:
			return nil, errs.Field("codes", "The code %q is there twice; letter case, spaces and hyphens do not count.", text)
		}
		seen[key] = true
		codes[i] = Code{CouponID: c.ID, Text: text, MaxUses: c.Rules.Limits.PerCode, Status: StatusActive, CreatedAt: b.Now()}
	}
	return codes, nil
}

// Update replaces name and rules. Uses that are reserved or committed stay;
// buyers who were quoted with the old rules are asked again when they pay.
func (b *Book) Update(ctx context.Context, slug, name string, rules Rules) (*Coupon, error) {
	c, err := b.Store.Coupon(ctx, slug)
	if err != nil {
		return nil, err
	}
	c.Rules = rules
	if name != "" {
		c.Name = strings.TrimSpace(name)
	}
	if err := b.check(ctx, c); err != nil {
		return nil, err
	}
	if err := b.Store.UpdateCoupon(ctx, c); err != nil {
		return nil, fmt.Errorf("update coupon %s: %w", slug, err)
	}
	return c, nil
}

// Switch turns a coupon on or off again. It may be called twice.
func (b *Book) Switch(ctx context.Context, slug string, on bool) (*Coupon, error) {
	c, err := b.Store.Coupon(ctx, slug)
	if err != nil {
		return nil, err
	}
	c.Status = StatusDisabled
	if on {
		c.Status = StatusActive
	}
	if err := b.Store.UpdateCoupon(ctx, c); err != nil {
		return nil, fmt.Errorf("switch coupon %s: %w", slug, err)
	}
	return c, nil
}

// SwitchCode turns one code on or off again; a revoked one stays revoked.
func (b *Book) SwitchCode(ctx context.Context, text string, on bool) (*Found, error) {
	f, err := b.Code(ctx, text)
	if err != nil {
		return nil, err
	}
	if f.Code.Status == StatusRevoked {
		return nil, errs.New(errs.Conflict, "The code %s was revoked for good.", f.Code.Text)
	}
	f.Code.Status = StatusDisabled
	if on {
		f.Code.Status = StatusActive
	}
	return f, b.Store.SetCodeStatus(ctx, f.Code.ID, f.Code.Status)
}

// Code returns a code as it was typed, with its coupon.
func (b *Book) Code(ctx context.Context, text string) (*Found, error) {
	key := Normalize(text)
	if key == "" {
		return nil, errs.New(errs.NotFound, "There is no code %q.", text)
	}
	f, err := b.Store.CodeByKey(ctx, key)
	if errs.Is(err, errs.NotFound) {
		return nil, errs.New(errs.NotFound, "There is no code %q.", text)
	}
	return f, err
}

// AddCodes gives a coupon more codes of the owner's own.
func (b *Book) AddCodes(ctx context.Context, slug string, texts []string) (*Coupon, error) {
	c, err := b.Store.Coupon(ctx, slug)
	if err != nil {
		return nil, err
	}
	if c.Kind == KindTemplate {
		return nil, errs.Field("codes", "A template has no codes of its own: they are generated.")
	}
	if len(texts) == 0 {
		return nil, errs.Field("codes", "Name at least one code.")
	}
	codes, err := b.ownCodes(c, texts)
	if err != nil {
		return nil, err
	}
	return c, b.Store.AddCodes(ctx, codes)
}
