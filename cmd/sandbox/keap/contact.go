package keap

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tillside/tillside/cmd/sandbox/crm"
)

type email struct {
	Email  string `json:"email"`
	Field  string `json:"field"`
	Reason string `json:"opt_in_reason,omitempty"`
}

// person is what is sent of a contact. Lists that are sent replace what is there.
type person struct {
	First  *string  `json:"given_name"`
	Last   *string  `json:"family_name"`
	Emails *[]email `json:"email_addresses"`
	Fields *[]struct {
		ID      json.Number `json:"id"`
		Content string      `json:"content"`
	} `json:"custom_fields"`
}

// maxName is how long names may be.
const maxName = 40

func (p *person) tooLong() bool {
	return p.First != nil && len([]rune(*p.First)) > maxName || p.Last != nil && len([]rune(*p.Last)) > maxName
}

func contactOf(l *crm.Locked, ref string) *crm.Contact {
	id, err := strconv.Atoi(ref)
	if err != nil {
		return nil
	}
	return l.Contact(id)
}

// describe gives tags and fields only when they are asked for.
func (s *Server) describe(c *crm.Contact, r *http.Request) object {
	status := "SINGLE_OPT_IN"
	if c.State != "active" {
		status = "MANUAL"
	}
	emails := []object{{"email": c.Email, "field": "EMAIL1", "email_opt_status": status, "is_opt_in": c.State == "active"}}
	for _, e := range s.others[c.ID] {
		emails = append(emails, object{"email": e.Email, "field": e.Field})
	}
	v := object{"id": strconv.Itoa(c.ID), "given_name": c.FirstName, "family_name": c.LastName, "email_addresses": emails}
	asked := strings.Split(r.URL.Query().Get("fields"), ",")
	if slices.Contains(asked, "tag_ids") {
		ids := []string{}
		for _, id := range slices.Sorted(maps.Keys(c.Tags)) {
			ids = append(ids, strconv.Itoa(id))
		}
		v["tag_ids"] = ids
	}
	if slices.Contains(asked, "custom_fields") {
		fields := []object{}
		for _, id := range slices.Sorted(maps.Keys(c.Fields)) {
			fields = append(fields, object{"id": strconv.Itoa(id), "content": c.Fields[id]})
		}
		v["custom_fields"] = fields
	}
	return v
}

// matches reports whether one of the addresses of a contact fits a filter, in which
// a star at the end stands for anything.
func (s *Server) matches(c *crm.Contact, wanted string) bool {
	prefix, any := strings.CutSuffix(strings.ToLower(wanted), "*")
	for _, e := range append([]email{{Email: c.Email}}, s.others[c.ID]...) {
		address := strings.ToLower(e.Email)
		if address == prefix || any && strings.HasPrefix(address, prefix) {
			return true
		}
	}
	return false
}

func (s *Server) contacts(l *crm.Locked, r *http.Request) (int, any) {
	wanted, filtered := strings.CutPrefix(r.URL.Query().Get("filter"), "email==")
	rows := []object{}
	for _, c := range l.All() {
		if !filtered || s.matches(c, wanted) {
			rows = append(rows, s.describe(c, r))
		}
	}
	return page(r, "contacts", rows)
}

func (s *Server) contact(l *crm.Locked, r *http.Request) (int, any) {
	c := contactOf(l, r.PathValue("id"))
	if c == nil {
		return missing("Contact")
	}
	return http.StatusOK, s.describe(c, r)
}

// create always makes a contact, unless it is told to look for the address.
func (s *Server) create(l *crm.Locked, r *http.Request) (int, any) {
	var in person
	err := json.NewDecoder(r.Body).Decode(&in)
	if err != nil || in.Emails == nil || len(*in.Emails) == 0 || !strings.Contains((*in.Emails)[0].Email, "@") || in.tooLong() {
		return refuse(http.StatusBadRequest, "INVALID_ARGUMENT", "The contact is not valid")
	}
	if c := l.ByEmail((*in.Emails)[0].Email); c != nil && r.URL.Query().Get("duplicate_option") == "Email" {
		return s.set(l, c, in, r, http.StatusOK)
	}
	return s.set(l, l.Add((*in.Emails)[0].Email, "", ""), in, r, http.StatusCreated)
}

func (s *Server) patch(l *crm.Locked, r *http.Request) (int, any) {
	c := contactOf(l, r.PathValue("id"))
	if c == nil {
		return missing("Contact")
	}
	var in person
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.tooLong() {
		return refuse(http.StatusBadRequest, "INVALID_ARGUMENT", "The contact is not valid")
	}
	return s.set(l, c, in, r, http.StatusOK)
}

func (s *Server) set(l *crm.Locked, c *crm.Contact, in person, r *http.Request, status int) (int, any) {
	if in.First != nil {
		c.FirstName = *in.First
	}
	if in.Last != nil {
		c.LastName = *in.Last
	}
	if in.Emails != nil {
		c.Email, s.others[c.ID] = "", nil
		for _, e := range *in.Emails {
			switch {
			case e.Field == "EMAIL1":
				c.Email = e.Email
			default:
				s.others[c.ID] = append(s.others[c.ID], e)
			}
			if e.Reason != "" {
				c.State = "active"
			}
		}
	}
	if in.Fields != nil {
		clear(c.Fields)
		if !setFields(l, c, in) {
			return refuse(http.StatusBadRequest, "INVALID_ARGUMENT", "There is no such custom field")
		}
	}
	l.Changed(c)
	return status, s.describe(c, r)
}

func setFields(l *crm.Locked, c *crm.Contact, in person) bool {
	for _, f := range *in.Fields {
		id, err := strconv.Atoi(f.ID.String())
		if err != nil || l.FieldName(id) == "" {
			return false
		}
		c.Fields[id] = f.Content
	}
	return true
}

// patchFields is version 1, which keeps what is not named.
func (s *Server) patchFields(l *crm.Locked, r *http.Request) (int, any) {
	c := contactOf(l, r.PathValue("id"))
	if c == nil {
		return http.StatusNotFound, object{"message": "Contact with id " + r.PathValue("id") + " not found"}
	}
	var in person
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Fields == nil || !setFields(l, c, in) {
		return http.StatusBadRequest, object{"message": "The custom fields are not valid"}
	}
	l.Changed(c)
	return http.StatusOK, object{"id": c.ID, "given_name": c.FirstName, "family_name": c.LastName}
}

// tag is version 1, which puts several tags on one contact.
func (s *Server) tag(l *crm.Locked, r *http.Request) (int, any) {
	c := contactOf(l, r.PathValue("id"))
	if c == nil {
		return http.StatusNotFound, object{"message": "Contact with id " + r.PathValue("id") + " not found"}
	}
	var in struct {
		Tags []int `json:"tagIds"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return http.StatusBadRequest, object{"message": "The tags are not valid"}
	}
	results := []map[string]string{}
	for _, id := range in.Tags {
		result := "SUCCESS"
		switch {
		case l.TagName(id) == "":
			result = "TAG_ID_NOT_FOUND"
		case c.Tags[id]:
			result = "DUPLICATE"
		default:
			l.SetTag(c, id, true)
		}
		results = append(results, map[string]string{strconv.Itoa(id): result})
	}
	return http.StatusOK, results
}

// untag is version 1, which takes several tags off.
func (s *Server) untag(l *crm.Locked, r *http.Request) (int, any) {
	c := contactOf(l, r.PathValue("id"))
	if c == nil {
		return http.StatusNotFound, object{"message": "Contact with id " + r.PathValue("id") + " not found"}
	}
	for ref := range strings.SplitSeq(r.URL.Query().Get("ids"), ",") {
		if id, err := strconv.Atoi(ref); err == nil {
			l.SetTag(c, id, false)
		}
	}
	return http.StatusNoContent, nil
}
