package shortcodes

import "io"

// Coupon is the place where visitors see the coupons that they came with or
// own. It is the same for everybody, and hidden until the script has some to
// show.
type Coupon struct {
	Lang
	Instance string // prefix of every id, unique in the page
	URL      string // where the button leads when a coupon does not say; empty: no button
}

// RenderCoupon writes the fragment as one line of HTML.
func RenderCoupon(w io.Writer, c Coupon) error {
	c.Lang = c.Lang.withDefaults()
	c.Instance = instance(c.Instance)
	return render(w, "coupon", c)
}
