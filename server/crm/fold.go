package crm

import (
	"maps"
	"slices"
)

// folded is what waits for one contact at one connection, as one change of its
// tags and fields by our names.
type folded struct {
	add, remove map[string]bool // a tag in both is taken off first, so that it comes again
	fields      map[string]string
	person      bool // names or address changed
	resync      bool
}

// fold puts changes together in the order in which they came. A tag that came and
// went again is gone; one that went and came again is seen to come again; a full
// re-sync makes what came before it needless.
func fold(changes []Mirror) *folded {
	f := &folded{add: map[string]bool{}, remove: map[string]bool{}, fields: map[string]string{}}
	for _, c := range changes {
		if c.Resync {
			f.resync = true
		}
		f.person = f.person || c.Person
		for _, e := range c.Removed {
			delete(f.add, e.Tag)
			f.remove[e.Tag] = true
		}
		for _, e := range c.Added {
			if e.Again && !f.add[e.Tag] {
				f.remove[e.Tag] = true
			}
			f.add[e.Tag] = true
		}
		maps.Copy(f.fields, c.Fields)
	}
	return f
}

// against leaves out what the CRM has already by all that is known: a tag that was
// never sent need not be taken off. What is known before the change is sent, and
// what after it was done, is returned: an answer that gets lost must not make us
// forget what we have sent.
func (f *folded) against(known map[string]RemoteTag) (before, after map[string]Presence) {
	before, after = map[string]Presence{}, map[string]Presence{}
	for _, tag := range slices.Collect(maps.Keys(f.remove)) {
		if known[tag].Presence == Absent {
			delete(f.remove, tag)
		}
	}
	for tag := range f.remove {
		after[tag] = Absent
	}
	for tag := range f.add {
		after[tag] = Present
		if known[tag].Presence == Absent {
			before[tag] = Tried
		}
	}
	return before, after
}

// everything is the change that brings a CRM to what a contact has, whatever it was
// told before: all tags and fields, and none of the tags that it had from us and
// that are gone here. Nothing comes again by it.
func everything(tags []string, fields map[string]string, known map[string]RemoteTag) *folded {
	f := &folded{add: map[string]bool{}, remove: map[string]bool{}, fields: fields, person: true}
	for _, tag := range tags {
		f.add[tag] = true
	}
	for tag, state := range known {
		if state.Presence != Absent && !f.add[tag] {
			f.remove[tag] = true
		}
	}
	return f
}
