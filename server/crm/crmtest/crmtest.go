// Package crmtest is the suite that the client of every CRM passes, against the
// stand-in of that CRM.
package crmtest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	sandbox "github.com/tillside/tillside/cmd/sandbox/crm"
	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/crm/wire"
)

// Face is a stand-in of a CRM.
type Face struct {
	Book    *sandbox.Book
	Handler http.Handler
}

// Fixture is a CRM under test.
type Fixture struct {
	New         func(wire.Options) (crm.Client, error)
	Credentials map[string]string
	Secret      string // the name of the credential that must never show
	Face        func(sandbox.Options) Face
	// ChangeField is a match of the request that changes fields, for faults.
	ChangeField string
	// MaxName is how many characters names may have in this CRM; 0 is any number.
	MaxName int
	// TagsAreNames is true where a tag is made when somebody gets it.
	TagsAreNames bool
	// HidesNew is true where nothing tells whether an upsert has made a contact.
	HidesNew bool
}

// bench is a client with the CRM behind it.
type bench struct {
	crm.Client
	*sandbox.Book
	url string
}

func (f Fixture) start(t *testing.T, o sandbox.Options, change func(map[string]string)) *bench {
	t.Helper()
	face := f.Face(o)
	server := httptest.NewServer(face.Handler)
	t.Cleanup(func() { server.Close(); face.Book.Close() })
	credentials := map[string]string{}
	for name, value := range f.Credentials {
		credentials[name] = value
	}
	if change != nil {
		change(credentials)
	}
	client, err := f.New(wire.Options{Credentials: credentials, BaseURL: server.URL, Agent: "Tillside (test)"})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{client, face.Book, server.URL}
}

// Run runs the suite.
func Run(t *testing.T, f Fixture) {
	for _, tt := range []struct {
		name string
		test func(*testing.T, Fixture)
	}{
		{"people", people}, {"tags", tags}, {"fields", fields}, {"lists over many pages", lists}, {"who is gone", gone},
		{"hostile texts", hostile}, {"refusals", refusals}, {"lost answers", lost}, {"hooks", hooks}, {"reading all", reading}, {"at once", atOnce},
	} {
		t.Run(tt.name, func(t *testing.T) { t.Parallel(); tt.test(t, f) })
	}
}

var ada = crm.Person{Email: "ada@example.com", FirstName: "Ada", LastName: "Byron"}

func (b *bench) upsert(t *testing.T, known string, p crm.Person) (string, bool) {
	t.Helper()
	id, created, err := b.Upsert(t.Context(), known, p)
	if err != nil || id == "" {
		t.Fatalf("upsert %+v: %q, %v", p, id, err)
	}
	return id, created
}

func (b *bench) read(t *testing.T, id string) *crm.Contact {
	t.Helper()
	c, err := b.Read(t.Context(), id)
	if err != nil {
		t.Fatalf("read %s: %v", id, err)
	}
	return c
}

func (b *bench) tag(t *testing.T, name string) crm.Tag {
	t.Helper()
	tag, err := b.EnsureTag(t.Context(), name)
	if err != nil || tag.Name != name || tag.Ref == "" {
		t.Fatalf("tag %q: %+v, %v", name, tag, err)
	}
	return tag
}

func (b *bench) field(t *testing.T, name string) crm.Field {
	t.Helper()
	field, err := b.EnsureField(t.Context(), name)
	if err != nil || field.Ref == "" {
		t.Fatalf("field %q: %+v, %v", name, field, err)
	}
	return field
}

func (b *bench) apply(t *testing.T, id string, c crm.Change) {
	t.Helper()
	if err := b.Apply(t.Context(), id, c); err != nil {
		t.Fatalf("apply %+v: %v", c, err)
	}
}

func wantFault(t *testing.T, what string, err error, kind crm.FaultKind) *crm.Fault {
	t.Helper()
	fault, ok := errors.AsType[*crm.Fault](err)
	if !ok || fault.Kind != kind {
		t.Errorf("%s: %v, want a fault %s", what, err, kind)
		return &crm.Fault{}
	}
	return fault
}

func people(t *testing.T, f Fixture) {
	b := f.start(t, sandbox.Options{}, nil)
	if account, err := b.Verify(t.Context()); err != nil || account.Name == "" {
		t.Errorf("verify: %+v, %v", account, err)
	}
	id, created := b.upsert(t, "", ada)
	if !created && !f.HidesNew {
		t.Error("a new contact is not called new")
	}
	c := b.read(t, id)
	if c.ID != id || c.Email != ada.Email || c.FirstName != "Ada" || c.LastName != "Byron" || c.Muted {
		t.Errorf("read %+v", c)
	}
	again, created := b.upsert(t, "", crm.Person{Email: "ADA@example.com"})
	if again != id || created {
		t.Errorf("the same address is contact %s, want %s again", again, id)
	}
	if c := b.read(t, id); c.FirstName != "Ada" || c.LastName != "Byron" {
		t.Errorf("empty names wiped out those that were there: %+v", c)
	}
	moved, _ := b.upsert(t, id, crm.Person{Email: "ada.byron@example.com", FirstName: "Augusta", LastName: "Byron"})
	if c := b.read(t, moved); moved != id || c.Email != "ada.byron@example.com" || c.FirstName != "Augusta" {
		t.Errorf("a new address of a known contact: %s %+v", moved, c)
	}
	found, err := b.Find(t.Context(), "ada.byron@example.com")
	if err != nil || found.ID != id {
		t.Errorf("find: %+v, %v", found, err)
	}
	_, err = b.Find(t.Context(), "nobody@example.com")
	wantFault(t, "find nobody", err, crm.FaultNotFound)
	b.Do(func(l *sandbox.Locked) { l.ByEmail("ada.byron@example.com").State = "unsubscribed" })
	if _, err := b.Find(t.Context(), "ada.byron@example.com"); err != nil {
		t.Errorf("who unsubscribed is not found: %v", err)
	}
	if same, _ := b.upsert(t, id, crm.Person{Email: "ada.byron@example.com", FirstName: "Ada"}); same != id {
		t.Errorf("who unsubscribed became contact %s", same)
	}
	b.Do(func(l *sandbox.Locked) {
		if state := l.ByEmail("ada.byron@example.com").State; state != "unsubscribed" {
			t.Errorf("who unsubscribed is %s again", state)
		}
	})
}

func (b *bench) wantTags(t *testing.T, id string, want ...crm.Tag) {
	t.Helper()
	var refs []string
	for _, tag := range want {
		refs = append(refs, tag.Ref)
	}
	got := b.read(t, id).Tags
	slices.Sort(got)
	slices.Sort(refs)
	if !slices.Equal(got, refs) {
		t.Errorf("tags %v, want %v", got, refs)
	}
}

func tags(t *testing.T, f Fixture) {
	b := f.start(t, sandbox.Options{}, nil)
	id, _ := b.upsert(t, "", ada)
	one, two := b.tag(t, "Buyer"), b.tag(t, "Lead, warm")
	if again := b.tag(t, "Buyer"); again != one {
		t.Errorf("the tag was made twice: %+v and %+v", one, again)
	}
	b.apply(t, id, crm.Change{Add: []crm.Tag{one, two}})
	b.apply(t, id, crm.Change{Add: []crm.Tag{one}})
	b.wantTags(t, id, one, two)
	b.apply(t, id, crm.Change{Remove: []crm.Tag{two}})
	b.apply(t, id, crm.Change{Remove: []crm.Tag{two}})
	b.wantTags(t, id, one)

	came := make(chan struct{}, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came <- struct{}{} }))
	defer hook.Close()
	b.Automate(sandbox.Automation{Tag: "Buyer", Steps: []sandbox.Step{{Post: hook.URL}}})
	b.apply(t, id, crm.Change{Remove: []crm.Tag{one}, Add: []crm.Tag{one}})
	select {
	case <-came:
	case <-time.After(5 * time.Second):
		t.Error("a tag that was taken off and added did not come again for the CRM")
	}
	b.wantTags(t, id, one)
}

func fields(t *testing.T, f Fixture) {
	b := f.start(t, sandbox.Options{}, nil)
	id, _ := b.upsert(t, "", ada)
	code, until := b.field(t, "Coupon code"), b.field(t, "Coupon until")
	if again := b.field(t, "Coupon code"); again.Ref != code.Ref {
		t.Errorf("the field was made twice: %+v and %+v", code, again)
	}
	b.apply(t, id, crm.Change{Fields: map[string]string{code.Ref: "BACK-1", until.Ref: "1 May"}})
	b.apply(t, id, crm.Change{Fields: map[string]string{code.Ref: "BACK-2"}})
	if got := b.read(t, id).Fields; got[code.Ref] != "BACK-2" || got[until.Ref] != "1 May" {
		t.Errorf("fields %v; one that is not named must stay", got)
	}
	b.apply(t, id, crm.Change{Fields: map[string]string{code.Ref: ""}})
	if got := b.read(t, id).Fields; got[code.Ref] != "" || got[until.Ref] != "1 May" {
		t.Errorf("fields %v, want the code empty", got)
	}
	b.upsert(t, id, crm.Person{Email: ada.Email, FirstName: "Ada", LastName: "King"})
	if got := b.read(t, id).Fields; got[until.Ref] != "1 May" {
		t.Errorf("a new name wiped out a field: %v", got)
	}
}

func lists(t *testing.T, f Fixture) {
	b := f.start(t, sandbox.Options{}, nil)
	b.Do(func(l *sandbox.Locked) {
		for i := range 250 {
			l.Tag(fmt.Sprintf("Tag %03d", i))
		}
		for i := range 30 {
			l.Field(fmt.Sprintf("Field %02d", i))
		}
	})
	tags, err := b.Tags(t.Context())
	if err != nil || len(tags) != 250 {
		t.Errorf("%d tags, %v; want 250", len(tags), err)
	}
	fields, err := b.Fields(t.Context())
	if err != nil || len(fields) != 30 {
		t.Errorf("%d fields, %v; want 30", len(fields), err)
	}
	if last := b.tag(t, "Tag 249"); !slices.Contains(tags, last) {
		t.Errorf("the last tag is %+v, which is not in the list", last)
	}
}

func gone(t *testing.T, f Fixture) {
	b := f.start(t, sandbox.Options{}, nil)
	id, _ := b.upsert(t, "", ada)
	tag, field := b.tag(t, "Buyer"), b.field(t, "Code")
	b.Do(func(l *sandbox.Locked) { l.Delete(l.ByEmail(ada.Email).ID) })
	_, err := b.Read(t.Context(), id)
	wantFault(t, "read", err, crm.FaultNotFound)
	wantFault(t, "tag", b.Apply(t.Context(), id, crm.Change{Add: []crm.Tag{tag}}), crm.FaultNotFound)
	wantFault(t, "field", b.Apply(t.Context(), id, crm.Change{Fields: map[string]string{field.Ref: "x"}}), crm.FaultNotFound)
	_, err = b.Read(t.Context(), "nonsense")
	wantFault(t, "read nonsense", err, crm.FaultNotFound)

	id, _ = b.upsert(t, "", ada)
	b.Do(func(l *sandbox.Locked) { l.DropTag("Buyer") })
	err = b.Apply(t.Context(), id, crm.Change{Add: []crm.Tag{tag}})
	if f.TagsAreNames && err == nil {
		b.wantTags(t, id, tag)
	} else if !crm.IsFault(err, crm.FaultInvalid, crm.FaultNotFound) {
		t.Errorf("a tag that was deleted: %v", err)
	}
}

// name is a name as the CRM can keep it.
func (f Fixture) name(text string) string {
	if runes := []rune(text); f.MaxName > 0 && len(runes) > f.MaxName {
		return strings.TrimSpace(string(runes[:f.MaxName]))
	}
	return text
}

func hostile(t *testing.T, f Fixture) {
	b := f.start(t, sandbox.Options{}, nil)
	for i, text := range []string{"Zoë 🎈", `"><script>alert(1)</script>`, "a&b=c+d %41 #x", "אהוב", strings.Repeat("long ", 18) + "x"} {
		p := crm.Person{Email: fmt.Sprintf("a+b.%d'x@example.com", i), FirstName: text, LastName: "O'Neill"}
		id, _ := b.upsert(t, "", p)
		tag, field := b.tag(t, text), b.field(t, fmt.Sprint("Field ", i))
		b.apply(t, id, crm.Change{Add: []crm.Tag{tag}, Fields: map[string]string{field.Ref: text}})
		c := b.read(t, id)
		if c.FirstName != f.name(text) || c.LastName != "O'Neill" || c.Fields[field.Ref] != text || !slices.Equal(c.Tags, []string{tag.Ref}) {
			t.Errorf("%q came back as %+v", text, c)
		}
		if found, err := b.Find(t.Context(), p.Email); err != nil || found.ID != id {
			t.Errorf("%s is not found: %v", p.Email, err)
		}
	}
}
