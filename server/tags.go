package server

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// tagEvent is what other plugins get with tillside_tag_added and tillside_tag_removed.
type tagEvent struct {
	ContactID string `json:"contact_id"`
	UserID    int64  `json:"user_id"` // 0 while there is none
	Email     string `json:"email"`
	Tag       string `json:"tag"`
	Again     bool   `json:"again"` // the contact had it before
}

// tellTags fires the actions of tags that came and went.
func (s *Shop) tellTags(ctx context.Context, j job.Job) error {
	c, person, err := s.changedOf(ctx, j)
	if err != nil || person == nil {
		return err
	}
	for kind, events := range map[string][]contact.TagEvent{"tag.added": c.Added, "tag.removed": c.Removed} {
		for _, e := range events {
			err := s.users.fire(ctx, fmt.Sprintf("tag-%d", e.Event), kind, tagEvent{
				ContactID: person.PublicID, UserID: person.UserID, Email: person.Email, Tag: e.Tag, Again: e.Again,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// changedOf returns a change and its contact; nil for one that was deleted.
func (s *Shop) changedOf(ctx context.Context, j job.Job) (*contact.Changed, *contact.Contact, error) {
	var c contact.Changed
	if err := j.Decode(&c); err != nil {
		return nil, nil, err
	}
	person, err := s.db.ContactByID(ctx, c.ContactID)
	if errs.Is(err, errs.NotFound) {
		return &c, nil, nil
	}
	return &c, person, err
}

// settingTagRoles is where it stands which roles go with which tags.
const settingTagRoles = "tags.roles"

// TagRoles returns which WordPress roles go with which tags.
func (s *Shop) TagRoles(ctx context.Context) (map[string][]string, error) {
	text, err := s.db.Setting(ctx, settingTagRoles)
	if errs.Is(err, errs.NotFound) {
		return map[string][]string{}, nil
	}
	if err != nil {
		return nil, err
	}
	roles := map[string][]string{}
	if err := json.Unmarshal([]byte(text), &roles); err != nil {
		return nil, fmt.Errorf("setting %s: %w", settingTagRoles, err)
	}
	return roles, nil
}

// SetTagRoles stores which roles go with a tag; none ends it. Who has the tag gets
// the roles at the tag's next change, or by a bulk run.
func (s *Shop) SetTagRoles(ctx context.Context, tag string, roles []string) (map[string][]string, error) {
	if err := contact.CheckTag(tag); err != nil {
		return nil, err
	}
	all, err := s.TagRoles(ctx)
	if err != nil {
		return nil, err
	}
	if len(roles) > 0 {
		safe, err := s.users.safeRoles(ctx, roles)
		if err != nil {
			return nil, err
		}
		for _, role := range roles {
			if !slices.Contains(safe, role) {
				return nil, errs.Field("roles", "The role %q is not there, or can run the site.", role)
			}
		}
		all[tag] = roles
	} else {
		delete(all, tag)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	return all, s.db.SetSetting(ctx, settingTagRoles, string(text))
}

// tagRoles gives and takes the roles that go with the tags of a change.
func (s *Shop) tagRoles(ctx context.Context, j job.Job) error {
	c, person, err := s.changedOf(ctx, j)
	if err != nil || person == nil || person.UserID == 0 {
		return err
	}
	mapped, err := s.TagRoles(ctx)
	if err != nil || len(mapped) == 0 {
		return err
	}
	has, err := s.db.TagsOf(ctx, person.UserID, person.ID)
	if err != nil {
		return err
	}
	give, keep := map[string]bool{}, map[string]bool{}
	for _, tag := range has {
		for _, role := range mapped[tag] {
			keep[role] = true
		}
	}
	for _, e := range c.Added {
		for _, role := range mapped[e.Tag] {
			give[role] = keep[role] // the tag may be gone again
		}
	}
	take := map[string]bool{}
	for _, e := range c.Removed {
		for _, role := range mapped[e.Tag] {
			take[role] = !keep[role]
		}
	}
	add, remove := chosen(give), chosen(take)
	if len(add)+len(remove) == 0 {
		return nil
	}
	return s.users.ChangeRoles(ctx, person.UserID, add, remove)
}

func chosen(names map[string]bool) []string {
	maps.DeleteFunc(names, func(_ string, is bool) bool { return !is })
	return slices.Sorted(maps.Keys(names))
}
