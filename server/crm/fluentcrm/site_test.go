package fluentcrm_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	sandbox "github.com/tillside/tillside/cmd/sandbox/crm"
	"github.com/tillside/tillside/server/crm/crmtest"
	"github.com/tillside/tillside/server/crm/fluentcrm"
	"github.com/tillside/tillside/server/crm/wire"
)

func TestFluentCRM_PassesTheSuite(t *testing.T) {
	crmtest.Run(t, crmtest.Fixture{
		New:         fluentcrm.New,
		Credentials: map[string]string{"url": "https://site.example", "username": "ada", "app_password": "abcd EFGH 1234"}, Secret: "app_password",
		Face: func(o sandbox.Options) crmtest.Face {
			s := newSite(o)
			return crmtest.Face{Book: s.Book, Handler: s.handler}
		},
		ChangeField: "PUT /wp-json/fluent-crm/v2/subscribers/*",
	})
}

// site stands in for a WordPress site with FluentCRM.
type site struct {
	*sandbox.Book
	handler http.Handler
	dropped map[int]bool // fields that were left out of a list
}

type object map[string]any

type endpoint func(l *sandbox.Locked, r *http.Request) (int, object)

func newSite(o sandbox.Options) *site {
	s := &site{Book: sandbox.NewBook(o, nil), dropped: map[int]bool{}}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]endpoint{
		"GET /subscribers": s.list, "POST /subscribers": s.add, "GET /subscribers/{id}": s.show, "PUT /subscribers/{id}": s.update,
		"GET /tags": s.tags, "POST /tags": s.addTag, "GET /custom-fields/contacts": s.fields, "PUT /custom-fields/contacts": s.saveFields,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /wp-json/fluent-crm/v2"+path, func(w http.ResponseWriter, r *http.Request) {
			status, body := http.StatusUnauthorized, object{"code": "rest_forbidden", "message": "Sorry, you are not allowed to do that.", "data": object{"status": 401}}
			if user, password, _ := r.BasicAuth(); user == "ada" && password == "abcd EFGH 1234" {
				s.Do(func(l *sandbox.Locked) { status, body = handle(l, r) })
			}
			send(w, status, body)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusNotFound, object{"code": "rest_no_route", "message": "No route was found matching the URL and request method.", "data": object{"status": 404}})
	})
	s.handler = s.Guard(mux, func(w http.ResponseWriter, _ time.Duration) {
		send(w, http.StatusTooManyRequests, object{"message": "Too many"})
	})
	return s
}

func send(w http.ResponseWriter, status int, body object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

func invalid(field, rule string) (int, object) {
	return http.StatusUnprocessableEntity, object{"message": "", "errors": object{field: object{rule: "The " + field + " is not valid."}}}
}

func slugOf(label string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(label))
}

func (s *site) describe(l *sandbox.Locked, c *sandbox.Contact) object {
	tags := []object{}
	for _, id := range slices.Sorted(maps.Keys(c.Tags)) {
		tags = append(tags, object{"id": id, "title": l.TagName(id), "slug": slugOf(l.TagName(id))})
	}
	status := c.State
	if status == "active" {
		status = "subscribed"
	}
	v := object{"id": strconv.Itoa(c.ID), "email": c.Email, "first_name": c.FirstName, "last_name": c.LastName, "status": status, "tags": tags}
	values := map[string]string{}
	for id, value := range c.Fields {
		values[slugOf(l.FieldName(id))] = value
	}
	if v["custom_values"] = values; len(values) == 0 {
		v["custom_values"] = []string{} // as PHP writes it
	}
	return v
}

func pageOf(r *http.Request, rows []object) object {
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	size = max(size, 1)
	number, _ := strconv.Atoi(r.URL.Query().Get("page"))
	from := min(max(number-1, 0)*size, len(rows))
	return object{
		"current_page": number, "data": rows[from:min(from+size, len(rows))], "total": len(rows), "last_page": max(1, (len(rows)+size-1)/size),
	}
}

func (s *site) list(l *sandbox.Locked, r *http.Request) (int, object) {
	tag, _ := strconv.Atoi(r.URL.Query().Get("tags[]"))
	rows := []object{}
	for _, c := range l.All() {
		if tag == 0 || c.Tags[tag] {
			rows = append(rows, s.describe(l, c))
		}
	}
	return http.StatusOK, object{"subscribers": pageOf(r, rows)}
}

func contactOf(l *sandbox.Locked, r *http.Request) *sandbox.Contact {
	if email := r.URL.Query().Get("get_by_email"); email != "" {
		return l.ByEmail(email)
	}
	id, _ := strconv.Atoi(r.PathValue("id"))
	return l.Contact(id)
}

func (s *site) show(l *sandbox.Locked, r *http.Request) (int, object) {
	c := contactOf(l, r)
	if c == nil {
		return http.StatusUnprocessableEntity, object{"message": "Subscriber not found"}
	}
	return http.StatusOK, object{"subscriber": s.describe(l, c)}
}

// person is what is sent of somebody.
type person struct {
	Email  string            `json:"email"`
	First  *string           `json:"first_name"`
	Last   *string           `json:"last_name"`
	Status string            `json:"status"`
	Values map[string]string `json:"custom_values"`
	Attach *[]int            `json:"attach_tags"`
	Detach []int             `json:"detach_tags"`
}

func (s *site) add(l *sandbox.Locked, r *http.Request) (int, object) {
	var in person
	if json.NewDecoder(r.Body).Decode(&in) != nil || in.Status == "" {
		return invalid("status", "required")
	}
	if !strings.Contains(in.Email, "@") || l.ByEmail(in.Email) != nil {
		return invalid("email", "unique")
	}
	c := l.Add(in.Email, "", "")
	s.set(l, c, in)
	return http.StatusOK, object{"message": "Successfully added the subscriber.", "contact": object{"id": c.ID, "email": c.Email}, "action_type": "created"}
}

func (s *site) update(l *sandbox.Locked, r *http.Request) (int, object) {
	c := contactOf(l, r)
	var in struct{ Subscriber person }
	if c == nil || json.NewDecoder(r.Body).Decode(&in) != nil {
		return http.StatusUnprocessableEntity, object{"message": "Subscriber not found"}
	}
	if other := l.ByEmail(in.Subscriber.Email); other != nil && other.ID != c.ID {
		return invalid("email", "unique")
	}
	s.set(l, c, in.Subscriber)
	return http.StatusOK, object{"message": "Subscriber successfully updated"}
}

// set stores what was sent: tags come before fields are set, what does not exist is
// passed over, and an empty list of tags is all of them.
func (s *site) set(l *sandbox.Locked, c *sandbox.Contact, in person) {
	for to, value := range map[*string]*string{&c.FirstName: in.First, &c.LastName: in.Last} {
		if value != nil {
			*to = *value
		}
	}
	if in.Email != "" {
		c.Email = in.Email
	}
	if in.Status != "" && in.Status != "subscribed" {
		c.State = in.Status
	} else if in.Status != "" {
		c.State = "active"
	}
	if in.Attach != nil {
		for _, t := range l.Tags() {
			if len(*in.Attach) == 0 || slices.Contains(*in.Attach, t.ID) {
				l.SetTag(c, t.ID, true)
			}
		}
	}
	for _, id := range in.Detach {
		l.SetTag(c, id, false)
	}
	for _, f := range s.kept(l) {
		value, sent := in.Values[slugOf(f.Name)]
		if sent && value == "" {
			delete(c.Fields, f.ID)
		} else if sent {
			c.Fields[f.ID] = value
		}
	}
}

func (s *site) tags(l *sandbox.Locked, r *http.Request) (int, object) {
	rows := []object{}
	for _, t := range l.Tags() {
		rows = append(rows, object{"id": t.ID, "title": t.Name, "slug": slugOf(t.Name)})
	}
	return http.StatusOK, object{"tags": pageOf(r, rows)}
}

func (s *site) addTag(l *sandbox.Locked, r *http.Request) (int, object) {
	var in struct{ Title, Slug string }
	if json.NewDecoder(r.Body).Decode(&in) != nil || in.Title == "" || in.Slug == "" {
		return invalid("slug", "required")
	}
	if slices.ContainsFunc(l.Tags(), func(t sandbox.Named) bool { return slugOf(t.Name) == in.Slug }) {
		return invalid("slug", "unique")
	}
	return http.StatusOK, object{"item": object{"id": l.Tag(in.Title).ID}}
}

func (s *site) kept(l *sandbox.Locked) []sandbox.Named {
	return slices.DeleteFunc(l.Fields(), func(f sandbox.Named) bool { return s.dropped[f.ID] })
}

func (s *site) fields(l *sandbox.Locked, _ *http.Request) (int, object) {
	rows := []object{}
	for _, f := range s.kept(l) {
		rows = append(rows, object{"slug": slugOf(f.Name), "label": f.Name, "type": "text", "group": ""})
	}
	return http.StatusOK, object{"fields": rows}
}

// saveFields replaces the whole list.
func (s *site) saveFields(l *sandbox.Locked, r *http.Request) (int, object) {
	var in struct{ Fields []struct{ Label string } }
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		return invalid("fields", "required")
	}
	for _, f := range l.Fields() {
		s.dropped[f.ID] = true
	}
	for _, f := range in.Fields {
		delete(s.dropped, l.Field(f.Label).ID)
	}
	return s.fields(l, r)
}

func TestFluentCRM_AddingAFieldKeepsTheOthers(t *testing.T) {
	server := httptest.NewServer(newSite(sandbox.Options{}).handler)
	defer server.Close()
	client, err := fluentcrm.New(wire.Options{BaseURL: server.URL, Credentials: map[string]string{"username": "ada", "app_password": "abcd EFGH 1234"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"One", "Two", "Three"} {
		if _, err := client.EnsureField(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	fields, err := client.Fields(t.Context())
	if err != nil || len(fields) != 3 {
		t.Errorf("fields %+v, %v; want three", fields, err)
	}
}
