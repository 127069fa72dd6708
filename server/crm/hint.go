package crm

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Delivery is what a CRM has sent to a webhook of ours.
type Delivery struct {
	ContentType string
	Query       string // of the address, without the question mark
	Body        []byte
}

// Hint names a contact of whom a delivery tells. Nothing else of a delivery is
// believed: the contact is read from the CRM.
type Hint struct {
	ContactID string // the CRM's
	Email     string
}

// MaxDelivery is the largest body that is read: ample for Keap's batches of a
// thousand contacts.
const MaxDelivery = 1 << 20

const (
	maxHints  = 1000
	maxPairs  = 20_000
	maxNested = 12
)

// The names under which CRMs send the id and the address of a contact, the surest
// first; letter case and white space around do not count. Forms with brackets,
// contact[id], and JSON objects, {"contact":{"id":…}}, are written alike.
var (
	idNames = []string{
		"contactid", "contact_id", "contact0id", "contact.id", "data.subscriber.id", "subscriber.id", "data.id", "subscriber_id", "id",
	}
	emailNames = []string{
		"contact.email", "email", "data.email", "data.subscriber.email", "subscriber.email_address", "subscriber.email", "email_address",
	}
)

// ParseHints reads whom a delivery tells of: JSON, a form with brackets as PHP
// writes them, or multipart, whatever the content type says. What cannot be read
// gives no hints.
func ParseHints(d Delivery) []Hint {
	if len(d.Body) > MaxDelivery {
		return nil
	}
	p := pairs{}
	p.form(d.Query)
	kind, params, _ := mime.ParseMediaType(d.ContentType) // one that cannot be parsed is looked at
	body := bytes.TrimSpace(d.Body)
	switch {
	case len(body) > 0 && (body[0] == '{' || body[0] == '['):
		if hints, ok := jsonHints(body, p); ok {
			return hints
		}
	case strings.HasPrefix(kind, "multipart/") && params["boundary"] != "":
		p.multipart(body, params["boundary"])
	default:
		p.form(string(body))
	}
	return p.hints()
}

// pairs are the texts of a delivery by their normalised names.
type pairs map[string]string

func (p pairs) put(name, value string) {
	if len(p) < maxPairs && len(name) <= 200 && utf8.ValidString(value) {
		if _, has := p[name]; !has {
			p[name] = value
		}
	}
}

// normal writes contact[id] as contact.id, in small letters.
func normal(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	return strings.NewReplacer("[", ".", "]", "").Replace(name)
}

func (p pairs) form(text string) {
	for pair := range strings.SplitSeq(text, "&") {
		if len(p) >= maxPairs {
			return
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			continue
		}
		if value, err = url.QueryUnescape(value); err == nil {
			p.put(normal(name), value)
		}
	}
}

func (p pairs) multipart(body []byte, boundary string) {
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for range 200 {
		part, err := reader.NextPart()
		if err != nil {
			return
		}
		value, err := io.ReadAll(io.LimitReader(part, 10_000))
		if err == nil && part.FileName() == "" {
			p.put(normal(part.FormName()), string(value))
		}
	}
}

func (p pairs) first(names []string) string {
	for _, name := range names {
		if value := strings.TrimSpace(p[name]); value != "" && len(value) <= 190 {
			return value
		}
	}
	return ""
}

func (p pairs) hints() []Hint {
	h := Hint{ContactID: p.first(idNames), Email: p.first(emailNames)}
	if h == (Hint{}) {
		return nil
	}
	return []Hint{h}
}

// jsonHints reads an object, a list of objects, or Keap's list of keys. Texts of
// the address count as if they stood in each object.
func jsonHints(body []byte, query pairs) ([]Hint, bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return nil, false
	}
	objects, isList := value.([]any)
	if !isList {
		objects = []any{value}
	}
	var hints []Hint
	for _, object := range objects {
		fields, ok := object.(map[string]any)
		if !ok {
			continue
		}
		if keys, ok := fields["object_keys"].([]any); ok {
			event, _ := fields["event_key"].(string)
			hints = append(hints, keapHints(keys, strings.HasPrefix(event, "contactGroup."))...)
			continue
		}
		p := pairs{}
		for name, value := range query {
			p.put(name, value)
		}
		p.object("", fields, 0)
		hints = append(hints, p.hints()...)
		if len(hints) >= maxHints {
			return hints[:maxHints], true
		}
	}
	return hints[:min(len(hints), maxHints)], true
}

func (p pairs) object(prefix string, fields map[string]any, depth int) {
	if depth > maxNested {
		return
	}
	for name, value := range fields {
		name = prefix + normal(name)
		switch value := value.(type) {
		case string:
			p.put(name, value)
		case json.Number:
			p.put(name, numberText(value))
		case map[string]any:
			p.object(name+".", value, depth+1)
		}
	}
}

// numberText writes an id that came as a number, also as 8.0 or 8e0.
func numberText(n json.Number) string {
	if f, err := n.Float64(); err == nil && f == float64(int64(f)) && f < 1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	return n.String()
}

// keapHints reads the contacts of a REST hook. Where it tells of tags the ids are
// those of the tags, and the contacts stand in contact_details, if they do.
func keapHints(keys []any, ofTags bool) []Hint {
	var hints []Hint
	add := func(fields map[string]any) {
		p := pairs{}
		p.object("", fields, 0)
		if id := p["id"]; id != "" && len(hints) < maxHints {
			hints = append(hints, Hint{ContactID: id})
		}
	}
	for _, key := range keys {
		fields, ok := key.(map[string]any)
		if !ok {
			continue
		}
		details, has := fields["contact_details"].([]any)
		if !has && !ofTags {
			add(fields)
		}
		for _, detail := range details {
			if contact, ok := detail.(map[string]any); ok {
				add(contact)
			}
		}
	}
	return hints
}
