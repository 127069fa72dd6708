package activecampaign

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// Apply implements crm.Client: a call for the ids by which tags are taken off, one
// for each of these, one for all fields, one for each tag that is added.
func (c *client) Apply(ctx context.Context, id string, change crm.Change) error {
	if err := c.untag(ctx, id, change.Remove); err != nil {
		return err
	}
	if err := c.setFields(ctx, id, change.Fields); err != nil {
		return err
	}
	for _, tag := range change.Add {
		if err := c.tag(ctx, id, tag); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) untag(ctx context.Context, id string, tags []crm.Tag) error {
	if len(tags) == 0 {
		return nil
	}
	has, err := c.contactTags(ctx, id)
	if err != nil {
		return err
	}
	for _, h := range has {
		if !slices.ContainsFunc(tags, func(t crm.Tag) bool { return t.Ref == string(h.Tag) }) {
			continue
		}
		_, err := c.call(ctx, http.MethodDelete, "/contactTags/"+url.PathEscape(string(h.ID)), nil, nil, nil)
		if err != nil && !crm.IsFault(err, crm.FaultNotFound) { // which is: gone meanwhile
			return err
		}
	}
	return nil
}

func (c *client) setFields(ctx context.Context, id string, fields map[string]string) error {
	if len(fields) == 0 {
		return nil
	}
	var body contactBody
	for _, ref := range slices.Sorted(maps.Keys(fields)) {
		body.Contact.FieldValues = append(body.Contact.FieldValues, fieldValue{Field: wire.Text(ref), Value: fields[ref]})
	}
	var answer struct {
		FieldValues []fieldValue `json:"fieldValues"`
	}
	status, err := c.call(ctx, http.MethodPut, contactPath(id), nil, body, &answer)
	if err != nil {
		return err
	}
	// A field that was deleted is passed over in silence: what was stored says so.
	for _, v := range body.Contact.FieldValues {
		stored := slices.ContainsFunc(answer.FieldValues, func(a fieldValue) bool { return a.Field == v.Field })
		if v.Value != "" && len(answer.FieldValues) > 0 && !stored {
			return &crm.Fault{Kind: crm.FaultInvalid, Status: status, Message: "There is no field " + string(v.Field) + "."}
		}
	}
	return nil
}

func (c *client) tag(ctx context.Context, id string, tag crm.Tag) error {
	body := map[string]contactTag{"contactTag": {Contact: wire.Text(id), Tag: wire.Text(tag.Ref)}}
	_, err := c.call(ctx, http.MethodPost, "/contactTags", nil, body, nil)
	if !crm.IsFault(err, crm.FaultNotFound, crm.FaultInvalid) {
		return err
	}
	// The contact is gone, or the tag is, or it is there already, which some
	// accounts refuse and others pass over.
	if err := c.get(ctx, contactPath(id), nil, nil); err != nil {
		return err
	}
	has, herr := c.contactTags(ctx, id)
	if herr != nil {
		return herr
	}
	if slices.ContainsFunc(has, func(h contactTag) bool { return string(h.Tag) == tag.Ref }) {
		return nil
	}
	return &crm.Fault{Kind: crm.FaultInvalid, Status: http.StatusNotFound, Message: "There is no tag " + tag.Ref + " (" + tag.Name + ")."}
}
