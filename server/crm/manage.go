package crm

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// Request asks for a connection.
type Request struct {
	Slug        string
	Kind        string
	Name        string
	Credentials map[string]string
	Settings    Settings
}

// patientUrgency is that of what a person waits for.
const patientUrgency = job.PriorityPurchase

// Connect makes a connection after it has asked the CRM whether the credentials are
// good. With the slug of one that is there it brings its credentials up to date and
// turns it on again. slug was checked by the caller.
func (s *Service) Connect(ctx context.Context, r Request) (*Connection, error) {
	p, err := s.provider(r.Kind)
	if err != nil {
		return nil, err
	}
	credentials, err := p.Kind.CheckCredentials(r.Credentials)
	if err != nil {
		return nil, err
	}
	if r.Name = strings.TrimSpace(r.Name); r.Name == "" {
		r.Name = p.Kind.Label
	}
	if utf8.RuneCountInString(r.Name) > 200 || strings.ContainsAny(r.Name, "\r\n") {
		return nil, errs.Field("name", "The name may have at most 200 characters, in one line.")
	}
	client, err := p.New(credentials, func(context.Context) error { return nil })
	if err != nil {
		return nil, err
	}
	account, err := client.Verify(ctx)
	if err != nil {
		return nil, forOwner(p.Kind.Label, err)
	}
	c, err := s.Store.Connection(ctx, r.Slug)
	if errs.Is(err, errs.NotFound) {
		return s.add(ctx, r, credentials, account)
	}
	if err != nil {
		return nil, err
	}
	if c.Kind != r.Kind {
		return nil, errs.New(errs.Conflict, "The connection %s is one of %s. Choose another slug.", c.Slug, c.Kind)
	}
	if c.Credentials, err = s.seal(r.Slug, credentials); err != nil {
		return nil, err
	}
	c.Account, c.Status, c.UpdatedAt = account.Name, StatusActive, s.Now()
	if err := s.Store.UpdateConnection(ctx, c); err != nil {
		return nil, err
	}
	return c, s.Resume(ctx, Destination(c.ID))
}

func (s *Service) add(ctx context.Context, r Request, credentials map[string]string, account Account) (*Connection, error) {
	sealed, err := s.seal(r.Slug, credentials)
	if err != nil {
		return nil, err
	}
	c := &Connection{
		Slug: r.Slug, Kind: r.Kind, Name: r.Name, Status: StatusActive, Account: account.Name, Credentials: sealed, Settings: r.Settings,
		CreatedAt: s.Now(), UpdatedAt: s.Now(),
	}
	if err := s.Store.AddConnection(ctx, c); err != nil {
		return nil, err
	}
	return c, s.Register(ctx, Destination(c.ID))
}

func (s *Service) seal(slug string, credentials map[string]string) (string, error) {
	text, err := json.Marshal(credentials)
	if err != nil {
		return "", err
	}
	return s.Seal(text, placeOf(slug))
}

// placeOf is what sealed texts of a connection are bound to.
func placeOf(slug string) string { return "crm:" + slug }

func decodeCredentials(text []byte) (map[string]string, error) {
	var credentials map[string]string
	err := json.Unmarshal(text, &credentials)
	return credentials, err
}

// forOwner puts a CRM's refusal into words for the owner.
func forOwner(label string, err error) error {
	switch {
	case IsFault(err, FaultAuth):
		return errs.New(errs.Invalid, "%s does not let us in: %s", label, faultText(err))
	case IsFault(err, FaultPayment):
		return errs.New(errs.Conflict, "%s says that the account is not paid for.", label)
	case IsFault(err, FaultLimited):
		return errs.New(errs.Unavailable, "%s was asked too often. Try again in a minute.", label)
	case IsFault(err, FaultTemporary):
		return errs.New(errs.Unavailable, "%s does not answer now: %s", label, faultText(err))
	case IsFault(err, FaultInvalid, FaultNotFound):
		return errs.New(errs.Invalid, "%s refused: %s", label, faultText(err))
	}
	return err
}

func faultText(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, "crm: "); i >= 0 {
		text = text[i+len("crm: "):]
	}
	return text
}

// Refresh reads the CRM's lists of tags and fields, for work of an urgency.
func (s *Service) Refresh(ctx context.Context, c *Connection) error {
	client, err := s.client(c, patientUrgency, 0)
	if err != nil {
		return err
	}
	p, err := s.provider(c.Kind)
	if err != nil {
		return err
	}
	return forOwner(p.Kind.Label, s.refresh(ctx, c, client))
}

func (s *Service) refresh(ctx context.Context, c *Connection, client Client) error {
	tags, err := client.Tags(ctx)
	if err != nil {
		return fmt.Errorf("tags of %s: %w", c.Slug, err)
	}
	fields, err := client.Fields(ctx)
	if err != nil {
		return fmt.Errorf("fields of %s: %w", c.Slug, err)
	}
	now := s.Now()
	c.Lists, c.ListsAt = Lists{Tags: tags, Fields: fields}, &now
	return s.Store.SaveLists(ctx, c.ID, c.Lists)
}

// Fresh returns a connection with lists that are not older than a few minutes.
func (s *Service) Fresh(ctx context.Context, slug string) (*Connection, error) {
	c, err := s.Store.Connection(ctx, slug)
	if err != nil || c.ListsAt != nil && s.Now().Sub(*c.ListsAt) < listsLife {
		return c, err
	}
	return c, s.Refresh(ctx, c)
}

// Check asks the CRM whether a connection works, and reads its lists. One that was
// halted goes on.
func (s *Service) Check(ctx context.Context, slug string) (*Connection, error) {
	c, err := s.Store.Connection(ctx, slug)
	if err != nil {
		return nil, err
	}
	p, err := s.provider(c.Kind)
	if err != nil {
		return nil, err
	}
	client, err := s.client(c, patientUrgency, 0)
	if err != nil {
		return nil, err
	}
	account, err := client.Verify(ctx)
	if err == nil {
		err = s.refresh(ctx, c, client)
	}
	if err != nil {
		return nil, forOwner(p.Kind.Label, err)
	}
	if c.Account != account.Name {
		c.Account, c.UpdatedAt = account.Name, s.Now()
		if err := s.Store.UpdateConnection(ctx, c); err != nil {
			return nil, err
		}
	}
	return c, s.Resume(ctx, Destination(c.ID))
}

// Switch turns a connection off or on. While it is off nothing is sent and nothing
// taken.
func (s *Service) Switch(ctx context.Context, slug string, on bool) (*Connection, error) {
	c, err := s.Store.Connection(ctx, slug)
	if err != nil {
		return nil, err
	}
	c.Status, c.UpdatedAt = StatusOff, s.Now()
	if on {
		c.Status = StatusActive
	}
	return c, s.Store.UpdateConnection(ctx, c)
}

// Configure stores how names go together.
func (s *Service) Configure(ctx context.Context, slug string, settings Settings) (*Connection, error) {
	c, err := s.Store.Connection(ctx, slug)
	if err != nil {
		return nil, err
	}
	c.Settings, c.UpdatedAt = settings, s.Now()
	return c, s.Store.UpdateConnection(ctx, c)
}

// Disconnect forgets a connection, its credentials, and what waits for it. The CRM
// keeps what it has; hooks that we made there are removed as far as it answers.
func (s *Service) Disconnect(ctx context.Context, slug string) error {
	c, err := s.Store.Connection(ctx, slug)
	if err != nil {
		return err
	}
	s.dropHooks(ctx, c)
	if err := s.Store.DeleteConnection(ctx, c.ID); err != nil {
		return err
	}
	return s.Unregister(ctx, Destination(c.ID))
}

func (s *Service) dropHooks(ctx context.Context, c *Connection) {
	client, err := s.client(c, patientUrgency, 0)
	if err != nil {
		return
	}
	maker, ok := client.(HookMaker)
	if !ok || c.HookSecret == "" {
		return
	}
	secret, err := s.Open(c.HookSecret, placeOf(c.Slug))
	if err != nil {
		return
	}
	hooks, err := maker.Hooks(ctx)
	if err != nil {
		s.Log.WarnContext(ctx, "hooks in the CRM not removed", "connection", c.Slug, "error", err)
	}
	for _, h := range hooks {
		if strings.Contains(h.URL, string(secret)) {
			if err := maker.DropHook(ctx, h.ID); err != nil {
				s.Log.WarnContext(ctx, "hook in the CRM not removed", "connection", c.Slug, "hook", h.ID, "error", err)
			}
		}
	}
}

// oldHookLife is for how long a webhook's address before is still good.
const oldHookLife = 7 * 24 * time.Hour

// NewHook gives a connection a new secret for its webhook's address and returns it;
// the one before is good for a week more.
func (s *Service) NewHook(ctx context.Context, slug string) (*Connection, string, error) {
	c, err := s.Store.Connection(ctx, slug)
	if err != nil {
		return nil, "", err
	}
	secret := rand.Text()
	if c.HookHash != [32]byte{} {
		c.OldHash, c.OldUntil = c.HookHash, s.Now().Add(oldHookLife)
	}
	c.HookHash, c.UpdatedAt = sha256.Sum256([]byte(secret)), s.Now()
	if c.HookSecret, err = s.Seal([]byte(secret), placeOf(slug)); err != nil {
		return nil, "", err
	}
	return c, secret, s.Store.UpdateConnection(ctx, c)
}

// Hooked returns the connection of a webhook's address. A wrong slug, a wrong
// secret and a connection that is off are one errs.NotFound.
func (s *Service) Hooked(ctx context.Context, slug, secret string) (*Connection, error) {
	gone := errs.New(errs.NotFound, "There is nothing at this address.")
	c, err := s.Store.Connection(ctx, slug)
	if errs.Is(err, errs.NotFound) {
		return nil, gone
	}
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256([]byte(secret))
	now := c.HookHash != [32]byte{} && subtle.ConstantTimeCompare(hash[:], c.HookHash[:]) == 1
	old := s.Now().Before(c.OldUntil) && subtle.ConstantTimeCompare(hash[:], c.OldHash[:]) == 1
	if !now && !old || c.Status != StatusActive {
		return nil, gone
	}
	return c, nil
}

// MakeHooks registers the webhooks that a CRM lets us make for a list of tags, or
// one for all tags, and returns them; errs.Conflict for a CRM where the owner has
// to do it.
func (s *Service) MakeHooks(ctx context.Context, c *Connection, url string, event Event, tags []string) ([]Hook, error) {
	client, err := s.client(c, patientUrgency, 0)
	if err != nil {
		return nil, err
	}
	p, err := s.provider(c.Kind)
	if err != nil {
		return nil, err
	}
	maker, ok := client.(HookMaker)
	if !ok {
		return nil, errs.New(errs.Conflict, "%s lets nobody make webhooks from outside. Paste the address into its own webhook step.", p.Kind.Label)
	}
	var made []Hook
	for _, name := range tags {
		tag, ok, err := s.tag(ctx, c, client, c.theirTag(name))
		if err == nil && !ok {
			err = errs.Field("tag", "%s has no tag %q.", p.Kind.Label, name)
		}
		if err != nil {
			return made, forOwner(p.Kind.Label, err)
		}
		hook, err := maker.MakeHook(ctx, url, event, tag)
		if err != nil {
			return made, forOwner(p.Kind.Label, err)
		}
		made = append(made, hook)
	}
	return made, nil
}

// Hooks lists the webhooks of a connection's CRM that lead to an address, so that
// the owner sees when there is more than one for an operation; nil where the CRM
// does not tell.
func (s *Service) Hooks(ctx context.Context, c *Connection, prefix string) ([]Hook, error) {
	client, err := s.client(c, patientUrgency, 0)
	if err != nil {
		return nil, err
	}
	maker, ok := client.(HookMaker)
	if !ok {
		return nil, nil
	}
	hooks, err := maker.Hooks(ctx)
	if err != nil {
		p, _ := s.provider(c.Kind)
		return nil, forOwner(p.Kind.Label, err)
	}
	return slices.DeleteFunc(hooks, func(h Hook) bool { return !strings.HasPrefix(h.URL, prefix) }), nil
}
