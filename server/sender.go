package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/operation"
	"github.com/tillside/tillside/server/safedial"
	"github.com/tillside/tillside/shortcodes"
	"github.com/tillside/tillside/wpbridge"
)

// sender implements operation.Sender: WordPress sends the mails, and webhooks go
// to public addresses only.
type sender struct {
	mailer *mailer
	client *http.Client
}

const webhookTimeout = 20 * time.Second

func newSender(m *mailer, allow []string) *sender {
	return &sender{mailer: m, client: safedial.Client(safedial.Options{Allow: allow, Timeout: webhookTimeout})}
}

// Mail implements operation.Sender. WordPress sends what has one id once.
func (s *sender) Mail(ctx context.Context, key string, to *contact.Contact, m operation.Mail) error {
	site := s.mailer.site
	l := site.Locale()
	mail, err := shortcodes.MailNote(shortcodes.Note{
		Lang: lang(l), Site: site.Stored().Name, SiteURL: site.Home(), Subject: m.Subject, Text: m.Text, Help: s.mailer.help(l, ""),
	})
	if err != nil {
		return err
	}
	return site.client.Mail(ctx, wpbridge.Mail{ID: key, To: to.Email, Subject: mail.Subject, HTML: mail.HTML, Text: mail.Text})
}

// Call implements operation.Sender. An answer that asks for a repetition, and none,
// is an error that may pass; one that refuses is errs.Conflict.
func (s *sender) Call(ctx context.Context, key, url string, body operation.CallBody) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(raw))
	if err != nil {
		return errs.Field("url", "The address of the webhook cannot be called.")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	r.Header.Set("User-Agent", "Tillside ("+s.mailer.site.Home()+")")
	answer, err := s.client.Do(r)
	if err != nil {
		return errs.New(errs.Unavailable, "The webhook of %s does not answer.", r.URL.Host)
	}
	defer answer.Body.Close() //nolint:errcheck // it was read as far as it matters
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
	switch code := answer.StatusCode; {
	case code < 300:
		return nil
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		return errs.New(errs.Unavailable, "The webhook of %s answers %d.", r.URL.Host, code)
	default:
		return errs.New(errs.Conflict, "The webhook of %s answers %d: %s", r.URL.Host, code, oneLine(string(text)))
	}
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
}

// Invite implements operation.Users: the plugin finds or makes the account, and a
// new one gets a link to set its password.
func (u *users) Invite(ctx context.Context, c *contact.Contact, key string) (int64, error) {
	if c.UserID != 0 {
		return c.UserID, nil
	}
	created, err := u.site.client.CreateUser(ctx, wpbridge.CreateUserRequest{
		Key: key, Email: c.Email, Login: c.Email, FirstName: c.FirstName, LastName: c.LastName,
	})
	if err != nil {
		return 0, err
	}
	if err := u.db.SetContactUser(ctx, c.ID, created.UserID); err != nil {
		return 0, err
	}
	if !created.Created {
		return created.UserID, nil
	}
	l := u.site.Locale()
	mail, err := shortcodes.MailWelcome(shortcodes.Welcome{
		Lang: lang(l), Site: u.site.Stored().Name, SiteURL: u.site.Home(), FirstName: c.FirstName, UserLogin: created.Login,
		LoginURL: u.site.LoginURL(), Help: l.T("Questions? Write to %s.", u.site.Stored().AdminEmail),
	})
	if err != nil {
		return 0, err
	}
	return created.UserID, u.site.client.Mail(ctx, wpbridge.Mail{
		ID: key + "-welcome", To: c.Email, Subject: mail.Subject, HTML: mail.HTML, Text: mail.Text, SetPasswordUser: created.UserID,
	})
}

// ChangeRoles implements operation.Users.
func (u *users) ChangeRoles(ctx context.Context, userID int64, add, remove []string) error {
	safe, err := u.safeRoles(ctx, add)
	if err != nil {
		return err
	}
	if len(add) > 0 && len(safe) == 0 {
		return errs.New(errs.Conflict, "None of the roles %s may be given: they are not there, or can run the site.", strings.Join(add, ", "))
	}
	if _, err := u.site.client.SetRoles(ctx, userID, safe, remove); err != nil {
		return fmt.Errorf("roles of user %d: %w", userID, err)
	}
	return nil
}
