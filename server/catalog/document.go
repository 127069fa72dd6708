package catalog

import (
	"reflect"
	"strings"
	"time"
)

// document is a catalogue file: what an export writes. Two things are the same
// when their documents are.
type document struct {
	Products []productDoc `yaml:"products,omitempty"`
	Offers   []offerDoc   `yaml:"offers,omitempty"`
}

type productDoc struct {
	Slug        string     `yaml:"slug"`
	Name        string     `yaml:"name"`
	Description string     `yaml:"description,omitempty"`
	StartPage   string     `yaml:"start_page,omitempty"`
	Roles       []string   `yaml:"roles,omitempty,flow"`
	AccessTags  []string   `yaml:"access_tags,omitempty,flow"`
	RevokeTags  []string   `yaml:"revoke_tags,omitempty,flow"`
	TaxClass    string     `yaml:"tax_class,omitempty"`
	Status      Status     `yaml:"status,omitempty"`
	GiftCard    *giftDoc   `yaml:"gift_card,omitempty"`
	Prices      []priceDoc `yaml:"prices,omitempty"`

	Automations map[Moment]automationDoc `yaml:"automations,omitempty"`
}

// giftDoc makes a product a gift card. An empty one is worth its price.
type giftDoc struct {
	Minimum   string `yaml:"minimum,omitempty"` // with maximum: the buyer chooses the amount
	Maximum   string `yaml:"maximum,omitempty"`
	Coupons   bool   `yaml:"coupons,omitempty"`
	GiftCards bool   `yaml:"gift_cards,omitempty"`
}

type priceDoc struct {
	Slug   string    `yaml:"slug"`
	Kind   PriceKind `yaml:"kind,omitempty"`
	Amount string    `yaml:"amount"`
	Status Status    `yaml:"status,omitempty"`
}

type offerDoc struct {
	Slug        string      `yaml:"slug"`
	Name        string      `yaml:"name"`
	Description string      `yaml:"description,omitempty"`
	Status      Status      `yaml:"status,omitempty"`
	Items       []itemDoc   `yaml:"items,omitempty"`
	Seats       int         `yaml:"seats,omitempty"`
	TimeZone    string      `yaml:"timezone,omitempty"`
	OpensAt     string      `yaml:"opens_at,omitempty"`
	ClosesAt    string      `yaml:"closes_at,omitempty"`
	ClosedText  string      `yaml:"closed_text,omitempty"`
	ClosedOffer string      `yaml:"closed_offer,omitempty"`
	ThankYou    thankYouDoc `yaml:"thank_you,omitempty"`
	Help        string      `yaml:"help,omitempty"`
	Form        formDoc     `yaml:"form,omitempty"`

	Automations map[Moment]automationDoc `yaml:"automations,omitempty"`
}

type itemDoc struct {
	Price       string `yaml:"price"`
	Quantity    int64  `yaml:"quantity,omitempty"`
	MaxQuantity int64  `yaml:"max_quantity,omitempty"`
	Amount      string `yaml:"amount,omitempty"`
}

type thankYouDoc struct {
	URL             string `yaml:"url,omitempty"`
	AppendOrderInfo bool   `yaml:"append_order_info,omitempty"`
}

type formDoc struct {
	Headline      string   `yaml:"headline,omitempty"`
	ContinueLabel string   `yaml:"continue_label,omitempty"`
	ButtonLabel   string   `yaml:"button_label,omitempty"`
	FreeLabel     string   `yaml:"free_label,omitempty"`
	Terms         string   `yaml:"terms,omitempty"`
	TermsURL      string   `yaml:"terms_url,omitempty"`
	TermsLabel    string   `yaml:"terms_label,omitempty"`
	CouponField   Field    `yaml:"coupon_field,omitempty"`
	GiftCardField Field    `yaml:"gift_card_field,omitempty"`
	Country       string   `yaml:"country,omitempty"`
	Countries     []string `yaml:"countries,omitempty,flow"`
}

func documentOf(p *Product) productDoc {
	d := productDoc{
		Slug: p.Slug, Name: p.Name, Description: p.Description, StartPage: p.StartPage,
		Roles: list(p.Roles), AccessTags: list(p.AccessTags), RevokeTags: list(p.RevokeTags),
		TaxClass: p.TaxClass, Status: p.Status, Automations: documentOfAutomations(p.Automations),
	}
	if d.TaxClass == TaxClassStandard {
		d.TaxClass = ""
	}
	if d.Status == StatusActive {
		d.Status = ""
	}
	if g := p.GiftCard; g != nil {
		d.GiftCard = &giftDoc{Coupons: g.Coupons, GiftCards: g.GiftCards}
		if g.Chosen {
			d.GiftCard.Minimum = amountText(g.Minimum)
			d.GiftCard.Maximum = amountText(g.Maximum)
		}
	}
	return d
}

func documentOfPrice(p *Price) priceDoc {
	d := priceDoc{Slug: p.Slug, Kind: p.Kind, Amount: amountText(p.UnitAmount), Status: p.Status}
	if d.Kind == PriceOneTime {
		d.Kind = ""
	}
	if d.Status == StatusActive {
		d.Status = ""
	}
	return d
}

func documentOfOffer(o *Offer) offerDoc {
	d := offerDoc{
		Slug: o.Slug, Name: o.Name, Description: o.Description, Status: o.Status, Seats: o.Seats,
		TimeZone: o.TimeZone, OpensAt: momentText(o.OpensAt, o.TimeZone), ClosesAt: momentText(o.ClosesAt, o.TimeZone),
		ClosedText: o.ClosedText, ClosedOffer: o.ClosedOffer, ThankYou: thankYouDoc{o.ThankYouURL, o.AppendOrderInfo},
		Help: o.Help, Form: formDoc(o.Form), Automations: documentOfAutomations(o.Automations),
	}
	d.Form.Countries = list(o.Form.Countries)
	if d.TimeZone == defaultTimeZone {
		d.TimeZone = ""
	}
	for _, item := range o.Items {
		doc := itemDoc{Price: item.Price.Slug, Quantity: item.Quantity, MaxQuantity: item.MaxQuantity}
		if doc.Quantity == 1 {
			doc.Quantity = 0
		}
		if item.UnitAmount != nil {
			doc.Amount = amountText(*item.UnitAmount)
		}
		d.Items = append(d.Items, doc)
	}
	return d
}

// list returns nil for an empty list, so that documents compare.
func list(l []string) []string {
	if len(l) == 0 {
		return nil
	}
	return l
}

const minute = "2006-01-02 15:04"

// momentText writes a moment on the owner's clock. One that this clock shows
// twice or not to the minute is written with its offset.
func momentText(moment *time.Time, zone string) string {
	if moment == nil {
		return ""
	}
	place, err := time.LoadLocation(zone)
	if err != nil {
		return moment.UTC().Format(time.RFC3339Nano)
	}
	text := moment.In(place).Format(minute)
	if back, err := time.ParseInLocation(minute, text, place); err != nil || !back.Equal(*moment) {
		return moment.In(place).Format(time.RFC3339Nano)
	}
	return text
}

// differences returns the names of the fields in which two documents of one
// type differ.
func differences(a, b any) []string {
	var fields []string
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range va.NumField() {
		if !reflect.DeepEqual(va.Field(i).Interface(), vb.Field(i).Interface()) {
			name, _, _ := strings.Cut(va.Type().Field(i).Tag.Get("yaml"), ",")
			fields = append(fields, name)
		}
	}
	return fields
}
