package drip

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tillside/tillside/cmd/sandbox/crm"
)

// ref is the id of a person, in JSON a text. It is the book's, so that automations
// can name people by it; Drip's own have letters.
func ref(id int) string { return strconv.Itoa(id) }

// find looks a person up by id or address.
func find(l *crm.Locked, key string) *crm.Contact {
	for _, c := range l.All() {
		if ref(c.ID) == key {
			return c
		}
	}
	return l.ByEmail(key)
}

// fieldNames returns the names of fields, by id. They are the book's with what
// identifiers cannot have replaced, for those that were not made here.
func fieldNames(l *crm.Locked) map[int]string {
	names := map[int]string{}
	for _, f := range l.Fields() {
		names[f.ID] = signs.ReplaceAllString(f.Name, "_")
	}
	return names
}

var signs = regexp.MustCompile(`[^A-Za-z0-9_]`)

func describe(l *crm.Locked, c *crm.Contact) object {
	custom, names := object{}, fieldNames(l)
	for id, value := range c.Fields {
		custom[names[id]] = value
	}
	tags := []string{}
	for _, id := range slices.Sorted(maps.Keys(c.Tags)) {
		tags = append(tags, l.TagName(id))
	}
	return object{
		"id": ref(c.ID), "href": "https://api.getdrip.com/v2/" + Account + "/subscribers/" + ref(c.ID), "status": c.State, "email": c.Email,
		"first_name": c.FirstName, "last_name": c.LastName, "custom_fields": custom, "tags": tags, "time_zone": nil, "created_at": created,
	}
}

func one(l *crm.Locked, c *crm.Contact) (int, object) {
	return http.StatusOK, object{"links": object{}, "subscribers": []object{describe(l, c)}}
}

func read(l *crm.Locked, r *http.Request) (int, object) {
	c := find(l, r.PathValue("key"))
	if c == nil {
		return missing()
	}
	return one(l, c)
}

func list(l *crm.Locked, r *http.Request) (int, object) {
	query := r.URL.Query()
	wanted := map[int]bool{}
	for name := range strings.SplitSeq(query.Get("tags"), ",") {
		for _, t := range l.Tags() {
			if t.Name == name {
				wanted[t.ID] = true
			}
		}
	}
	rows := []object{}
	for _, c := range l.All() {
		has := slices.ContainsFunc(slices.Collect(maps.Keys(c.Tags)), func(id int) bool { return wanted[id] })
		if (query.Get("status") == "all" || c.State == "active") && (query.Get("tags") == "" || has) {
			rows = append(rows, describe(l, c))
		}
	}
	return page(r, "subscribers", rows)
}

// person is what is sent of somebody.
type person struct {
	ID       string         `json:"id"`
	Email    string         `json:"email"`
	NewEmail string         `json:"new_email"`
	First    *string        `json:"first_name"`
	Last     *string        `json:"last_name"`
	Status   string         `json:"status"`
	Custom   map[string]any `json:"custom_fields"`
	Tags     []string       `json:"tags"`
	Remove   []string       `json:"remove_tags"`
}

// post makes a person or brings one up to date.
func post(l *crm.Locked, r *http.Request) (int, object) {
	var in struct {
		Subscribers []person `json:"subscribers"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Subscribers) != 1 {
		return refuse(http.StatusUnprocessableEntity, "presence_error", "subscribers", "Subscribers is required")
	}
	p := in.Subscribers[0]
	for name := range p.Custom {
		if name == "" || signs.MatchString(name) {
			return refuse(http.StatusUnprocessableEntity, "format_error", "custom_fields", "Custom field identifiers may have letters, numbers and underscores only")
		}
	}
	c := find(l, p.ID)
	if c == nil {
		c = find(l, p.Email)
	}
	switch other := l.ByEmail(p.NewEmail); {
	case c == nil && !strings.Contains(p.Email, "@"):
		return refuse(http.StatusUnprocessableEntity, "presence_error", "email", "Email is required")
	case c != nil && other != nil && other.ID != c.ID:
		return refuse(http.StatusUnprocessableEntity, "uniqueness_error", "email", "Email has already been taken")
	case c == nil:
		c = l.Add(p.Email, "", "")
	}
	set(l, c, p)
	return one(l, c)
}

// set stores what was sent: tags go, fields change, tags come.
func set(l *crm.Locked, c *crm.Contact, p person) {
	for _, t := range l.Tags() {
		if slices.Contains(p.Remove, t.Name) {
			l.SetTag(c, t.ID, false)
		}
	}
	if p.NewEmail != "" {
		c.Email = p.NewEmail
	}
	if p.First != nil {
		c.FirstName = *p.First
	}
	if p.Last != nil {
		c.LastName = *p.Last
	}
	if p.Status != "" {
		c.State = p.Status
	}
	for name, value := range p.Custom {
		text, _ := value.(string)
		c.Fields[fieldOf(l, name)] = text
	}
	for _, name := range p.Tags {
		l.SetTag(c, l.Tag(name).ID, true)
	}
	if p.NewEmail != "" || len(p.Custom) > 0 {
		l.Changed(c)
	}
}

// fieldOf returns the field with an identifier, made if there is none.
func fieldOf(l *crm.Locked, name string) int {
	for id, known := range fieldNames(l) {
		if known == name {
			return id
		}
	}
	return l.Field(name).ID
}

func tags(l *crm.Locked, _ *http.Request) (int, object) {
	names := []string{}
	for _, t := range l.Tags() {
		names = append(names, t.Name)
	}
	return http.StatusOK, object{"tags": names}
}

func fields(l *crm.Locked, _ *http.Request) (int, object) {
	names := fieldNames(l)
	return http.StatusOK, object{"custom_field_identifiers": slices.Sorted(maps.Values(names))}
}

func tag(l *crm.Locked, r *http.Request) (int, object) {
	var in struct {
		Tags []struct{ Email, Tag string } `json:"tags"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Tags) != 1 {
		return refuse(http.StatusUnprocessableEntity, "presence_error", "tags", "Tags is required")
	}
	c := l.ByEmail(in.Tags[0].Email)
	if c == nil {
		return missing()
	}
	l.SetTag(c, l.Tag(in.Tags[0].Tag).ID, true)
	return http.StatusCreated, object{}
}

func untag(l *crm.Locked, r *http.Request) (int, object) {
	c := find(l, r.PathValue("key"))
	if c == nil {
		return missing()
	}
	set(l, c, person{Remove: []string{r.PathValue("tag")}})
	return http.StatusNoContent, nil
}

// delivery writes what a hook delivers.
func delivery(h crm.Hook, c crm.Contact, tag string) (kind, body string) {
	event := describeHook(h)["events"].([]string)[0]
	data := object{"account_id": Account, "subscriber": object{"id": ref(c.ID), "status": c.State, "email": c.Email}}
	if tag != "" {
		data["properties"] = object{"tag": tag}
	}
	text, _ := json.Marshal(object{"event": event, "data": data, "occurred_at": created}) // nothing in it can fail
	return "application/json", string(text)
}
