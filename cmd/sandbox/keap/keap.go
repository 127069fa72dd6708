// Package keap is a stand-in for Keap's API, versions 1 and 2: lists in version 2
// that replace what is there, results that stand in the answer, and hooks that tell
// of nothing before their address has shown that it is meant.
package keap

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/crm"
)

// Token is the key of the account.
const Token = "KeapAK-sandbox"

// Options are those of a Book for Keap as it is: 240 requests in a minute.
func Options() crm.Options { return crm.Options{Calls: 240, Per: time.Minute} }

// Server speaks Keap's HTTP over a book.
type Server struct {
	*crm.Book
	handler http.Handler
	// The book's lock guards what the book has no place for.
	others map[int][]email // addresses besides the main one, by contact
	hooks  []*hook
}

// New returns an empty account.
func New(o crm.Options) *Server {
	s := &Server{Book: crm.NewBook(o, delivery), others: map[int][]email{}}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]handler{
		"GET /v2/oauth/connect/userinfo": userInfo, "GET /v2/businessProfile": business,
		"GET /v2/contacts": s.contacts, "POST /v2/contacts": s.create, "GET /v2/contacts/{id}": s.contact, "PATCH /v2/contacts/{id}": s.patch,
		"PATCH /v1/contacts/{id}": s.patchFields, "POST /v1/contacts/{id}/tags": s.tag, "DELETE /v1/contacts/{id}/tags": s.untag, "GET /v2/contacts/model": model,
		"POST /v2/contacts/model/customFields": addField, "GET /v2/tags": tags, "POST /v2/tags": addTag,
		"POST /v2/tags/{id}/contacts:applyTags": applyTag, "GET /v2/tags/{id}/contacts": tagged,
		"GET /v1/hooks": s.listHooks, "DELETE /v1/hooks/{key}": s.dropHook,
	} {
		mux.HandleFunc(pattern, s.answer(handle))
	}
	mux.HandleFunc("POST /v1/hooks", s.subscribe)
	mux.HandleFunc("POST /v1/hooks/{key}/verify", s.verify)
	s.handler = s.Guard(authorized(mux), func(w http.ResponseWriter, wait time.Duration) {
		for name, value := range map[string]string{
			"limit": strconv.Itoa(o.Calls), "available": "0", "expiry-time": strconv.FormatInt(time.Now().Add(wait).UnixMilli(), 10),
		} {
			w.Header().Set("X-Keap-Product-Quota-"+name, value)
		}
		write(w, http.StatusTooManyRequests, object{"code": "429", "message": "Quota Exceeded", "status": "Request Throttled"})
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+Token {
			write(w, http.StatusUnauthorized, object{"fault": object{
				"faultstring": "Invalid Access Token", "detail": object{"errorcode": "keymanagement.service.invalid_access_token"},
			}})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// object is an object of JSON.
type object map[string]any

// handler answers a request with a status and what is encoded as JSON; nil for an
// empty answer. The book is locked.
type handler func(l *crm.Locked, r *http.Request) (int, any)

func (s *Server) answer(handle handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var status int
		var body any
		s.Do(func(l *crm.Locked) { status, body = handle(l, r) })
		write(w, status, body)
	}
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body) // the caller is gone
	}
}

// refuse is an error as version 2 words it.
func refuse(status int, code, message string) (int, any) {
	return status, object{"code": status, "message": message, "status": code, "details": []object{}}
}

func missing(what string) (int, any) {
	return refuse(http.StatusNotFound, "NOT_FOUND", what+" not found")
}

// page cuts the page out that was asked for. The token of the next is its first row,
// and now and then the whole address, as releases have done both.
func page(r *http.Request, key string, all []object) (int, any) {
	query := r.URL.Query()
	size, err := strconv.Atoi(query.Get("page_size"))
	if err != nil || size < 1 || size > 1000 {
		return refuse(http.StatusBadRequest, "INVALID_ARGUMENT", "page_size must be between 1 and 1000")
	}
	from, _ := strconv.Atoi(query.Get("page_token"))
	from = min(max(from, 0), len(all))
	to, next := min(from+min(size, maxPage), len(all)), ""
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	if next != "" && from == 0 {
		next = "https://api.keap.com/crm/rest" + r.URL.Path + "?page_token=" + url.QueryEscape(next)
	}
	return http.StatusOK, object{key: all[from:to], "next_page_token": next}
}

// maxPage makes pages shorter than they may be, so that there are some.
const maxPage = 100

func userInfo(*crm.Locked, *http.Request) (int, any) {
	return http.StatusOK, object{"email": "owner@keap.example", "sub": "1", "id": "1", "keap_id": "owner@keap.example", "tenant_id": "sb123", "is_admin": true}
}

func business(*crm.Locked, *http.Request) (int, any) {
	return http.StatusOK, object{"name": "Sandbox", "email": "office@keap.example"}
}

func describeTag(t crm.Named) object {
	return object{"id": strconv.Itoa(t.ID), "name": t.Name, "description": ""}
}

func tags(l *crm.Locked, r *http.Request) (int, any) {
	wanted, filtered := strings.CutPrefix(r.URL.Query().Get("filter"), "name==")
	rows := []object{}
	for _, t := range l.Tags() {
		if !filtered || strings.EqualFold(t.Name, wanted) {
			rows = append(rows, describeTag(t))
		}
	}
	return page(r, "tags", rows)
}

func addTag(l *crm.Locked, r *http.Request) (int, any) {
	var in struct{ Name string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Name == "" {
		return refuse(http.StatusBadRequest, "INVALID_ARGUMENT", "name is required")
	}
	for _, t := range l.Tags() {
		if t.Name == in.Name {
			return refuse(http.StatusConflict, "ALREADY_EXISTS", "A tag with this name exists")
		}
	}
	return http.StatusCreated, describeTag(l.Tag(in.Name))
}

func applyTag(l *crm.Locked, r *http.Request) (int, any) {
	var in struct {
		Contacts []string `json:"contact_ids"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "INVALID_ARGUMENT", "contact_ids is required")
	}
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || l.TagName(id) == "" {
		return missing("Tag")
	}
	results := map[string]string{}
	for _, ref := range in.Contacts {
		c := contactOf(l, ref)
		switch {
		case c == nil:
			results[ref] = "CONTACT_NOT_FOUND"
		case c.Tags[id]:
			results[ref] = "DUPLICATE"
		default:
			l.SetTag(c, id, true)
			results[ref] = "SUCCESS"
		}
	}
	return http.StatusOK, object{"results": results}
}

func tagged(l *crm.Locked, r *http.Request) (int, any) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || l.TagName(id) == "" {
		return missing("Tag")
	}
	rows := []object{}
	for _, c := range l.All() {
		if c.Tags[id] {
			rows = append(rows, object{
				"id": strconv.Itoa(c.ID), "email": c.Email, "given_name": c.FirstName, "family_name": c.LastName, "applied_time": "2026-05-01T09:00:00Z",
			})
		}
	}
	return page(r, "contacts", rows)
}

func describeField(f crm.Named) object {
	return object{"id": strconv.Itoa(f.ID), "label": f.Name, "field_type": "TEXT", "field_name": "field" + strconv.Itoa(f.ID), "record_type": "CONTACT"}
}

func model(l *crm.Locked, _ *http.Request) (int, any) {
	rows := []object{}
	for _, f := range l.Fields() {
		rows = append(rows, describeField(f))
	}
	return http.StatusOK, object{"custom_fields": rows, "optional_properties": []string{}}
}

func addField(l *crm.Locked, r *http.Request) (int, any) {
	var in struct {
		Label string
		Type  string `json:"field_type"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Label == "" || in.Type != "TEXT" {
		return refuse(http.StatusBadRequest, "INVALID_ARGUMENT", "The sandbox makes fields of text")
	}
	return http.StatusCreated, describeField(l.Field(in.Label))
}
