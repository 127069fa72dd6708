package coupon

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tillside/tillside/server/errs"
)

// Link is a magic link: a token that stands for codes, and for the contact whom
// it was sent to. Only the token's hash is stored.
type Link struct {
	ID        int64
	ContactID int64 // bound to the contact's e-mail address; 0: to nobody
	Offer     string
	Codes     []string
	ExpiresAt *time.Time
	RevokedAt *time.Time
	CreatedAt time.Time
}

// LinkStore keeps magic links. Package mysql implements it. Whatever does not
// exist is errs.NotFound.
type LinkStore interface {
	AddLink(ctx context.Context, l *Link, tokenHash [32]byte) error
	LinkByHash(ctx context.Context, tokenHash [32]byte) (*Link, error)
	// RevokeLink ends a link; one that has ended stays so.
	RevokeLink(ctx context.Context, id int64, now time.Time) error
	// FindLinks lists links, newest first.
	FindLinks(ctx context.Context, limit int) ([]Link, error)
}

// Links makes and opens magic links.
type Links struct {
	Store LinkStore
	Now   func() time.Time
}

// Create makes a link and returns its token, which is stored nowhere: 26
// letters and digits, 130 bits.
func (s *Links) Create(ctx context.Context, l Link) (*Link, string, error) {
	if len(l.Codes) > maxWishes {
		return nil, "", errs.Field("codes", "A link carries at most %d codes.", maxWishes)
	}
	if l.ExpiresAt != nil && !l.ExpiresAt.After(s.Now()) {
		return nil, "", errs.Field("expires", "The link would end before it is made.")
	}
	token := rand.Text()
	l.CreatedAt = s.Now()
	if err := s.Store.AddLink(ctx, &l, hashOf(token)); err != nil {
		return nil, "", fmt.Errorf("make link: %w", err)
	}
	return &l, token, nil
}

func hashOf(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// Open returns what a token stands for. It changes nothing, so that a mail
// scanner that follows a link does no harm. An unknown link and a revoked one
// are the same errs.NotFound; an expired one is errs.Gone.
func (s *Links) Open(ctx context.Context, token string) (*Link, error) {
	gone := errs.New(errs.NotFound, "This link cannot be used any more. You can order at the normal price.")
	token = strings.ToUpper(strings.TrimSpace(token))
	if len(token) != 26 {
		return nil, gone
	}
	l, err := s.Store.LinkByHash(ctx, hashOf(token))
	switch {
	case errs.Is(err, errs.NotFound):
		return nil, gone
	case err != nil:
		return nil, fmt.Errorf("open link: %w", err)
	case l.RevokedAt != nil:
		return nil, gone
	case l.ExpiresAt != nil && !s.Now().Before(*l.ExpiresAt):
		return nil, errs.New(errs.Gone, "This link has expired. You can order at the normal price.")
	}
	return l, nil
}

// LinkForm is how a link carries what it carries.
type LinkForm string

// The forms. The part behind # reaches no server, no cache and no log; some
// CRMs' click tracking loses it.
const (
	LinkFragment LinkForm = "fragment"
	LinkQuery    LinkForm = "query"
)

// CodeURL returns a page's address with codes applied. Codes with characters
// that themes do not expect in a fragment go into the query.
func CodeURL(page string, codes []string, form LinkForm) string {
	for _, code := range codes {
		if strings.ContainsFunc(code, func(r rune) bool { return !isPlain(r) }) || strings.Contains(code, "--") {
			form = LinkQuery
		}
	}
	if form == LinkQuery {
		return withQuery(page, "coupon", strings.Join(codes, ","))
	}
	return withFragment(page, "coupon-"+strings.Join(codes, "--"))
}

func isPlain(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-'
}

// TokenURL returns a page's address with a magic link's token.
func TokenURL(page, token string, form LinkForm) string {
	if form == LinkQuery {
		return withQuery(page, "tillside_link", token)
	}
	return withFragment(page, "tl-"+token)
}

func withFragment(page, fragment string) string {
	page, _, _ = strings.Cut(page, "#")
	return page + "#" + fragment
}

func withQuery(page, name, value string) string {
	page, fragment, hasFragment := strings.Cut(page, "#")
	separator := "?"
	if strings.Contains(page, "?") {
		separator = "&"
	}
	page += separator + name + "=" + url.QueryEscape(value)
	if hasFragment {
		page += "#" + fragment
	}
	return page
}

// MergeText returns what an e-mail of a CRM says for a custom field, so that
// each reader's own value stands there; "" for a CRM that is not known. The
// forms are those of the CRMs' own help pages on personalisation.
func MergeText(crm, field string) string {
	forms := map[string]string{
		"ontraport":      "[%s]",
		"kit":            "{{ subscriber.%s }}",
		"activecampaign": "%%%s%%",
		"drip":           "{{ subscriber.%s }}",
		"keap":           "~Contact.%s~",
		"fluentcrm":      "{{contact.custom.%s}}",
	}
	form, known := forms[crm]
	if !known {
		return ""
	}
	return fmt.Sprintf(form, field)
}
