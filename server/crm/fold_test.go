package crm

import (
	"maps"
	"slices"
	"testing"

	"github.com/tillside/tillside/server/contact"
)

func change(added, removed []string, again bool) Mirror {
	var c contact.Changed
	for _, tag := range added {
		c.Added = append(c.Added, contact.TagEvent{Tag: tag, Again: again})
	}
	for _, tag := range removed {
		c.Removed = append(c.Removed, contact.TagEvent{Tag: tag})
	}
	return Mirror{Changed: c}
}

func TestFold(t *testing.T) {
	tags := func(names ...string) []string { return names }
	for _, tt := range []struct {
		name        string
		changes     []Mirror
		known       map[string]RemoteTag
		add, remove []string
	}{
		{"came", []Mirror{change(tags("A"), nil, false)}, nil, tags("A"), nil},
		{"came and went, never sent", []Mirror{change(tags("A"), nil, false), change(nil, tags("A"), false)}, nil, nil, nil},
		{"came and went, an answer was lost", []Mirror{change(tags("A"), nil, false), change(nil, tags("A"), false)},
			map[string]RemoteTag{"A": {Presence: Tried}}, nil, tags("A")},
		{"went", []Mirror{change(nil, tags("A"), false)}, map[string]RemoteTag{"A": {Presence: Present}}, nil, tags("A")},
		{"again", []Mirror{change(tags("A"), nil, true)}, map[string]RemoteTag{"A": {Presence: Present}}, tags("A"), tags("A")},
		{"again, never sent", []Mirror{change(tags("A"), nil, false), change(tags("A"), nil, true)}, nil, tags("A"), nil},
		{"went and came", []Mirror{change(nil, tags("A"), false), change(tags("A"), nil, false)},
			map[string]RemoteTag{"A": {Presence: Present}}, tags("A"), tags("A")},
		{"bought", []Mirror{change(tags("Started"), nil, false), change(tags("Bought"), tags("Started"), false)}, nil, tags("Bought"), nil},
	} {
		f := fold(tt.changes)
		f.against(tt.known)
		add, remove := slices.Sorted(maps.Keys(f.add)), slices.Sorted(maps.Keys(f.remove))
		if !slices.Equal(add, tt.add) || !slices.Equal(remove, tt.remove) {
			t.Errorf("%s: add %v, remove %v; want %v and %v", tt.name, add, remove, tt.add, tt.remove)
		}
	}
}
