package crmtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	sandbox "github.com/tillside/tillside/cmd/sandbox/crm"
	"github.com/tillside/tillside/server/crm"
)

func refusals(t *testing.T, f Fixture) {
	b := f.start(t, sandbox.Options{}, func(c map[string]string) { c[f.Secret] = "very-secret-but-wrong" })
	_, err := b.Verify(t.Context())
	fault := wantFault(t, "wrong credentials", err, crm.FaultAuth)
	if strings.Contains(fmt.Sprint(err), "very-secret-but-wrong") || fault.Message == "" {
		t.Errorf("error %v", err)
	}
	b = f.start(t, sandbox.Options{}, nil)
	secret := f.Credentials[f.Secret]
	for status, kind := range map[string]crm.FaultKind{
		"401": crm.FaultAuth, "403": crm.FaultAuth, "402": crm.FaultPayment, "400": crm.FaultInvalid, "422": crm.FaultInvalid,
		"429": crm.FaultLimited, "500": crm.FaultTemporary, "502": crm.FaultTemporary, "503": crm.FaultTemporary,
	} {
		for _, body := range []string{"", "plain text with " + secret, `{"message":"` + secret + `"}`, strings.Repeat("<html>", 10_000)} {
			for _, path := range []string{"/*", "/*/*", "/*/*/*", "/*/*/*/*", "/*/*/*/*/*"} {
				b.Fail(sandbox.Fault{Match: "* " + path, Status: status, Body: body, Times: -1})
			}
			_, err := b.Verify(t.Context())
			wantFault(t, status, err, kind)
			if strings.Contains(fmt.Sprint(err), secret) || len(fmt.Sprint(err)) > 1000 {
				t.Errorf("error %v", err)
			}
			b.ClearFaults()
		}
	}
	b = f.start(t, sandbox.Options{Calls: 6, Per: time.Minute}, nil)
	if _, err := b.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	for err = nil; err == nil && len(b.Requests()) <= 6; {
		_, err = b.Verify(t.Context())
	}
	wantFault(t, "too many", err, crm.FaultLimited)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func lost(t *testing.T, f Fixture) {
	b := f.start(t, sandbox.Options{}, nil)
	id, _ := b.upsert(t, "", ada)
	field := b.field(t, "Code")
	b.Fail(sandbox.Fault{Match: f.ChangeField, Status: "reset"})
	change := crm.Change{Fields: map[string]string{field.Ref: "BACK-1"}}
	wantFault(t, "a lost answer", b.Apply(t.Context(), id, change), crm.FaultTemporary)
	b.apply(t, id, change)
	if got := b.read(t, id).Fields[field.Ref]; got != "BACK-1" {
		t.Errorf("field %q", got)
	}
}

func hooks(t *testing.T, f Fixture) {
	b := f.start(t, sandbox.Options{}, nil)
	maker, ok := b.Client.(crm.HookMaker)
	if !ok {
		t.Log("this CRM lets nobody make hooks")
		return
	}
	got := make(chan []crm.Hint, 10)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if secret := r.Header.Get("X-Hook-Secret"); secret != "" { // asked whether the hook is meant
			w.Header().Set("X-Hook-Secret", secret)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("body of a delivery: %v", err)
		}
		got <- crm.ParseHints(crm.Delivery{ContentType: r.Header.Get("Content-Type"), Query: r.URL.RawQuery, Body: body})
	}))
	defer target.Close()
	id, _ := b.upsert(t, "", ada)
	tag := b.tag(t, "Buyer")
	made, err := maker.MakeHook(t.Context(), target.URL, crm.EventTagAdded, tag)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := maker.MakeHook(t.Context(), target.URL, crm.EventTagAdded, tag); err != nil || again.ID != made.ID {
		t.Errorf("made twice: %+v and %+v, %v", made, again, err)
	}
	list, err := maker.Hooks(t.Context())
	if err != nil || len(list) != 1 || list[0] != made {
		t.Errorf("hooks %+v, %v; want %+v", list, err, made)
	}
	b.apply(t, id, crm.Change{Add: []crm.Tag{tag}})
	select {
	case hints := <-got:
		if len(hints) != 1 || hints[0].ContactID != id {
			t.Errorf("the delivery names %+v, want contact %s", hints, id)
		}
	case <-time.After(5 * time.Second):
		t.Error("nothing was delivered")
	}
	for range 2 {
		if err := maker.DropHook(t.Context(), made.ID); err != nil {
			t.Errorf("drop: %v", err)
		}
	}
	if list, err := maker.Hooks(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("hooks %+v, %v; want none", list, err)
	}
}

func reading(t *testing.T, f Fixture) {
	b := f.start(t, sandbox.Options{}, nil)
	reader, ok := b.Client.(crm.Reader)
	if !ok {
		t.Fatal("every CRM can list its contacts")
	}
	const people = 230
	tag := b.tag(t, "Buyer")
	b.Do(func(l *sandbox.Locked) {
		id := l.Tag("Buyer").ID
		for i := range people {
			c := l.Add(fmt.Sprintf("p%03d@example.com", i), "P", "")
			if i%2 == 0 {
				l.SetTag(c, id, true)
			}
		}
	})
	seen := map[string]bool{}
	for page, pages := "", 0; pages < 100; pages++ {
		found, next, err := reader.Contacts(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range found {
			seen[c.ID] = true
		}
		if page = next; page == "" {
			break
		}
	}
	tagged := map[string]bool{}
	for page, pages := "", 0; pages < 100; pages++ {
		found, next, err := reader.WithTag(t.Context(), tag, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range found {
			tagged[id] = true
		}
		if page = next; page == "" {
			break
		}
	}
	if len(seen) != people || len(tagged) != people/2 {
		t.Errorf("%d contacts and %d with the tag, want %d and %d", len(seen), len(tagged), people, people/2)
	}
}

func atOnce(t *testing.T, f Fixture) {
	b := f.start(t, sandbox.Options{}, nil)
	tag := b.tag(t, "Buyer")
	ids := make([]string, 20)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			id, _, err := b.Upsert(t.Context(), "", crm.Person{Email: fmt.Sprintf("p%d@example.com", i), FirstName: fmt.Sprint("P", i)})
			if err == nil {
				err = b.Apply(t.Context(), id, crm.Change{Add: []crm.Tag{tag}})
			}
			if err != nil {
				t.Error(err)
			}
			ids[i] = id
		})
	}
	wg.Wait()
	for i, id := range ids {
		if c := b.read(t, id); c.FirstName != fmt.Sprint("P", i) || len(c.Tags) != 1 {
			t.Errorf("contact %d: %+v", i, c)
		}
	}
}
