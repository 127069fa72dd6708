// Package kit is a stand-in for Kit's API v4, with its codes, its cursors, its empty
// answer to a request too many, and its webhooks that name no tag.
package kit

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/crm"
)

// APIKey is the key of the account.
const APIKey = "kit_sandbox_key"

// Options are those of a Book for Kit as it is: 120 requests in a minute.
func Options() crm.Options { return crm.Options{Calls: 120, Per: time.Minute} }

// Server speaks Kit's HTTP over a book.
type Server struct {
	*crm.Book
	handler http.Handler
}

// New returns an empty account.
func New(o crm.Options) *Server {
	s := &Server{Book: crm.NewBook(o, delivery)}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(*crm.Locked, *http.Request) (int, any){
		"GET /account": account, "POST /subscribers": upsert, "GET /subscribers": find, "GET /subscribers/{id}": read,
		"PUT /subscribers/{id}": update, "GET /subscribers/{id}/tags": tagsOf, "GET /custom_fields": fields, "POST /custom_fields": addField,
		"GET /tags": tags, "POST /tags": addTag, "POST /tags/{tag}/subscribers/{id}": tag, "DELETE /tags/{tag}/subscribers/{id}": untag,
		"GET /tags/{tag}/subscribers": withTag, "GET /webhooks": hooks, "POST /webhooks": addHook, "DELETE /webhooks/{id}": dropHook,
	} {
		mux.HandleFunc(pattern, s.answer(handle))
	}
	s.handler = s.Guard(authorized(mux), func(w http.ResponseWriter, _ time.Duration) { w.WriteHeader(http.StatusTooManyRequests) })
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Kit-Api-Key") != APIKey {
			respond(w, http.StatusUnauthorized, failure("The access token is invalid"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func failure(text string) any { return map[string]any{"errors": []string{text}} }

func notFound() (int, any) { return http.StatusNotFound, failure("Not Found") }

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body) // the caller is gone
	}
}

func (s *Server) answer(handle func(*crm.Locked, *http.Request) (int, any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var status int
		var body any
		s.Do(func(l *crm.Locked) { status, body = handle(l, r) })
		respond(w, status, body)
	}
}

func account(*crm.Locked, *http.Request) (int, any) {
	return http.StatusOK, map[string]any{
		"user": map[string]any{"email": "owner@example.com"}, "account": map[string]any{"id": 4242, "name": "Sandbox", "plan_type": "creator"},
	}
}

var notInKey = regexp.MustCompile(`[^a-z0-9]+`)

// keyOf makes a field's key of its label, as Kit does.
func keyOf(label string) string {
	return strings.Trim(notInKey.ReplaceAllString(strings.ToLower(label), "_"), "_")
}

func describe(l *crm.Locked, c *crm.Contact) map[string]any {
	values := map[string]any{}
	for _, f := range l.Fields() {
		values[keyOf(f.Name)] = nil
		if value, has := c.Fields[f.ID]; has {
			values[keyOf(f.Name)] = value
		}
	}
	state := c.State
	if state == "unsubscribed" {
		state = "cancelled"
	}
	return map[string]any{
		"id": c.ID, "first_name": c.FirstName, "email_address": c.Email, "state": state, "created_at": "2026-05-01T09:00:00Z", "fields": values,
	}
}

func one(l *crm.Locked, c *crm.Contact) any { return map[string]any{"subscriber": describe(l, c)} }

type body struct {
	Email     string         `json:"email_address"`
	FirstName *string        `json:"first_name"`
	Fields    map[string]any `json:"fields"`
	Name      string         `json:"name"`
	Label     string         `json:"label"`
	Target    string         `json:"target_url"`
	Event     struct {
		Name  string `json:"name"`
		TagID int    `json:"tag_id"`
	} `json:"event"`
}

func decode(r *http.Request) (b body, ok bool) { return b, json.NewDecoder(r.Body).Decode(&b) == nil }

// set stores what a request says; unknown keys are left out without a word.
func set(l *crm.Locked, c *crm.Contact, b body) {
	if b.Email != "" {
		c.Email = b.Email
	}
	if b.FirstName != nil {
		c.FirstName = *b.FirstName
	}
	for _, f := range l.Fields() {
		if value, has := b.Fields[keyOf(f.Name)]; has {
			text, _ := value.(string)
			c.Fields[f.ID] = text
		}
	}
}

func upsert(l *crm.Locked, r *http.Request) (int, any) {
	b, ok := decode(r)
	if !ok || !strings.Contains(b.Email, "@") {
		return http.StatusUnprocessableEntity, failure("Email address is invalid")
	}
	if c := l.ByEmail(b.Email); c != nil { // fields of an existing one stay: the docs are ambiguous, so take the harder way
		if b.FirstName != nil {
			c.FirstName = *b.FirstName
		}
		return http.StatusOK, one(l, c)
	}
	c := l.Add(b.Email, "", "")
	set(l, c, b)
	return http.StatusCreated, one(l, c)
}

func contactOf(l *crm.Locked, r *http.Request) *crm.Contact {
	id, _ := strconv.Atoi(r.PathValue("id"))
	return l.Contact(id)
}

func read(l *crm.Locked, r *http.Request) (int, any) {
	c := contactOf(l, r)
	if c == nil {
		return notFound()
	}
	return http.StatusOK, one(l, c)
}

func update(l *crm.Locked, r *http.Request) (int, any) {
	c := contactOf(l, r)
	if c == nil {
		return notFound()
	}
	b, ok := decode(r)
	if !ok || b.Email == "" { // the specification asks for it
		return http.StatusUnprocessableEntity, failure("Email address can't be blank")
	}
	set(l, c, b)
	return http.StatusOK, one(l, c)
}

// list cuts a page out, after a cursor, at most 1000.
func list[T any](r *http.Request, name string, all []T) (int, any) {
	query := r.URL.Query()
	size, _ := strconv.Atoi(query.Get("per_page"))
	if size <= 0 {
		size = 500
	}
	start := 0
	if raw, err := base64.StdEncoding.DecodeString(query.Get("after")); err == nil {
		start, _ = strconv.Atoi(string(raw))
	}
	start = min(start, len(all))
	end := min(start+min(size, 1000, maxPage), len(all))
	return http.StatusOK, map[string]any{name: all[start:end], "pagination": map[string]any{
		"has_previous_page": start > 0, "has_next_page": end < len(all), "per_page": size,
		"end_cursor": base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(end))),
	}}
}

// maxPage is small, so that lists have several pages in tests.
const maxPage = 100

func find(l *crm.Locked, r *http.Request) (int, any) {
	query := r.URL.Query()
	found := []any{}
	for _, c := range l.All() {
		wanted := query.Get("email_address") == "" || strings.EqualFold(c.Email, query.Get("email_address"))
		if wanted && (query.Get("status") == "all" || c.State == "active") {
			found = append(found, describe(l, c))
		}
	}
	return list(r, "subscribers", found)
}

func named(all []crm.Named) []any {
	rows := []any{}
	for _, n := range all {
		rows = append(rows, map[string]any{"id": n.ID, "name": n.Name})
	}
	return rows
}

func tags(l *crm.Locked, r *http.Request) (int, any) { return list(r, "tags", named(l.Tags())) }

func tagsOf(l *crm.Locked, r *http.Request) (int, any) {
	c := contactOf(l, r)
	if c == nil {
		return notFound()
	}
	var has []crm.Named
	for _, t := range l.Tags() {
		if c.Tags[t.ID] {
			has = append(has, t)
		}
	}
	return list(r, "tags", named(has))
}

func addTag(l *crm.Locked, r *http.Request) (int, any) {
	b, ok := decode(r)
	if !ok || strings.TrimSpace(b.Name) == "" {
		return http.StatusUnprocessableEntity, failure("Name can't be blank")
	}
	status := http.StatusCreated
	for _, t := range l.Tags() {
		if t.Name == b.Name {
			status = http.StatusOK
		}
	}
	t := l.Tag(b.Name)
	return status, map[string]any{"tag": map[string]any{"id": t.ID, "name": t.Name}}
}

func describeField(f crm.Named) any {
	return map[string]any{"id": f.ID, "name": "ck_field_" + strconv.Itoa(f.ID) + "_" + keyOf(f.Name), "key": keyOf(f.Name), "label": f.Name}
}

func fields(l *crm.Locked, r *http.Request) (int, any) {
	rows := []any{}
	for _, f := range l.Fields() {
		rows = append(rows, describeField(f))
	}
	return list(r, "custom_fields", rows)
}

func addField(l *crm.Locked, r *http.Request) (int, any) {
	b, ok := decode(r)
	if !ok || b.Label == "" {
		return http.StatusUnprocessableEntity, failure("Label can't be blank")
	}
	return http.StatusCreated, map[string]any{"custom_field": describeField(l.Field(b.Label))}
}

// member returns the tag and the contact of a path.
func member(l *crm.Locked, r *http.Request) (int, *crm.Contact) {
	id, _ := strconv.Atoi(r.PathValue("tag"))
	if l.TagName(id) == "" {
		return 0, nil
	}
	return id, contactOf(l, r)
}

func tag(l *crm.Locked, r *http.Request) (int, any) {
	id, c := member(l, r)
	if c == nil {
		return notFound()
	}
	status := http.StatusCreated
	if c.Tags[id] {
		status = http.StatusOK
	}
	l.SetTag(c, id, true)
	return status, one(l, c)
}

func untag(l *crm.Locked, r *http.Request) (int, any) {
	id, c := member(l, r)
	if c == nil || !c.Tags[id] {
		return notFound()
	}
	l.SetTag(c, id, false)
	return http.StatusNoContent, nil
}

func withTag(l *crm.Locked, r *http.Request) (int, any) {
	id, _ := strconv.Atoi(r.PathValue("tag"))
	found := []any{}
	for _, c := range l.All() {
		if c.Tags[id] && (r.URL.Query().Get("status") == "all" || c.State == "active") {
			found = append(found, describe(l, c))
		}
	}
	return list(r, "subscribers", found)
}

// describeHook names the event shorter than it was given.
func describeHook(h crm.Hook) any {
	name := map[string]string{"added": "tag_add", "removed": "tag_remove"}[h.Event]
	return map[string]any{"id": h.ID, "account_id": 4242, "target_url": h.URL, "event": map[string]any{"name": name, "tag_id": h.TagID}}
}

func hooks(l *crm.Locked, r *http.Request) (int, any) {
	rows := []any{}
	for _, h := range l.Hooks() {
		rows = append(rows, describeHook(h))
	}
	return list(r, "webhooks", rows)
}

func addHook(l *crm.Locked, r *http.Request) (int, any) {
	b, ok := decode(r)
	event := map[string]string{"subscriber.tag_add": "added", "subscriber.tag_remove": "removed"}[b.Event.Name]
	if !ok || event == "" || l.TagName(b.Event.TagID) == "" {
		return http.StatusUnprocessableEntity, failure("Event is invalid")
	}
	return http.StatusCreated, map[string]any{"webhook": describeHook(l.AddHook(crm.Hook{URL: b.Target, Event: event, TagID: b.Event.TagID}))}
}

func dropHook(l *crm.Locked, r *http.Request) (int, any) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	if !l.DropHook(id) {
		return notFound()
	}
	return http.StatusNoContent, nil
}

// delivery writes what a webhook delivers: the subscriber alone.
func delivery(_ crm.Hook, c crm.Contact, _ string) (kind, text string) {
	raw, err := json.Marshal(map[string]any{"subscriber": map[string]any{
		"id": c.ID, "first_name": c.FirstName, "email_address": c.Email, "state": c.State, "created_at": "2026-05-01T09:00:00Z", "fields": map[string]any{},
	}})
	if err != nil {
		return "", ""
	}
	return "application/json", string(raw)
}
