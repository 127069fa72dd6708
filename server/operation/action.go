package operation

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
)

// ActionKind is what an action does.
type ActionKind string

// The kinds of actions.
const (
	ActionAddTags        ActionKind = "add_tags"
	ActionRemoveTags     ActionKind = "remove_tags"
	ActionSetField       ActionKind = "set_field"
	ActionChangeField    ActionKind = "change_field" // increase or decrease
	ActionGenerateCoupon ActionKind = "generate_coupon"
	ActionIssueGiftCard  ActionKind = "issue_gift_card"
	ActionCreateUser     ActionKind = "create_user"
	ActionAddRoles       ActionKind = "add_roles"
	ActionRemoveRoles    ActionKind = "remove_roles"
	ActionGrant          ActionKind = "grant_products"
	ActionRevoke         ActionKind = "revoke_products"
	ActionSubscription   ActionKind = "subscription"
	ActionSendMail       ActionKind = "send_mail"
	ActionCallWebhook    ActionKind = "call_webhook"
	ActionWait           ActionKind = "wait"
	ActionRun            ActionKind = "run_operation"
	ActionSplit          ActionKind = "split_test"
)

// Action is one step of an operation: its kind, what that kind asks, and on what
// condition it is done.
type Action struct {
	Kind ActionKind `json:"kind"`
	// If holds conditions that must all be true; else the step is left out.
	If []Condition `json:"if,omitempty"`

	Tags     []string `json:"tags,omitempty"`
	Field    string   `json:"field,omitempty"`
	Value    string   `json:"value,omitempty"` // of set_field
	By       int64    `json:"by,omitempty"`    // of change_field; below zero decreases
	Roles    []string `json:"roles,omitempty"`
	Products []string `json:"products,omitempty"` // slugs
	Run      string   `json:"run,omitempty"`      // slug of an operation
	Wait     string   `json:"wait,omitempty"`     // "90m", "48h", "7d", "3mo", or a date
	URL      string   `json:"url,omitempty"`      // of call_webhook

	GenerateCoupon *GenerateCoupon `json:"generate_coupon,omitempty"`
	IssueGiftCard  *IssueGiftCard  `json:"issue_gift_card,omitempty"`
	Mail           *Mail           `json:"mail,omitempty"`
	Split          []Variant       `json:"split,omitempty"`
	Subscription   string          `json:"subscription,omitempty"` // cancel, pause, resume or revoke
}

// Mail is a mail to the contact. {first_name}, {last_name}, {email} and
// {field:NAME} stand for what the contact has, {first_name|friend} for that or else
// "friend".
type Mail struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Variant is one way of a split test: the tag that a contact gets, and its share
// of all weights. One contact always gets the same.
type Variant struct {
	Tag    string `json:"tag"`
	Weight int    `json:"weight"`
}

// check looks at one action of an operation.
func (s *Service) check(ctx context.Context, slug string, a *Action) error {
	for _, c := range a.If {
		if err := c.check(); err != nil {
			return err
		}
	}
	switch a.Kind {
	case ActionAddTags, ActionRemoveTags:
		return checkAll("tags", a.Tags, contact.CheckTag)
	case ActionSetField, ActionChangeField:
		return contact.CheckField(a.Field)
	case ActionAddRoles, ActionRemoveRoles:
		return checkAll("roles", a.Roles, contact.CheckTag)
	case ActionGrant, ActionRevoke:
		return s.checkProducts(ctx, a.Products)
	case ActionRun:
		return s.checkRun(ctx, slug, a.Run)
	case ActionCreateUser:
		return nil
	case ActionWait:
		if _, err := coupon.ParseLifetime(a.Wait); err != nil || a.Wait == "" {
			return errs.Field("wait", "Say how long to wait: 90m, 48h, 7d, 3mo, or until 2026-12-31 23:59.")
		}
		return nil
	case ActionSubscription:
		if !slices.Contains([]string{"cancel", "pause", "resume", "revoke"}, a.Subscription) {
			return errs.Field("subscription", "A subscription is cancelled, paused, resumed or revoked: cancel, pause, resume or revoke.")
		}
		return nil
	}
	return s.checkOutside(ctx, a)
}

// checkOutside looks at the actions that have a part of their own.
func (s *Service) checkOutside(ctx context.Context, a *Action) error {
	switch {
	case a.Kind == ActionGenerateCoupon && a.GenerateCoupon != nil:
		return s.checkCoupon(ctx, a.GenerateCoupon)
	case a.Kind == ActionIssueGiftCard && a.IssueGiftCard != nil:
		return a.IssueGiftCard.check(s.Now())
	case a.Kind == ActionSendMail && a.Mail != nil:
		return a.Mail.check()
	case a.Kind == ActionCallWebhook:
		return checkURL(a.URL)
	case a.Kind == ActionSplit:
		return checkSplit(a.Split)
	}
	return errs.Field("actions", "There is no action %q, or it does not say what to do.", string(a.Kind))
}

func checkAll(field string, names []string, check func(string) error) error {
	if len(names) == 0 || len(names) > 50 {
		return errs.Field(field, "Name 1 to 50 of them.")
	}
	for _, name := range names {
		if err := check(name); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) checkProducts(ctx context.Context, slugs []string) error {
	if len(slugs) == 0 || len(slugs) > 50 {
		return errs.Field("products", "Name 1 to 50 products.")
	}
	for _, slug := range slugs {
		if _, err := s.Products.Product(ctx, slug); errs.Is(err, errs.NotFound) {
			return errs.Field("products", "There is no product %q.", slug)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// checkRun refuses an operation that would run itself, also by way of others.
func (s *Service) checkRun(ctx context.Context, slug, target string) error {
	seen, left := map[string]bool{}, []string{target}
	for len(left) > 0 {
		next := left[0]
		left = left[1:]
		if next == slug {
			return errs.Field("run", "The operation %s would run itself.", slug)
		}
		if seen[next] {
			continue
		}
		seen[next] = true
		o, err := s.Store.Operation(ctx, next)
		if errs.Is(err, errs.NotFound) {
			return errs.Field("run", "There is no operation %q.", next)
		}
		if err != nil {
			return err
		}
		for _, a := range o.Actions {
			if a.Kind == ActionRun {
				left = append(left, a.Run)
			}
		}
	}
	return nil
}

func (m *Mail) check() error {
	switch {
	case m.Subject == "" || utf8.RuneCountInString(m.Subject) > 200 || strings.ContainsAny(m.Subject, "\r\n"):
		return errs.Field("subject", "A mail has a subject of at most 200 characters, in one line.")
	case strings.TrimSpace(m.Text) == "" || len(m.Text) > 20000:
		return errs.Field("text", "A mail has a text of at most 20,000 characters.")
	}
	return nil
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(text) > 2000 {
		return errs.Field("url", "A webhook is called at an address like https://example.org/hook.")
	}
	return nil
}

func checkSplit(variants []Variant) error {
	if len(variants) < 2 || len(variants) > 10 {
		return errs.Field("split", "A split test has 2 to 10 ways.")
	}
	for _, v := range variants {
		if err := contact.CheckTag(v.Tag); err != nil {
			return err
		}
		if v.Weight < 1 || v.Weight > 1000 {
			return errs.Field("split", "The weight of a way is 1 to 1000.")
		}
	}
	return nil
}

// ConditionKind is what a condition looks at.
type ConditionKind string

// The kinds of conditions.
const (
	IfHasTag ConditionKind = "has_tag"
	IfField  ConditionKind = "field_equals"
	IfOwns   ConditionKind = "owns_product"
)

// Condition is true or false of a contact.
type Condition struct {
	Kind  ConditionKind `json:"kind"`
	Name  string        `json:"name"` // the tag, the field, or the product's slug
	Value string        `json:"value,omitempty"`
	Not   bool          `json:"not,omitempty"`
}

func (c *Condition) check() error {
	switch c.Kind {
	case IfHasTag:
		return contact.CheckTag(c.Name)
	case IfField:
		return contact.CheckField(c.Name)
	case IfOwns:
		if fault := catalog.CheckSlug(c.Name); fault != "" {
			return errs.Field("if", "The product's %s.", fault)
		}
		return nil
	}
	return errs.Field("if", "There is no condition %q.", string(c.Kind))
}

// mergePattern finds what stands for something of the contact, with what to write
// where the contact has nothing: {first_name|friend}.
var mergePattern = regexp.MustCompile(`\{(first_name|last_name|email|field:[^{}|]+)(?:\|([^{}]*))?\}`)

// merge returns a mail with what stands for the contact filled in. The subject stays
// in one line.
func (m *Mail) merge(p *contact.Contact, fields map[string]string) Mail {
	fill := func(text string) string {
		return mergePattern.ReplaceAllStringFunc(text, func(found string) string {
			match := mergePattern.FindStringSubmatch(found)
			value := map[string]string{"first_name": p.FirstName, "last_name": p.LastName, "email": p.Email}[match[1]]
			if name, isField := strings.CutPrefix(match[1], "field:"); isField {
				value = fields[name]
			}
			if value == "" {
				return match[2]
			}
			return value
		})
	}
	return Mail{Subject: strings.Join(strings.Fields(fill(m.Subject)), " "), Text: fill(m.Text)}
}

// add returns a number in a field changed by so much. An empty field is 0; a text
// that is no number is errs.Invalid.
func add(field, value string, by int64) (string, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		value = "0"
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return "", errs.Field("field", "The field %q holds %q, which is no whole number.", field, value)
	}
	sum := n + by
	if (sum > n) != (by > 0) && by != 0 {
		return "", errs.Field("field", "The field %q would become too large.", field)
	}
	return strconv.FormatInt(sum, 10), nil
}

// choose returns the variant of a contact: always the same one for one operation.
func choose(variants []Variant, operation string, contactID int64) Variant {
	total := 0
	for _, v := range variants {
		total += v.Weight
	}
	n := int(hash(fmt.Sprintf("%s:%d", operation, contactID)) % uint64(total))
	for _, v := range variants {
		if n -= v.Weight; n < 0 {
			return v
		}
	}
	return variants[0]
}

// until returns when a wait that begins now ends.
func (a *Action) until(now time.Time, zone *time.Location) time.Time {
	l, err := coupon.ParseLifetime(a.Wait)
	if err != nil {
		return now
	}
	if ends := l.Ends(now, zone); ends != nil && ends.After(now) {
		return *ends
	}
	return now
}
