package catalog

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	maxFile         = 4 << 20
	defaultTimeZone = "UTC"
)

// file is a catalogue file as it was read, with the lines of what it names.
type file struct {
	reader
	products []*Product
	prices   []filePrice
	offers   []*Offer // items hold only their price's slug and what the file says of them
	lines    map[place]int
}

// filePrice is a price whose product is known by its slug yet.
type filePrice struct {
	*Price
	product string
}

// place names a field of a thing; an empty field is the thing.
type place struct{ kind, slug, field string }

// lineOf returns the line that is nearest to a field; 0 when the thing is not
// in the file.
func (f *file) lineOf(kind, slug, field string) int {
	if line, ok := f.lines[place{kind, slug, field}]; ok {
		return line
	}
	if top, _, nested := strings.Cut(field, "."); nested {
		if line, ok := f.lines[place{kind, slug, top}]; ok {
			return line
		}
	}
	return f.lines[place{kind, slug, ""}]
}

// readFile reads a catalogue file. What is wrong with its form is in problems.
func readFile(r io.Reader, name string) (*file, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	f := &file{reader: reader{name: name}, lines: map[place]int{}}
	if len(raw) > maxFile {
		f.fail(0, "the file is larger than 4 MiB")
		return f, nil
	}
	var root yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(&root); err != nil {
		if errors.Is(err, io.EOF) {
			f.fail(0, "the file is empty")
		} else {
			f.syntax(err)
		}
		return f, nil
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		f.fail(0, "the file must hold one YAML document only")
		return f, nil
	}
	f.read(root.Content[0])
	return f, nil
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntax turns the YAML library's error into a problem with its line.
func (f *file) syntax(err error) {
	match := yamlLine.FindStringSubmatch(err.Error())
	if match == nil {
		f.fail(0, "this is no YAML: %v", err)
		return
	}
	line, _ := strconv.Atoi(match[1]) // empty: 0, no line
	f.fail(line, "this is no YAML: %s", match[2])
}

func (f *file) read(node *yaml.Node) {
	top := f.mapping(node, "the file", "timezone", "products", "offers")
	zone := top.or("timezone", defaultTimeZone)
	for _, node := range top.list("products") {
		f.product(node)
	}
	for _, node := range top.list("offers") {
		f.offer(node, zone)
	}
	if len(f.products)+len(f.offers)+len(f.problems) == 0 {
		f.fail(0, "the file names no products and no offers")
	}
}

// thing notes where a thing and its fields stand. It returns whether it is the
// first of its kind with that slug.
func (f *file) thing(m mapping, kind, slug, prefix string) bool {
	if !m.ok {
		return false
	}
	for key, node := range m.keys {
		f.lines[place{kind, slug, prefix + key}] = node.Line
	}
	if prefix != "" {
		return true
	}
	if first, ok := f.lines[place{kind, slug, ""}]; ok && slug != "" {
		f.fail(m.line, "%s %q is there twice, first in line %d", kind, slug, first)
		return false
	}
	f.lines[place{kind, slug, ""}] = m.line
	return true
}

func (f *file) product(node *yaml.Node) {
	m := f.mapping(node, kindProduct, "slug", "name", "description", "start_page", "roles", "access_tags", "revoke_tags",
		"tax_class", "status", "gift_card", "prices", "automations")
	p := &Product{
		Slug: m.text("slug"), Name: m.text("name"), Description: m.body("description"), StartPage: m.text("start_page"),
		Roles: m.texts("roles"), AccessTags: m.texts("access_tags"), RevokeTags: m.texts("revoke_tags"),
		TaxClass: m.or("tax_class", TaxClassStandard), Status: Status(m.or("status", string(StatusActive))),
	}
	if !f.thing(m, kindProduct, p.Slug, "") {
		return
	}
	if node := m.vals["gift_card"]; node != nil {
		p.GiftCard = f.giftCard(node)
	}
	p.Automations = f.automations(m, kindProduct, p.Slug)
	f.products = append(f.products, p)
	for _, node := range m.list("prices") {
		f.price(node, p.Slug)
	}
}

// giftCard reads what makes a product a gift card; "gift_card: {}" is one that is
// worth its price.
func (f *file) giftCard(node *yaml.Node) *GiftCard {
	m := f.mapping(node, "gift_card", "minimum", "maximum", "coupons", "gift_cards")
	g := &GiftCard{Coupons: m.boolean("coupons"), GiftCards: m.boolean("gift_cards")}
	least, most := m.amount("minimum"), m.amount("maximum")
	switch {
	case least == nil && most == nil:
	case least == nil || most == nil:
		f.fail(m.line, "a gift card whose amount the buyer chooses needs both minimum and maximum")
	case least.Currency != most.Currency:
		f.fail(m.line, "minimum and maximum must be in one currency")
	case least.Minor < 1 || most.Minor < least.Minor:
		f.fail(m.line, "the minimum must be above zero, and the maximum not below it")
	default:
		g.Chosen, g.Minimum, g.Maximum = true, *least, *most
	}
	return g
}

func (f *file) price(node *yaml.Node, product string) {
	m := f.mapping(node, kindPrice, "slug", "kind", "amount", "status")
	p := &Price{
		Slug: m.text("slug"), Kind: PriceKind(m.or("kind", string(PriceOneTime))),
		Status: Status(m.or("status", string(StatusActive))),
	}
	if !f.thing(m, kindPrice, p.Slug, "") {
		return
	}
	if amount := m.amount("amount"); amount != nil {
		p.UnitAmount = *amount
	} else if m.text("amount") == "" {
		f.fail(m.line, "price %q has no amount", p.Slug)
	}
	f.prices = append(f.prices, filePrice{p, product})
}

func (f *file) offer(node *yaml.Node, zone string) {
	m := f.mapping(node, kindOffer, "slug", "name", "description", "status", "seats", "items", "timezone", "opens_at", "closes_at",
		"closed_text", "closed_offer", "thank_you", "help", "form", "automations")
	zone = m.or("timezone", zone)
	o := &Offer{
		Slug: m.text("slug"), Name: m.text("name"), Description: m.body("description"),
		Status: Status(m.or("status", string(StatusActive))), TimeZone: zone,
		Seats: int(m.number("seats", 0)), OpensAt: m.moment("opens_at", zone), ClosesAt: m.moment("closes_at", zone),
		ClosedText: m.body("closed_text"), ClosedOffer: m.text("closed_offer"), Help: m.body("help"),
	}
	if !f.thing(m, kindOffer, o.Slug, "") {
		return
	}
	for i, node := range m.list("items") {
		o.Items = append(o.Items, f.item(node, i))
	}
	if node := m.vals["thank_you"]; !isNull(node) {
		t := f.mapping(node, "thank_you", "url", "append_order_info")
		o.ThankYouURL, o.AppendOrderInfo = t.text("url"), t.boolean("append_order_info")
	}
	if node := m.vals["form"]; !isNull(node) {
		o.Form = f.form(node, o.Slug)
	}
	o.Automations = f.automations(m, kindOffer, o.Slug)
	f.offers = append(f.offers, o)
}

func (f *file) item(node *yaml.Node, i int) OfferItem {
	m := f.mapping(node, "item", "price", "quantity", "max_quantity", "amount")
	slug := m.text("price")
	if slug == "" {
		f.fail(m.line, "the item names no price")
	}
	return OfferItem{
		Price: Price{Slug: slug}, Quantity: m.number("quantity", 1), MaxQuantity: m.number("max_quantity", 0),
		UnitAmount: m.amount("amount"), Position: i + 1,
	}
}

func (f *file) form(node *yaml.Node, offer string) OrderForm {
	m := f.mapping(node, "form", "headline", "continue_label", "button_label", "free_label", "terms", "terms_url", "terms_label",
		"coupon_field", "gift_card_field", "country", "countries")
	f.thing(m, kindOffer, offer, "form.")
	return OrderForm{
		Headline: m.text("headline"), ContinueLabel: m.text("continue_label"), ButtonLabel: m.text("button_label"),
		FreeLabel: m.text("free_label"), Terms: m.body("terms"), TermsURL: m.text("terms_url"), TermsLabel: m.text("terms_label"),
		CouponField: Field(m.text("coupon_field")), GiftCardField: Field(m.text("gift_card_field")),
		Country: m.text("country"), Countries: m.texts("countries"),
	}
}
