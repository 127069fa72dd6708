package shortcodes

import (
	"io"
	"strings"
)

// GiftCard is the page on which the holder of a gift card sees its balance and
// prints it. It is the same for everybody: the script asks for the code, or
// takes it from behind the # of the address.
type GiftCard struct {
	Lang
	Instance string // prefix of every id, unique in the page
	Site     string // the site's name
	SiteURL  string
}

// Address returns the site's address as people write it: without scheme.
func (g GiftCard) Address() string {
	_, address, _ := strings.Cut(g.SiteURL, "://")
	return address
}

// RenderGiftCard writes the fragment as one line of HTML.
func RenderGiftCard(w io.Writer, g GiftCard) error {
	g.Lang = g.Lang.withDefaults()
	g.Instance = instance(g.Instance)
	return render(w, "gift_card", g)
}
