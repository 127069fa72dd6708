package stripe

import (
	"slices"
)

// table keeps the objects of a kind in the order in which they were made.
type table[T any] struct {
	order []string
	rows  map[string]T
	place map[string]int // index in order, for paging
}

func (t *table[T]) add(id string, row T) {
	if t.rows == nil {
		t.rows, t.place = map[string]T{}, map[string]int{}
	}
	t.rows[id] = row
	t.place[id] = len(t.order)
	t.order = append(t.order, id)
}

func (t *table[T]) get(id string) (T, bool) {
	row, ok := t.rows[id]
	return row, ok
}

func (t *table[T]) remove(id string) {
	i, ok := t.place[id]
	if !ok {
		return
	}
	delete(t.rows, id)
	delete(t.place, id)
	t.order = slices.Delete(t.order, i, i+1)
	for ; i < len(t.order); i++ {
		t.place[t.order[i]] = i
	}
}

// all returns the rows, oldest first.
func (t *table[T]) all() []T {
	rows := make([]T, 0, len(t.order))
	for _, id := range t.order {
		rows = append(rows, t.rows[id])
	}
	return rows
}

// List is a page of objects, newest first.
type List[T any] struct {
	Object  string `json:"object"`
	Data    []T    `json:"data"`
	HasMore bool   `json:"has_more"`
	URL     string `json:"url"`
}

var pageParams = params{
	"limit": integer(), "starting_after": text(), "ending_before": text(),
}

var createdParams = params{
	"created": hash(params{"gt": integer(), "gte": integer(), "lt": integer(), "lte": integer()}),
}

// page returns the asked page of the rows that keep says yes to.
func page[T any](c *call, t *table[T], url string, keep func(T) bool) (*List[T], error) {
	limit := 10
	if c.args.has("limit") {
		limit = int(c.args.integer("limit"))
	}
	if limit < 1 || limit > 100 {
		return nil, malformed("parameter_invalid_integer", "limit", "This value must be between 1 and 100 (it currently is %d).", limit)
	}
	after, before := c.args.text("starting_after"), c.args.text("ending_before")
	if after != "" && before != "" {
		return nil, malformed("", "ending_before", "You cannot parametrize both starting_after and ending_before.")
	}
	from, step := len(t.order)-1, -1
	for name, cursor := range map[string]string{"starting_after": after, "ending_before": before} {
		if cursor == "" {
			continue
		}
		i, ok := t.place[cursor]
		if !ok {
			return nil, missing("object", name, cursor)
		}
		from = i - 1
		if name == "ending_before" {
			from, step = i+1, 1
		}
	}
	got := &List[T]{Object: "list", Data: []T{}, URL: url}
	for i := from; i >= 0 && i < len(t.order); i += step {
		row := t.rows[t.order[i]]
		if !keep(row) {
			continue
		}
		if len(got.Data) == limit {
			got.HasMore = true
			break
		}
		got.Data = append(got.Data, row)
	}
	if step > 0 {
		slices.Reverse(got.Data)
	}
	return got, nil
}

// createdWithin tells whether a time is in the asked range.
func (a args) createdWithin(at int64) bool {
	r := a.hash("created")
	return (!r.has("gt") || at > r.integer("gt")) && (!r.has("gte") || at >= r.integer("gte")) &&
		(!r.has("lt") || at < r.integer("lt")) && (!r.has("lte") || at <= r.integer("lte"))
}
