package stripe

// args are checked parameters. A value that was sent empty, to unset it, is
// there and nil.
type args map[string]any

func (a args) has(name string) bool {
	_, ok := a[name]
	return ok
}

func (a args) text(name string) string {
	s, _ := a[name].(string)
	return s
}

func (a args) integer(name string) int64 {
	n, _ := a[name].(int64)
	return n
}

func (a args) boolean(name string) bool {
	b, _ := a[name].(bool)
	return b
}

// hash returns the parts of a hash, none when it was not sent.
func (a args) hash(name string) args {
	h, _ := a[name].(args)
	return h
}

func (a args) texts(name string) []string {
	values, _ := a[name].([]any)
	texts := make([]string, 0, len(values))
	for _, v := range values {
		if s, ok := v.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// metadata returns the pairs, and whether all earlier ones are to be dropped.
func (a args) metadata() (pairs map[string]string, clear bool) {
	pairs, _ = a["metadata"].(map[string]string)
	return pairs, a.has("metadata") && pairs == nil
}

// newMetadata is the metadata of a new object; never nil.
func (a args) newMetadata() map[string]string {
	pairs, _ := a.metadata()
	return mergeMetadata(nil, pairs, false)
}

// setText writes the parameter into the field, if it was sent.
func (a args) setText(name string, to *Text) {
	if a.has(name) {
		*to = Text(a.text(name))
	}
}
