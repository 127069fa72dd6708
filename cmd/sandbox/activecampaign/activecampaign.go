// Package activecampaign is a stand-in for ActiveCampaign's API, version 3: ids that
// are texts, tags that are taken off by the id of their association, and fields that
// take no value before they are related to lists.
package activecampaign

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/crm"
)

// Key is the API key of the account.
const Key = "activecampaign-key"

// Options are those of a Book for ActiveCampaign as it is: 5 requests in a second.
func Options() crm.Options { return crm.Options{Calls: 5, Per: time.Second} }

// Server speaks ActiveCampaign's HTTP over a book.
type Server struct {
	*crm.Book
	handler http.Handler
	// unrelated are the fields that are on no list's contacts yet. The book's lock
	// guards it.
	unrelated map[int]bool
}

// New returns an empty account.
func New(o crm.Options) *Server {
	s := &Server{Book: crm.NewBook(o, delivery), unrelated: map[int]bool{}}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]handler{
		"GET /users/me": s.me, "POST /contact/sync": s.sync, "GET /contacts": s.contacts, "GET /contacts/{id}": s.contact, "PUT /contacts/{id}": s.update,
		"GET /contacts/{id}/contactTags": s.contactTags, "GET /contacts/{id}/fieldValues": s.fieldValues,
		"POST /contactTags": s.tag, "DELETE /contactTags/{id}": s.untag, "GET /tags": s.tags, "POST /tags": s.addTag,
		"GET /fields": s.fields, "POST /fields": s.addField, "POST /fieldRels": s.relate,
		"GET /webhooks": s.hooks, "POST /webhooks": s.addHook, "DELETE /webhooks/{id}": s.dropHook,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /api/3"+path, s.answer(handle))
	}
	s.handler = s.Guard(authorized(mux), func(w http.ResponseWriter, wait time.Duration) {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds()+1)))
		w.Header().Set("RateLimit-Limit", strconv.Itoa(o.Calls))
		w.Header().Set("RateLimit-Remaining", "0")
		write(w, http.StatusTooManyRequests, message("You have exceeded the rate limit."))
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Api-Token") != Key {
			write(w, http.StatusForbidden, message("Forbidden"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// object is an object of JSON.
type object map[string]any

func message(text string) object { return object{"message": text} }

// handler answers a request with a status and an object. The book is locked.
type handler func(l *crm.Locked, r *http.Request) (int, object)

func (s *Server) answer(handle handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var status int
		var body object
		s.Do(func(l *crm.Locked) { status, body = handle(l, r) })
		write(w, status, body)
	}
}

func write(w http.ResponseWriter, status int, body object) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller is gone
}

func missing(what, id string) (int, object) {
	return http.StatusNotFound, message("No Result found for " + what + " with id " + id)
}

func invalid(title, code string) (int, object) {
	return http.StatusUnprocessableEntity, object{"errors": []object{{"title": title, "detail": "", "code": code, "source": object{"pointer": "/data/attributes"}}}}
}

// number is an id or a value that may come as a text or as a number.
type number string

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	*n = number(strings.Trim(string(data), `"`))
	return nil
}

func (n number) int() int {
	i, err := strconv.Atoi(string(n))
	if err != nil {
		return -1
	}
	return i
}

func idOf(r *http.Request) int { return number(r.PathValue("id")).int() }

// page cuts the page out that was asked for: 20 rows, or at most 100.
func page[T any](r *http.Request, key string, all []T) (int, object) {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit <= 0 {
		limit = 20
	}
	offset, _ := strconv.Atoi(query.Get("offset"))
	from := min(max(offset, 0), len(all))
	rows := slices.Clone(all[from:min(from+min(limit, 100), len(all))])
	return http.StatusOK, object{key: rows, "meta": object{"total": strconv.Itoa(len(all))}}
}

func (s *Server) me(*crm.Locked, *http.Request) (int, object) {
	return http.StatusOK, object{"user": object{"id": "1", "username": "admin", "email": "owner@activecampaign.example", "firstName": "", "lastName": ""}}
}

// events are the names of what hooks tell of, and the book's.
var events = map[string]string{"contact_tag_added": "added", "contact_tag_removed": "removed", "update": "changed"}

func (s *Server) hooks(l *crm.Locked, r *http.Request) (int, object) {
	rows := []object{}
	for _, h := range l.Hooks() {
		rows = append(rows, describeHook(h))
	}
	return page(r, "webhooks", rows)
}

func describeHook(h crm.Hook) object {
	for name, event := range events {
		if event == h.Event {
			return object{
				"id": strconv.Itoa(h.ID), "name": "Hook", "url": h.URL, "events": []string{name}, "sources": []string{"public", "admin", "api", "system"},
				"listid": "0", "links": []string{},
			}
		}
	}
	return nil
}

func (s *Server) addHook(l *crm.Locked, r *http.Request) (int, object) {
	var in struct {
		Webhook struct {
			URL    string   `json:"url"`
			Events []string `json:"events"`
		} `json:"webhook"`
	}
	err := json.NewDecoder(r.Body).Decode(&in)
	if err != nil || in.Webhook.URL == "" || len(in.Webhook.Events) != 1 || events[in.Webhook.Events[0]] == "" {
		return invalid("The sandbox knows hooks of one event, of tags or changes", "invalid")
	}
	return http.StatusCreated, object{"webhook": describeHook(l.AddHook(crm.Hook{URL: in.Webhook.URL, Event: events[in.Webhook.Events[0]]}))}
}

func (s *Server) dropHook(l *crm.Locked, r *http.Request) (int, object) {
	if !l.DropHook(idOf(r)) {
		return missing("Webhook", r.PathValue("id"))
	}
	return http.StatusOK, object{}
}

// delivery writes what a hook delivers: a form with brackets, in which the tag is
// its name and contact[tags] a text to be shown.
func delivery(h crm.Hook, c crm.Contact, tag string) (kind, body string) {
	form := url.Values{
		"type": {describeHook(h)["events"].([]string)[0]}, "date_time": {"2026-05-01T09:00:00-05:00"}, "initiated_from": {"admin"}, "initiated_by": {"admin"},
		"list": {"0"}, "contact[id]": {strconv.Itoa(c.ID)}, "contact[email]": {c.Email}, "contact[first_name]": {c.FirstName},
		"contact[last_name]": {c.LastName}, "contact[phone]": {""}, "contact[ip]": {"0.0.0.0"},
	}
	if tag != "" {
		form.Set("tag", tag)
	}
	for id, value := range c.Fields {
		form.Set("contact[fields]["+strconv.Itoa(id)+"]", value)
	}
	return "application/x-www-form-urlencoded", form.Encode()
}
