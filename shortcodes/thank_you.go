package shortcodes

import "io"

// ThankYou is the page after a purchase. It is the same for everybody: the
// script finds the order in the browser's session and fills it in.
type ThankYou struct {
	Lang
	Instance string // prefix of every id, unique in the page
	inForm   bool
}

// InForm reports whether the panel is part of an order form, which shows it
// only when it is paid.
func (t ThankYou) InForm() bool { return t.inForm }

// RenderThankYou writes the page's fragment as one line of HTML.
func RenderThankYou(w io.Writer, t ThankYou) error {
	t.Lang = t.Lang.withDefaults()
	t.Instance = instance(t.Instance)
	return render(w, "thank_you", t)
}
