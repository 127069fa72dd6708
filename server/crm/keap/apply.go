package keap

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tillside/tillside/server/crm"
)

// Apply implements crm.Client: a call for all tags that are removed, one for all
// fields, one for all tags that are added.
func (c *client) Apply(ctx context.Context, id string, change crm.Change) error {
	if err := c.untag(ctx, id, change.Remove); err != nil {
		return err
	}
	if err := c.setFields(ctx, id, change.Fields); err != nil {
		return err
	}
	switch len(change.Add) {
	case 0:
		return nil
	case 1:
		return c.tag(ctx, id, change.Add[0])
	}
	return c.tagAll(ctx, id, change.Add)
}

func (c *client) untag(ctx context.Context, id string, tags []crm.Tag) error {
	if len(tags) == 0 {
		return nil
	}
	refs := make([]string, len(tags))
	for i, t := range tags {
		refs[i] = t.Ref
	}
	query := url.Values{"ids": {strings.Join(refs, ",")}}
	_, err := c.call(ctx, http.MethodDelete, contactPath("/v1", id)+"/tags", query, nil, nil)
	if crm.IsFault(err, crm.FaultNotFound) { // the contact is gone, or else a tag that nobody has then
		_, err = c.read(ctx, id)
	}
	return err
}

// setFields sets fields through version 1, which keeps those that are not named;
// version 2 would empty them.
func (c *client) setFields(ctx context.Context, id string, fields map[string]string) error {
	if len(fields) == 0 {
		return nil
	}
	type value struct {
		ID      json.Number `json:"id"`
		Content string      `json:"content"`
	}
	var body struct {
		Fields []value `json:"custom_fields"`
	}
	for _, ref := range slices.Sorted(maps.Keys(fields)) {
		if !isNumber(ref) {
			return &crm.Fault{Kind: crm.FaultInvalid, Message: "There is no field " + ref + "."}
		}
		body.Fields = append(body.Fields, value{json.Number(ref), fields[ref]})
	}
	_, err := c.call(ctx, http.MethodPatch, contactPath("/v1", id), nil, body, nil)
	return err
}

func (c *client) tag(ctx context.Context, id string, tag crm.Tag) error {
	var answer struct {
		Results map[string]string `json:"results"`
	}
	body := map[string][]string{"contact_ids": {id}}
	status, err := c.call(ctx, http.MethodPost, "/v2/tags/"+url.PathEscape(tag.Ref)+"/contacts:applyTags", nil, body, &answer)
	if crm.IsFault(err, crm.FaultNotFound) {
		if _, err := c.read(ctx, id); err != nil {
			return err
		}
		return noTag(tag, status)
	}
	if err != nil {
		return err
	}
	return outcome(answer.Results[id], tag, status)
}

// tagAll adds several tags through version 1: version 2 takes several contacts, but
// one tag.
func (c *client) tagAll(ctx context.Context, id string, tags []crm.Tag) error {
	var body struct {
		Tags []json.Number `json:"tagIds"`
	}
	for _, t := range tags {
		if !isNumber(t.Ref) {
			return noTag(t, 0)
		}
		body.Tags = append(body.Tags, json.Number(t.Ref))
	}
	var answer []map[string]string
	status, err := c.call(ctx, http.MethodPost, contactPath("/v1", id)+"/tags", nil, body, &answer)
	if err != nil {
		return err
	}
	results := map[string]string{}
	for _, part := range answer {
		maps.Copy(results, part)
	}
	for _, t := range tags {
		if err := outcome(results[t.Ref], t, status); err != nil {
			return err
		}
	}
	return nil
}

// outcome is what a result in an answer of 200 means.
func outcome(result string, tag crm.Tag, status int) error {
	switch result {
	case "SUCCESS", "DUPLICATE":
		return nil
	case "CONTACT_NOT_FOUND":
		return &crm.Fault{Kind: crm.FaultNotFound, Status: status, Message: result}
	case "TAG_ID_NOT_FOUND":
		return noTag(tag, status)
	case "NO_PERMISSION":
		return &crm.Fault{Kind: crm.FaultAuth, Status: status, Message: "The key may not tag contacts: " + result}
	}
	return &crm.Fault{Kind: crm.FaultTemporary, Status: status, Message: "The tag " + tag.Name + " was not applied: " + result}
}

func isNumber(ref string) bool { return ref != "" && strings.Trim(ref, "0123456789") == "" }

func noTag(tag crm.Tag, status int) error {
	return &crm.Fault{Kind: crm.FaultInvalid, Status: status, Message: "There is no tag " + tag.Ref + " (" + tag.Name + ")."}
}
