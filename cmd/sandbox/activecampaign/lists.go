package activecampaign

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tillside/tillside/cmd/sandbox/crm"
)

func describeTag(t crm.Named) object {
	return object{"id": strconv.Itoa(t.ID), "tag": t.Name, "tagType": "contact", "description": "", "cdate": "2026-05-01T09:00:00-05:00"}
}

// tags takes its filter for "contains", as the API is said to.
func (s *Server) tags(l *crm.Locked, r *http.Request) (int, object) {
	part := strings.ToLower(r.URL.Query().Get("filters[search][eq]"))
	rows := []object{}
	for _, t := range l.Tags() {
		if strings.Contains(strings.ToLower(t.Name), part) {
			rows = append(rows, describeTag(t))
		}
	}
	return page(r, "tags", rows)
}

func has(list []crm.Named, name string) bool {
	return slices.ContainsFunc(list, func(n crm.Named) bool { return n.Name == name })
}

func (s *Server) addTag(l *crm.Locked, r *http.Request) (int, object) {
	var in struct {
		Tag struct {
			Tag  string `json:"tag"`
			Type string `json:"tagType"`
		} `json:"tag"`
	}
	switch err := json.NewDecoder(r.Body).Decode(&in); {
	case err != nil, in.Tag.Tag == "", in.Tag.Type != "contact":
		return invalid("The tag needs a name and a type", "invalid")
	case has(l.Tags(), in.Tag.Tag):
		return invalid("The tag exists", "duplicate")
	}
	return http.StatusCreated, object{"tag": describeTag(l.Tag(in.Tag.Tag))}
}

func (s *Server) fields(l *crm.Locked, r *http.Request) (int, object) {
	rows, rels := []object{}, []object{}
	for _, f := range l.Fields() {
		rows = append(rows, object{
			"id": strconv.Itoa(f.ID), "title": f.Name, "type": "text", "perstag": strings.ToUpper(f.Name), "visible": "1", "options": []string{},
		})
		if !s.unrelated[f.ID] {
			rels = append(rels, object{"id": strconv.Itoa(f.ID), "field": strconv.Itoa(f.ID), "relid": "0"})
		}
	}
	status, body := page(r, "fields", rows)
	body["fieldRels"] = rels
	return status, body
}

func (s *Server) addField(l *crm.Locked, r *http.Request) (int, object) {
	var in struct {
		Field struct{ Title, Type string } `json:"field"`
	}
	switch err := json.NewDecoder(r.Body).Decode(&in); {
	case err != nil, in.Field.Title == "", in.Field.Type != "text":
		return invalid("The sandbox makes fields of text", "invalid")
	case has(l.Fields(), in.Field.Title):
		return invalid("The field exists", "duplicate")
	}
	f := l.Field(in.Field.Title)
	s.unrelated[f.ID] = true
	return http.StatusCreated, object{"field": object{"id": f.ID, "title": f.Name, "type": "text"}}
}

func (s *Server) relate(l *crm.Locked, r *http.Request) (int, object) {
	var in struct {
		Rel struct {
			Field number `json:"field"`
			List  number `json:"relid"`
		} `json:"fieldRel"`
	}
	id := 0
	if err := json.NewDecoder(r.Body).Decode(&in); err == nil {
		id = in.Rel.Field.int()
	}
	if l.FieldName(id) == "" || in.Rel.List != "0" {
		return invalid("The sandbox relates fields to all lists", "invalid")
	}
	delete(s.unrelated, id)
	return http.StatusCreated, object{"fieldRel": object{"id": strconv.Itoa(id), "field": strconv.Itoa(id), "relid": 0}}
}
