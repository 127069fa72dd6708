// Package crm is what all stand-in CRMs share: contacts, tags and fields in memory,
// automations that tags start, mails that they send, and faults on demand. The
// faces, such as package ontraport, speak each CRM's own HTTP over it.
package crm

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options sets a Book up.
type Options struct {
	// Calls in Per is the limit of requests; 0 is none.
	Calls int
	Per   time.Duration
	// Lag is how long writes of tags take until reads show them.
	Lag time.Duration
	Now func() time.Time // nil: time.Now
}

// Contact is a person.
type Contact struct {
	ID        int
	Email     string
	FirstName string
	LastName  string
	State     string // "active", "unsubscribed"
	Tags      map[int]bool
	Fields    map[int]string
}

// Named is a tag or a field.
type Named struct {
	ID   int
	Name string
}

// Hook is a webhook that was registered.
type Hook struct {
	ID    int
	URL   string
	Event string // as the face names it
	TagID int    // 0: all
}

// Book is one account of a CRM.
type Book struct {
	o           Options
	mu          sync.Mutex
	contacts    map[int]*Contact
	tags        []Named
	fields      []Named
	hooks       []Hook
	automations []Automation
	mails       []Mail
	faults      []*Fault
	calls       []time.Time
	requests    []string
	last        int
	pending     []pending
	running     sync.WaitGroup
	client      *http.Client
	notify      func(Hook, Contact, string) (contentType, body string)
	closed      chan struct{}
}

type pending struct {
	at time.Time
	do func()
}

// NewBook returns an empty account. notify writes what a hook delivers, as the CRM's
// face does; nil sends nothing.
func NewBook(o Options, notify func(h Hook, c Contact, tag string) (contentType, body string)) *Book {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Book{o: o, contacts: map[int]*Contact{}, client: &http.Client{Timeout: 10 * time.Second}, notify: notify, closed: make(chan struct{})}
}

// Close ends automations that wait, and returns when none runs any more.
func (b *Book) Close() {
	close(b.closed)
	b.running.Wait()
}

// Do runs fn with the book locked, after writes that are due were done.
func (b *Book) Do(fn func(b *Locked)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.o.Now()
	due := b.pending
	b.pending = nil
	for _, p := range due {
		if p.at.After(now) {
			b.pending = append(b.pending, p)
			continue
		}
		p.do()
	}
	fn(&Locked{b})
}

// Locked is a Book that is locked.
type Locked struct{ b *Book }

// Next returns a new id.
func (l *Locked) Next() int { l.b.last++; return l.b.last }

// Contact returns a contact by id; nil for none.
func (l *Locked) Contact(id int) *Contact { return l.b.contacts[id] }

// ByEmail returns the contact with an address in any letter case; nil for none.
func (l *Locked) ByEmail(email string) *Contact {
	for _, id := range slices.Sorted(maps.Keys(l.b.contacts)) {
		if strings.EqualFold(l.b.contacts[id].Email, email) {
			return l.b.contacts[id]
		}
	}
	return nil
}

// All returns all contacts by id.
func (l *Locked) All() []*Contact {
	all := make([]*Contact, 0, len(l.b.contacts))
	for _, id := range slices.Sorted(maps.Keys(l.b.contacts)) {
		all = append(all, l.b.contacts[id])
	}
	return all
}

// Add makes a contact.
func (l *Locked) Add(email, first, last string) *Contact {
	c := &Contact{ID: l.Next(), Email: email, FirstName: first, LastName: last, State: "active", Tags: map[int]bool{}, Fields: map[int]string{}}
	l.b.contacts[c.ID] = c
	return c
}

// Delete removes a contact.
func (l *Locked) Delete(id int) { delete(l.b.contacts, id) }

// Tags and Fields list those that there are.
func (l *Locked) Tags() []Named   { return slices.Clone(l.b.tags) }
func (l *Locked) Fields() []Named { return slices.Clone(l.b.fields) }

// Tag returns the tag with a name, made if there is none; Field a field likewise.
func (l *Locked) Tag(name string) Named   { return l.named(&l.b.tags, name) }
func (l *Locked) Field(name string) Named { return l.named(&l.b.fields, name) }

func (l *Locked) named(list *[]Named, name string) Named {
	if i := slices.IndexFunc(*list, func(n Named) bool { return n.Name == name }); i >= 0 {
		return (*list)[i]
	}
	n := Named{l.Next(), name}
	*list = append(*list, n)
	return n
}

// DropTag deletes a tag, from all contacts too.
func (l *Locked) DropTag(name string) {
	l.b.tags = slices.DeleteFunc(l.b.tags, func(n Named) bool {
		if n.Name == name {
			for _, c := range l.b.contacts {
				delete(c.Tags, n.ID)
			}
		}
		return n.Name == name
	})
}

// TagName returns a tag's name, and FieldName a field's; "" for none with that id.
func (l *Locked) TagName(id int) string   { return nameOf(l.b.tags, id) }
func (l *Locked) FieldName(id int) string { return nameOf(l.b.fields, id) }

func nameOf(list []Named, id int) string {
	for _, n := range list {
		if n.ID == id {
			return n.Name
		}
	}
	return ""
}

// SetTag gives or takes a tag, after the lag. Hooks and automations follow when the
// contact did not have it, or had it.
func (l *Locked) SetTag(c *Contact, id int, on bool) {
	do := func() {
		if c.Tags[id] == on {
			return
		}
		delete(c.Tags, id)
		event := "removed"
		if on {
			event, c.Tags[id] = "added", true
			l.b.start(*c, l.TagName(id))
		}
		l.b.tell(*c, id, l.TagName(id), event)
	}
	if l.b.o.Lag == 0 {
		do()
		return
	}
	l.b.pending = append(l.b.pending, pending{l.b.o.Now().Add(l.b.o.Lag), do})
}

// Hooks lists the hooks; AddHook and DropHook change them.
func (l *Locked) Hooks() []Hook { return slices.Clone(l.b.hooks) }
func (l *Locked) AddHook(h Hook) Hook {
	h.ID = l.Next()
	l.b.hooks = append(l.b.hooks, h)
	return h
}
func (l *Locked) DropHook(id int) bool {
	n := len(l.b.hooks)
	l.b.hooks = slices.DeleteFunc(l.b.hooks, func(h Hook) bool { return h.ID == id })
	return len(l.b.hooks) < n
}

// Changed tells the hooks of the event "changed" that a contact's names, address or
// fields are others.
func (l *Locked) Changed(c *Contact) { l.b.tell(*c, 0, "", "changed") }

// tell delivers to the hooks of an event, and of a tag. Those of all tags are told
// which one it was.
func (b *Book) tell(c Contact, tagID int, tag, event string) {
	for _, h := range b.hooks {
		if h.Event == event && (h.TagID == 0 || h.TagID == tagID) && b.notify != nil {
			h.TagID = tagID
			kind, body := b.notify(h, c, tag)
			b.running.Go(func() { b.post(h.URL, kind, body) })
		}
	}
}

func (b *Book) post(url, kind, body string) {
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return
	}
	r.Header.Set("Content-Type", kind)
	answer, err := b.client.Do(r)
	if err == nil {
		_ = answer.Body.Close() // CRMs do not look at it
	}
}
