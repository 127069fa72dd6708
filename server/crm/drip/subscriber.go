package drip

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// subscriber is a person in answers.
type subscriber struct {
	ID           string               `json:"id"`
	Status       string               `json:"status"`
	Email        string               `json:"email"`
	FirstName    string               `json:"first_name"`
	LastName     string               `json:"last_name"`
	CustomFields map[string]wire.Text `json:"custom_fields"`
	Tags         []string             `json:"tags"`
}

type subscribers struct {
	Subscribers []subscriber `json:"subscribers"`
	Meta        meta         `json:"meta"`
}

// write is what is sent of a person. It has no status: sending that to somebody who
// left would subscribe them again.
type write struct {
	ID           string            `json:"id,omitempty"`
	Email        string            `json:"email,omitempty"`
	NewEmail     string            `json:"new_email,omitempty"`
	FirstName    string            `json:"first_name,omitempty"`
	LastName     string            `json:"last_name,omitempty"`
	CustomFields map[string]string `json:"custom_fields,omitempty"`
	Tags         []string          `json:"tags,omitempty"`
	RemoveTags   []string          `json:"remove_tags,omitempty"`
}

// post is the one way in which people are written.
func (c *client) post(ctx context.Context, w write) (*subscriber, error) {
	var answer subscribers
	if err := c.call(ctx, http.MethodPost, "/subscribers", nil, map[string][]write{"subscribers": {w}}, &answer); err != nil {
		return nil, err
	}
	return answer.one()
}

func (s *subscribers) one() (*subscriber, error) {
	if len(s.Subscribers) != 1 || s.Subscribers[0].ID == "" {
		return nil, &crm.Fault{Kind: crm.FaultTemporary, Status: http.StatusOK, Message: "The answer names no subscriber."}
	}
	return &s.Subscribers[0], nil
}

// subscriber reads a person by id or address.
func (c *client) subscriber(ctx context.Context, key string) (*subscriber, error) {
	var answer subscribers
	if err := c.call(ctx, http.MethodGet, "/subscribers/"+escape(key), nil, nil, &answer); err != nil {
		return nil, err
	}
	return answer.one()
}

// Upsert implements crm.Client. Drip does not say whether somebody is new, and
// asking before would double the calls: created is never true.
func (c *client) Upsert(ctx context.Context, knownID string, p crm.Person) (string, bool, error) {
	if knownID != "" {
		done, err := c.update(ctx, knownID, p)
		if done || err != nil {
			return knownID, false, err
		}
	}
	s, err := c.post(ctx, write{Email: p.Email, FirstName: p.FirstName, LastName: p.LastName})
	if err != nil {
		return "", false, err
	}
	return s.ID, false, nil
}

// update brings somebody up to date; false when the address has to decide who it
// is, because the id is gone, or somebody else has the address by now.
func (c *client) update(ctx context.Context, id string, p crm.Person) (bool, error) {
	known, err := c.subscriber(ctx, id)
	if crm.IsFault(err, crm.FaultNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	w := write{ID: id, FirstName: p.FirstName, LastName: p.LastName}
	if !strings.EqualFold(known.Email, p.Email) {
		w.NewEmail = p.Email
	}
	if w.NewEmail == "" && (p.FirstName == "" || p.FirstName == known.FirstName) && (p.LastName == "" || p.LastName == known.LastName) {
		return true, nil
	}
	_, err = c.post(ctx, w)
	if w.NewEmail != "" && crm.IsFault(err, crm.FaultInvalid) {
		return false, nil
	}
	return err == nil, err
}

// Find implements crm.Client.
func (c *client) Find(ctx context.Context, email string) (*crm.Contact, error) {
	s, err := c.subscriber(ctx, email)
	if err != nil {
		return nil, err
	}
	return s.port(), nil
}

// Read implements crm.Client.
func (c *client) Read(ctx context.Context, id string) (*crm.Contact, error) {
	s, err := c.subscriber(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.port(), nil
}

func (s *subscriber) port() *crm.Contact {
	fields := map[string]string{}
	for name, value := range s.CustomFields {
		fields[name] = string(value)
	}
	return &crm.Contact{
		ID: s.ID, Email: s.Email, FirstName: s.FirstName, LastName: s.LastName, Tags: s.Tags, Fields: fields,
		State: s.Status, Muted: s.Status != "" && s.Status != "active",
	}
}

// Apply implements crm.Client: one call for everything, or two when a tag is to
// come again, because one that is in both lists of a call may end either way.
func (c *client) Apply(ctx context.Context, id string, change crm.Change) error {
	w := write{ID: id, CustomFields: change.Fields, Tags: refs(change.Add), RemoveTags: refs(change.Remove)}
	if slices.ContainsFunc(w.RemoveTags, func(tag string) bool { return slices.Contains(w.Tags, tag) }) {
		if err := c.write(ctx, write{ID: id, RemoveTags: w.RemoveTags}); err != nil {
			return err
		}
		w.RemoveTags = nil
	}
	return c.write(ctx, w)
}

func (c *client) write(ctx context.Context, w write) error {
	_, err := c.post(ctx, w)
	if !crm.IsFault(err, crm.FaultInvalid) {
		return err
	}
	// An id that nobody has any more is refused as an incomplete new person.
	if _, gone := c.subscriber(ctx, w.ID); crm.IsFault(gone, crm.FaultNotFound) {
		return gone
	}
	return err
}

func refs(tags []crm.Tag) []string {
	var names []string
	for _, t := range tags {
		names = append(names, t.Ref)
	}
	return names
}

// pageSize is the most that the list of people gives at once.
const pageSize = 1000

// Contacts implements crm.Reader.
func (c *client) Contacts(ctx context.Context, page string) ([]crm.Contact, string, error) {
	list, next, err := c.list(ctx, page, "")
	found := make([]crm.Contact, 0, len(list))
	for i := range list {
		found = append(found, *list[i].port())
	}
	return found, next, err
}

// WithTag implements crm.Reader. Drip takes a comma in the filter for the next tag,
// so those who have a tag with one are looked for among all.
func (c *client) WithTag(ctx context.Context, tag crm.Tag, page string) ([]string, string, error) {
	filter := tag.Ref
	if strings.Contains(filter, ",") {
		filter = ""
	}
	list, next, err := c.list(ctx, page, filter)
	ids := []string{}
	for i := range list {
		if slices.Contains(list[i].Tags, tag.Ref) {
			ids = append(ids, list[i].ID)
		}
	}
	return ids, next, err
}

func (c *client) list(ctx context.Context, page, tag string) ([]subscriber, string, error) {
	number := 1
	if page != "" {
		var err error
		if number, err = strconv.Atoi(page); err != nil {
			return nil, "", &crm.Fault{Kind: crm.FaultInvalid, Message: "There is no page " + page + "."}
		}
	}
	query := url.Values{"status": {"all"}, "per_page": {strconv.Itoa(pageSize)}, "page": {strconv.Itoa(number)}}
	if tag != "" {
		query.Set("tags", tag)
	}
	var answer subscribers
	if err := c.call(ctx, http.MethodGet, "/subscribers", query, nil, &answer); err != nil {
		return nil, "", err
	}
	if number >= answer.Meta.TotalPages {
		return answer.Subscribers, "", nil
	}
	return answer.Subscribers, strconv.Itoa(number + 1), nil
}
