// Package drip is a stand-in for Drip's API, version 2: tags that are names, fields
// that are made by writing them, and one call that writes a person.
package drip

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/crm"
)

// The account and its credential.
const (
	Account = "4242"
	Token   = "drip-token"
)

// Options are those of a Book for Drip as it is: 3,600 requests in an hour.
func Options() crm.Options { return crm.Options{Calls: 3600, Per: time.Hour} }

// Server speaks Drip's HTTP over a book.
type Server struct {
	*crm.Book
	handler http.Handler
}

// New returns an empty account.
func New(o crm.Options) *Server {
	s := &Server{Book: crm.NewBook(o, delivery)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /accounts", s.answer(accounts))
	for pattern, handle := range map[string]handler{
		"POST /subscribers": post, "GET /subscribers": list, "GET /subscribers/{key}": read, "GET /tags": tags, "POST /tags": tag,
		"DELETE /subscribers/{key}/tags/{tag}": untag, "GET /custom_field_identifiers": fields,
		"GET /webhooks": hooks, "POST /webhooks": addHook, "DELETE /webhooks/{id}": dropHook,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /{account}"+path, s.answer(ofAccount(handle)))
	}
	s.handler = s.Guard(authorized(mux), func(w http.ResponseWriter, _ time.Duration) {
		w.Header().Set("X-RateLimit-Limit", strconv.Itoa(o.Calls))
		w.Header().Set("X-RateLimit-Remaining", "0")
		write(w, http.StatusTooManyRequests, object{
			"message": "API rate limit exceeded. Please try again in an hour.", "documentation": "https://www.getdrip.com/docs/rest-api#rate-limting",
		})
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != Token || password != "" {
			status, body := refuse(http.StatusUnauthorized, "authentication_error", "", "Authentication failed, check your credentials")
			write(w, status, body)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// object is an object of JSON.
type object map[string]any

// handler answers a request with a status and an object; none for an empty answer.
// The book is locked.
type handler func(l *crm.Locked, r *http.Request) (int, object)

func ofAccount(next handler) handler {
	return func(l *crm.Locked, r *http.Request) (int, object) {
		if r.PathValue("account") != Account {
			return refuse(http.StatusForbidden, "authorization_error", "", "You are not authorized to access this resource")
		}
		return next(l, r)
	}
}

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
	if body != nil {
		_ = json.NewEncoder(w).Encode(body) // the caller is gone
	}
}

func refuse(status int, code, attribute, message string) (int, object) {
	e := object{"code": code, "message": message}
	if attribute != "" {
		e["attribute"] = attribute
	}
	return status, object{"errors": []object{e}}
}

func missing() (int, object) {
	return refuse(http.StatusNotFound, "not_found_error", "", "The resource you requested was not found")
}

// page cuts the page out that was asked for.
func page(r *http.Request, key string, all []object) (int, object) {
	query := r.URL.Query()
	size, err := strconv.Atoi(query.Get("per_page"))
	if err != nil || size <= 0 {
		size = 100
	}
	size = min(size, 1000)
	number, err := strconv.Atoi(query.Get("page"))
	if err != nil || number < 1 {
		number = 1
	}
	from := min((number-1)*size, len(all))
	rows := all[from:min(from+size, len(all))]
	return http.StatusOK, object{
		"links": object{}, key: rows,
		"meta": object{"page": number, "count": len(rows), "total_pages": (len(all) + size - 1) / size, "total_count": len(all)},
	}
}

func accounts(*crm.Locked, *http.Request) (int, object) {
	return http.StatusOK, object{"links": object{}, "accounts": []object{{"id": Account, "name": "Sandbox", "url": "sandbox.example"}}}
}

// events are the names of what hooks tell of, and the book's.
var events = map[string]string{
	"subscriber.applied_tag": "added", "subscriber.removed_tag": "removed",
	"subscriber.updated_custom_field": "changed", "subscriber.updated_email_address": "changed",
}

func hooks(l *crm.Locked, _ *http.Request) (int, object) {
	rows := []object{}
	for _, h := range l.Hooks() {
		rows = append(rows, describeHook(h))
	}
	return http.StatusOK, object{"links": object{}, "webhooks": rows}
}

func describeHook(h crm.Hook) object {
	names := []string{}
	for name, event := range events {
		if event == h.Event {
			names = append(names, name)
		}
	}
	id := strconv.Itoa(h.ID)
	return object{
		"id": id, "href": "https://api.getdrip.com/v2/" + Account + "/webhooks/" + id, "post_url": h.URL, "version": "2",
		"include_received_email": false, "events": names, "created_at": created, "links": object{"account": Account},
	}
}

const created = "2026-05-01T09:00:00Z"

func addHook(l *crm.Locked, r *http.Request) (int, object) {
	var in struct {
		Webhooks []struct {
			URL    string   `json:"post_url"`
			Events []string `json:"events"`
		} `json:"webhooks"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Webhooks) != 1 || in.Webhooks[0].URL == "" {
		return refuse(http.StatusUnprocessableEntity, "presence_error", "post_url", "Post url is required")
	}
	event := ""
	for _, name := range in.Webhooks[0].Events {
		if events[name] == "" || event != "" && events[name] != event {
			return refuse(http.StatusUnprocessableEntity, "format_error", "events", "The sandbox knows hooks of one kind, of tags or changes")
		}
		event = events[name]
	}
	return http.StatusCreated, object{"links": object{}, "webhooks": []object{describeHook(l.AddHook(crm.Hook{URL: in.Webhooks[0].URL, Event: event}))}}
}

func dropHook(l *crm.Locked, r *http.Request) (int, object) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !l.DropHook(id) {
		return missing()
	}
	return http.StatusNoContent, nil
}
