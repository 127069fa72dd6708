package activecampaign

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tillside/tillside/cmd/sandbox/crm"
)

// person is a contact in requests. What is not sent stays.
type person struct {
	Email  *string `json:"email"`
	First  *string `json:"firstName"`
	Last   *string `json:"lastName"`
	Values []struct {
		Field number `json:"field"`
		Value string `json:"value"`
	} `json:"fieldValues"`
}

func decodePerson(r *http.Request) (person, bool) {
	var in struct {
		Contact *person `json:"contact"`
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil || in.Contact == nil {
		return person{}, false
	}
	return *in.Contact, in.Contact.Email == nil || strings.Contains(*in.Contact.Email, "@")
}

func describe(c *crm.Contact) object {
	return object{
		"id": strconv.Itoa(c.ID), "email": c.Email, "firstName": c.FirstName, "lastName": c.LastName, "phone": "", "cdate": "2026-05-01T09:00:00-05:00",
	}
}

// sync makes the contact of an address, or brings it up to date.
func (s *Server) sync(l *crm.Locked, r *http.Request) (int, object) {
	in, ok := decodePerson(r)
	if !ok || in.Email == nil {
		return http.StatusBadRequest, message("The contact has no email.")
	}
	status, c := http.StatusOK, l.ByEmail(*in.Email)
	if c == nil {
		status, c = http.StatusCreated, l.Add(*in.Email, "", "")
	}
	return status, s.set(l, c, in)
}

func (s *Server) update(l *crm.Locked, r *http.Request) (int, object) {
	c := l.Contact(idOf(r))
	if c == nil {
		return missing("Subscriber", r.PathValue("id"))
	}
	in, ok := decodePerson(r)
	if !ok {
		return http.StatusBadRequest, message("The contact cannot be read.")
	}
	if in.Email != nil {
		if other := l.ByEmail(*in.Email); other != nil && other.ID != c.ID {
			return invalid("Email address already exists in the system", "duplicate")
		}
	}
	return http.StatusOK, s.set(l, c, in)
}

// set stores what was sent. Fields that do not exist, or are not related to lists,
// are passed over.
func (s *Server) set(l *crm.Locked, c *crm.Contact, in person) object {
	for to, value := range map[*string]*string{&c.Email: in.Email, &c.FirstName: in.First, &c.LastName: in.Last} {
		if value != nil {
			*to = *value
		}
	}
	stored := []object{}
	for _, v := range in.Values {
		id := v.Field.int()
		if l.FieldName(id) == "" || s.unrelated[id] {
			continue
		}
		c.Fields[id] = v.Value
		stored = append(stored, value(c, id))
	}
	l.Changed(c)
	return object{"contact": describe(c), "fieldValues": stored}
}

func value(c *crm.Contact, field int) object {
	return object{
		"id": association(c.ID, field), "contact": strconv.Itoa(c.ID), "field": strconv.Itoa(field), "value": c.Fields[field],
	}
}

// association is the id of what joins a contact to a tag, or to a field.
func association(contact, other int) string { return strconv.Itoa(contact*1_000_000 + other) }

func (s *Server) contact(l *crm.Locked, r *http.Request) (int, object) {
	c := l.Contact(idOf(r))
	if c == nil {
		return missing("Subscriber", r.PathValue("id"))
	}
	status := "1"
	if c.State != "active" {
		status = "2"
	}
	return http.StatusOK, object{"contact": describe(c), "contactLists": []object{{"list": "1", "contact": strconv.Itoa(c.ID), "status": status}}}
}

func (s *Server) contacts(l *crm.Locked, r *http.Request) (int, object) {
	query := r.URL.Query()
	after, tag := number(query.Get("id_greater")).int(), number(query.Get("tagid")).int()
	rows := []object{}
	for _, c := range l.All() {
		email := query.Get("email")
		if c.ID > after && (email == "" || strings.EqualFold(c.Email, email)) && (tag < 0 || c.Tags[tag]) {
			rows = append(rows, describe(c))
		}
	}
	return page(r, "contacts", rows)
}

func (s *Server) contactTags(l *crm.Locked, r *http.Request) (int, object) {
	c := l.Contact(idOf(r))
	if c == nil {
		return missing("Subscriber", r.PathValue("id"))
	}
	rows := []object{}
	for _, id := range slices.Sorted(maps.Keys(c.Tags)) {
		rows = append(rows, contactTag(c.ID, id))
	}
	return page(r, "contactTags", rows)
}

func contactTag(contact, tag int) object {
	return object{
		"id": association(contact, tag), "contact": strconv.Itoa(contact), "tag": strconv.Itoa(tag), "cdate": "2026-05-01T09:00:00-05:00",
	}
}

func (s *Server) fieldValues(l *crm.Locked, r *http.Request) (int, object) {
	c := l.Contact(idOf(r))
	if c == nil {
		return missing("Subscriber", r.PathValue("id"))
	}
	rows := []object{}
	for _, id := range slices.Sorted(maps.Keys(c.Fields)) {
		rows = append(rows, value(c, id))
	}
	return page(r, "fieldValues", rows)
}

func (s *Server) tag(l *crm.Locked, r *http.Request) (int, object) {
	var in struct {
		ContactTag struct {
			Contact, Tag number
		} `json:"contactTag"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return http.StatusBadRequest, message("The tag cannot be read.")
	}
	c, tag := l.Contact(in.ContactTag.Contact.int()), in.ContactTag.Tag.int()
	if c == nil {
		return missing("Subscriber", string(in.ContactTag.Contact))
	}
	if l.TagName(tag) == "" {
		return missing("Tag", string(in.ContactTag.Tag))
	}
	l.SetTag(c, tag, true)
	return http.StatusCreated, object{"contactTag": contactTag(c.ID, tag)}
}

func (s *Server) untag(l *crm.Locked, r *http.Request) (int, object) {
	id := idOf(r)
	c := l.Contact(id / 1_000_000)
	if c == nil || !c.Tags[id%1_000_000] {
		return missing("SubscriberTag", r.PathValue("id"))
	}
	l.SetTag(c, id%1_000_000, false)
	return http.StatusOK, object{}
}
