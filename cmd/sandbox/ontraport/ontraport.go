// Package ontraport is a stand-in for Ontraport's API, with its shapes, its limit,
// its plain-text errors and its tags that are written later.
package ontraport

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/crm"
)

// The credentials of the account.
const (
	AppID  = "2_1_app"
	APIKey = "ontraport-key"
)

// Options are those of a Book for Ontraport as it is: 180 requests in a minute.
func Options() crm.Options { return crm.Options{Calls: 180, Per: time.Minute} }

// Server speaks Ontraport's HTTP over a book.
type Server struct {
	*crm.Book
	handler http.Handler
}

// New returns an empty account.
func New(o crm.Options) *Server {
	s := &Server{Book: crm.NewBook(o, delivery)}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(*crm.Locked, *http.Request) (any, error){
		"GET /objects/meta": s.meta, "GET /object/getByEmail": byEmail, "GET /Contact": read, "GET /Contacts": list,
		"POST /Contacts/saveorupdate": saveOrUpdate, "PUT /Contacts": update, "GET /Tags": tags, "POST /Tags": addTag,
		"PUT /objects/tag": tag, "DELETE /objects/tag": untag, "GET /objects/tag": withTag, "POST /Contacts/fieldeditor": addField,
		"GET /Webhooks": hooks, "POST /Webhook/subscribe": subscribe, "DELETE /Webhook/unsubscribe": unsubscribe,
	} {
		mux.HandleFunc(pattern, s.answer(handle))
	}
	s.handler = s.Guard(authorized(mux), func(w http.ResponseWriter, wait time.Duration) {
		w.Header().Set("X-Rate-Limit-Reset", strconv.Itoa(int(wait.Seconds()+1)))
		http.Error(w, "Rate limit exceeded", http.StatusTooManyRequests)
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Api-Key") != APIKey || r.Header.Get("Api-Appid") != AppID {
			http.Error(w, "Your App ID and API key do not authenticate.", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refusal is an error as the API words it: in plain text.
type refusal struct {
	status int
	text   string
}

func (e refusal) Error() string { return e.text }

func (s *Server) answer(handle func(*crm.Locked, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var data any
		var err error
		s.Do(func(l *crm.Locked) { data, err = handle(l, r) })
		if e, refused := err.(refusal); refused {
			http.Error(w, e.text, e.status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"code": 0, "data": data, "account_id": 12345}) // the caller is gone
	}
}

func ref(id int) string { return "f" + strconv.Itoa(1500+id) }

func fieldID(name string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "f"))
	if err != nil || !strings.HasPrefix(name, "f") {
		return 0
	}
	return n - 1500
}

func describe(c *crm.Contact) map[string]any {
	v := map[string]any{"id": strconv.Itoa(c.ID), "email": c.Email, "firstname": c.FirstName, "lastname": c.LastName}
	list := "*/*"
	for id := range c.Tags {
		list += strconv.Itoa(id) + "*/*"
	}
	v["contact_cat"] = list
	for id, value := range c.Fields {
		v[ref(id)] = value
	}
	return v
}

func (s *Server) meta(l *crm.Locked, _ *http.Request) (any, error) {
	fields := map[string]any{
		"firstname": map[string]any{"alias": "First Name", "type": "text", "editable": "1"},
		"f1":        map[string]any{"alias": "Spent", "type": "price", "editable": "0"},
	}
	for _, f := range l.Fields() {
		fields[ref(f.ID)] = map[string]any{"alias": f.Name, "type": "text", "required": "0", "unique": "0", "editable": "1", "deletable": "1"}
	}
	return map[string]any{"0": map[string]any{"name": "Contact", "fields": fields}}, nil
}

func byEmail(l *crm.Locked, r *http.Request) (any, error) {
	c := l.ByEmail(r.URL.Query().Get("email"))
	if c == nil {
		return []any{}, nil
	}
	return map[string]any{"id": strconv.Itoa(c.ID)}, nil
}

func contactOf(l *crm.Locked, id string) (*crm.Contact, error) {
	n, err := strconv.Atoi(id)
	if err != nil {
		return nil, refusal{http.StatusBadRequest, "Invalid Contact ID"}
	}
	c := l.Contact(n)
	if c == nil {
		return nil, refusal{http.StatusNotFound, "Object not found"}
	}
	return c, nil
}

func read(l *crm.Locked, r *http.Request) (any, error) {
	c, err := contactOf(l, r.URL.Query().Get("id"))
	if err != nil {
		return nil, err
	}
	return describe(c), nil
}

// window cuts a page out, 50 at most.
func window[T any](r *http.Request, all []T) []T {
	start, _ := strconv.Atoi(r.URL.Query().Get("start"))
	size, _ := strconv.Atoi(r.URL.Query().Get("range"))
	if size <= 0 || size > 50 {
		size = 50
	}
	start = min(start, len(all))
	return all[start:min(start+size, len(all))]
}

func list(l *crm.Locked, r *http.Request) (any, error) { return describeAll(window(r, l.All())), nil }

func describeAll(contacts []*crm.Contact) []any {
	all := make([]any, len(contacts))
	for i, c := range contacts {
		all[i] = describe(c)
	}
	return all
}

func withTag(l *crm.Locked, r *http.Request) (any, error) {
	id, _ := strconv.Atoi(r.URL.Query().Get("tag_id"))
	var with []*crm.Contact
	for _, c := range l.All() {
		if c.Tags[id] {
			with = append(with, c)
		}
	}
	return describeAll(window(r, with)), nil
}

func decode(r *http.Request) (map[string]any, error) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, refusal{http.StatusBadRequest, "Invalid JSON"}
	}
	return body, nil
}

// set stores the fields of a request in a contact and returns those it took.
func set(l *crm.Locked, c *crm.Contact, body map[string]any) (map[string]any, error) {
	attrs := map[string]any{"id": strconv.Itoa(c.ID), "dlm": "1790000000"}
	for name, value := range body {
		text := fmt.Sprint(value)
		switch {
		case name == "email":
			c.Email = text
		case name == "firstname":
			c.FirstName = text
		case name == "lastname":
			c.LastName = text
		case name == "id":
			continue
		case fieldID(name) > 0:
			if known := l.FieldName(fieldID(name)); known == "" {
				return nil, refusal{http.StatusUnprocessableEntity, "Unknown field " + name}
			}
			c.Fields[fieldID(name)] = text
		}
		attrs[name] = value
	}
	return attrs, nil
}

func saveOrUpdate(l *crm.Locked, r *http.Request) (any, error) {
	body, err := decode(r)
	if err != nil {
		return nil, err
	}
	email := fmt.Sprint(body["email"])
	if !strings.Contains(email, "@") {
		return nil, refusal{http.StatusUnprocessableEntity, "Invalid email address"}
	}
	if c := l.ByEmail(email); c != nil { // another shape than for a new one
		attrs, err := set(l, c, body)
		return map[string]any{"attrs": attrs}, err
	}
	c := l.Add(email, "", "")
	if _, err := set(l, c, body); err != nil {
		return nil, err
	}
	return describe(c), nil
}

func update(l *crm.Locked, r *http.Request) (any, error) {
	body, err := decode(r)
	if err != nil {
		return nil, err
	}
	c, err := contactOf(l, fmt.Sprint(body["id"]))
	if err != nil {
		return nil, err
	}
	attrs, err := set(l, c, body)
	return map[string]any{"attrs": attrs}, err
}

func describeTag(t crm.Named) any {
	return map[string]any{"tag_id": strconv.Itoa(t.ID), "tag_name": t.Name, "object_type_id": "0"}
}

func tags(l *crm.Locked, r *http.Request) (any, error) {
	rows := []any{}
	for _, t := range window(r, l.Tags()) {
		rows = append(rows, describeTag(t))
	}
	return rows, nil
}

func addTag(l *crm.Locked, r *http.Request) (any, error) {
	body, err := decode(r)
	if err != nil {
		return nil, err
	}
	return describeTag(l.Tag(fmt.Sprint(body["tag_name"]))), nil
}

const queued = "The tag is now being processed."

func tag(l *crm.Locked, r *http.Request) (any, error) {
	body, err := decode(r)
	if err != nil {
		return nil, err
	}
	return setTags(l, fmt.Sprint(body["ids"]), fmt.Sprint(body["add_list"]), true)
}

func untag(l *crm.Locked, r *http.Request) (any, error) {
	query := r.URL.Query()
	return setTags(l, query.Get("ids"), query.Get("remove_list"), false)
}

func setTags(l *crm.Locked, ids, refs string, on bool) (any, error) {
	for id := range strings.SplitSeq(ids, ",") {
		c, err := contactOf(l, id)
		if err != nil {
			return nil, err
		}
		for text := range strings.SplitSeq(refs, ",") {
			tagID, err := strconv.Atoi(text)
			if err != nil || l.TagName(tagID) == "" {
				return nil, refusal{http.StatusUnprocessableEntity, "Unknown tag " + text}
			}
			l.SetTag(c, tagID, on)
		}
	}
	return queued, nil
}

func addField(l *crm.Locked, r *http.Request) (any, error) {
	var body struct {
		Fields [][]struct{ Alias, Type string } `json:"fields"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, refusal{http.StatusBadRequest, "Invalid JSON"}
	}
	made := map[string]string{}
	for _, column := range body.Fields {
		for _, f := range column {
			made[ref(l.Field(f.Alias).ID)] = f.Alias
		}
	}
	return map[string]any{"success": made, "error": []any{}}, nil
}

var eventPattern = regexp.MustCompile(`^(sub_tag|unsub_tag)\(([0-9]+)\)$`)

func describeHook(h crm.Hook) any {
	name := map[string]string{"added": "sub_tag", "removed": "unsub_tag"}[h.Event]
	return map[string]any{"id": strconv.Itoa(h.ID), "url": h.URL, "event": fmt.Sprintf("%s(%d)", name, h.TagID)}
}

func hooks(l *crm.Locked, _ *http.Request) (any, error) {
	rows := []any{}
	for _, h := range l.Hooks() {
		rows = append(rows, describeHook(h))
	}
	return rows, nil
}

func subscribe(l *crm.Locked, r *http.Request) (any, error) {
	if err := r.ParseForm(); err != nil {
		return nil, refusal{http.StatusBadRequest, "Invalid form"}
	}
	match := eventPattern.FindStringSubmatch(r.PostForm.Get("event"))
	if match == nil {
		return nil, refusal{http.StatusUnprocessableEntity, "Unknown event"}
	}
	tagID, _ := strconv.Atoi(match[2])
	event := map[string]string{"sub_tag": "added", "unsub_tag": "removed"}[match[1]]
	return describeHook(l.AddHook(crm.Hook{URL: r.PostForm.Get("url"), Event: event, TagID: tagID})), nil
}

func unsubscribe(l *crm.Locked, r *http.Request) (any, error) {
	id, _ := strconv.Atoi(r.URL.Query().Get("id"))
	if !l.DropHook(id) {
		return nil, refusal{http.StatusNotFound, "Object not found"}
	}
	return true, nil
}

// delivery writes what a hook delivers: a form with brackets.
func delivery(h crm.Hook, c crm.Contact, _ string) (kind, body string) {
	event := map[string]string{"added": "sub_tag", "removed": "unsub_tag"}[h.Event]
	form := url.Values{
		"webhook_id": {strconv.Itoa(h.ID)}, "object_type_id": {"0"}, "event[type]": {event}, "event[tag_id]": {strconv.Itoa(h.TagID)},
		"data[id]": {strconv.Itoa(c.ID)}, "data[email]": {c.Email}, "timestamp": {"1790000000"},
	}
	return "application/x-www-form-urlencoded", form.Encode()
}
