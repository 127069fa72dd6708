package keap

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/crm"
)

// hook is one that somebody asked for; the book has it once it is verified.
type hook struct {
	Key    string `json:"key"`
	Event  string `json:"eventKey"`
	URL    string `json:"hookUrl"`
	Status string `json:"status"`
	bookID int
}

// events are the names of what hooks tell of, and the book's.
var events = map[string]string{"contactGroup.applied": "added", "contactGroup.removed": "removed", "contact.edit": "changed"}

func (s *Server) listHooks(*crm.Locked, *http.Request) (int, any) {
	return http.StatusOK, append([]*hook{}, s.hooks...)
}

func (s *Server) dropHook(l *crm.Locked, r *http.Request) (int, any) {
	i := slices.IndexFunc(s.hooks, func(h *hook) bool { return h.Key == r.PathValue("key") })
	if i < 0 {
		return http.StatusNotFound, object{"message": "Hook not found"}
	}
	l.DropHook(s.hooks[i].bookID)
	s.hooks = slices.Delete(s.hooks, i, i+1)
	return http.StatusNoContent, nil
}

// subscribe makes a hook and asks its address whether it is meant.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request) {
	h := &hook{Status: "Unverified"}
	if err := json.NewDecoder(r.Body).Decode(h); err != nil || events[h.Event] == "" || h.URL == "" {
		write(w, http.StatusBadRequest, object{"message": "The hook is not valid"})
		return
	}
	s.Do(func(l *crm.Locked) {
		h.Key, h.Status = strconv.Itoa(l.Next()), "Unverified"
		s.hooks = append(s.hooks, h)
	})
	s.ask(w, r, h)
}

func (s *Server) verify(w http.ResponseWriter, r *http.Request) {
	var found *hook
	s.Do(func(*crm.Locked) {
		if i := slices.IndexFunc(s.hooks, func(h *hook) bool { return h.Key == r.PathValue("key") }); i >= 0 {
			found = s.hooks[i]
		}
	})
	if found == nil {
		write(w, http.StatusNotFound, object{"message": "Hook not found"})
		return
	}
	s.ask(w, r, found)
}

// ask sends a secret to the address of a hook, which has to give it back, and
// answers with how the hook is after that.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, h *hook) {
	meant := echoes(r.Context(), h.URL)
	var answer hook
	s.Do(func(l *crm.Locked) {
		if meant && h.bookID == 0 {
			h.Status, h.bookID = "Verified", l.AddHook(crm.Hook{URL: h.URL, Event: events[h.Event]}).ID
		}
		answer = *h
	})
	write(w, http.StatusOK, &answer)
}

func echoes(ctx context.Context, address string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, http.NoBody)
	if err != nil {
		return false
	}
	secret := rand.Text()
	r.Header.Set("X-Hook-Secret", secret)
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close() // nothing of it is read
	return answer.StatusCode == http.StatusOK && answer.Header.Get("X-Hook-Secret") == secret
}

// delivery writes what a hook delivers. Of tags the id is the tag's.
func delivery(h crm.Hook, c crm.Contact, tag string) (kind, body string) {
	event, of, key := "contact.edit", "contact", object{"id": c.ID, "apiUrl": "", "timestamp": "2026-05-01T09:00:00Z"}
	for name, mine := range events {
		if mine == h.Event {
			event = name
		}
	}
	if tag != "" {
		of = "contactGroup"
		key["id"], key["contact_details"] = h.TagID, []object{{"id": c.ID}}
	}
	text, _ := json.Marshal(object{"event_key": event, "object_type": of, "object_keys": []object{key}}) // nothing in it can fail
	return "application/json", string(text)
}
