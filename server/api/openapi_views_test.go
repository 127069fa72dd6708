package api

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/order"
)

// described maps the document's schemas to the structs that are decoded and
// encoded. Package server has those that are missing here.
var described = map[string]reflect.Type{
	"Error": reflect.TypeFor[errorBody](), "Conflict": reflect.TypeFor[conflictView](),
	"Money": reflect.TypeFor[amountView](), "Quote": reflect.TypeFor[quoteView](), "Line": reflect.TypeFor[lineView](),
	"TaxLine": reflect.TypeFor[taxLineView](), "OfferRef": reflect.TypeFor[offerRef](), "Form": reflect.TypeFor[formView](),
	"ClosedOffer": reflect.TypeFor[closedView](), "Gateway": reflect.TypeFor[GatewayView](), "Contact": reflect.TypeFor[contactView](),
	"Details": reflect.TypeFor[detailsView](), "OrderRef": reflect.TypeFor[orderRef](), "Checkout": reflect.TypeFor[checkoutView](),
	"PayAnswer": reflect.TypeFor[payView](), "Receipt": reflect.TypeFor[receiptView](), "Access": reflect.TypeFor[accessView](),
	"Purchase": reflect.TypeFor[purchaseView](), "Credentials": reflect.TypeFor[credentialsView](),
	"LoginForm": reflect.TypeFor[loginView](), "Fragment": reflect.TypeFor[fragmentView](),

	"AppliedCoupon": reflect.TypeFor[couponView](), "AppliedGiftCard": reflect.TypeFor[giftCardView](),
	"GiftInput": reflect.TypeFor[giftInput](), "GiftCardRef": reflect.TypeFor[cardIDRequest](), "GiftCardBalance": reflect.TypeFor[balanceView](),
	"BoughtGiftCard": reflect.TypeFor[boughtCardView](), "GiftCardAdjustment": reflect.TypeFor[adjustRequest](),
	"GiftCardReplacement": reflect.TypeFor[replaceRequest](), "Notice": reflect.TypeFor[noticeView](), "CodeRequest": reflect.TypeFor[codeRequest](),

	"WaitRequest": reflect.TypeFor[waitRequest](), "LinkRequest": reflect.TypeFor[linkRequest](), "OpenedLink": reflect.TypeFor[linkView](), "ShowRequest": reflect.TypeFor[showRequest](),
	"ShownCoupon": reflect.TypeFor[shownView](), "ShownCoupons": reflect.TypeFor[shownListView](), "MainPageRequest": reflect.TypeFor[mainPageRequest](),
	"HookDelivery": reflect.TypeFor[hookView](),

	"QuoteRequest": reflect.TypeFor[quoteRequest](), "ItemRequest": reflect.TypeFor[itemRequest](),
	"StartRequest": reflect.TypeFor[startRequest](), "ContactInput": reflect.TypeFor[contactInput](),
	"DetailsInput": reflect.TypeFor[detailsInput](), "UTM": reflect.TypeFor[order.UTM](),
	"UpdateRequest": reflect.TypeFor[updateRequest](), "PayRequest": reflect.TypeFor[payRequest](),
	"Amount": reflect.TypeFor[money.Amount](), "CredentialsRequest": reflect.TypeFor[credentialsRequest](),
	"StripeKeys": reflect.TypeFor[stripeRequest](), "FenceDecision": reflect.TypeFor[fenceRequest](),
}

// decoded are the schemas of requests: what is required there is not in the
// struct but in what the service refuses.
var decoded = []string{
	"QuoteRequest", "ItemRequest", "StartRequest", "ContactInput", "DetailsInput", "UTM", "UpdateRequest", "PayRequest",
	"CredentialsRequest", "StripeKeys", "FenceDecision", "CodeRequest", "LinkRequest", "ShowRequest", "MainPageRequest", "WaitRequest", "GiftCardRef", "GiftInput",
	"GiftCardAdjustment", "GiftCardReplacement",
}

// field is a member of a JSON object as the struct has it.
type field struct {
	Type     string // a schema's name, or JSON's own word
	Required bool
}

func TestOpenAPI_SchemasAreTheStructs(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, typ := range described {
		schema := doc.Components.Schemas[name]
		if schema == nil {
			t.Errorf("there is no schema %s for %s", name, typ)
			continue
		}
		want, got := fieldsOf(typ), map[string]field{}
		for property, ref := range schema.Value.Properties {
			got[property] = field{schemaType(ref), slices.Contains(schema.Value.Required, property)}
		}
		if slices.Contains(decoded, name) {
			for property, f := range want {
				want[property] = field{f.Type, got[property].Required}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("schema %s is not %s (-struct +schema):\n%s", name, typ, diff)
		}
	}
}

func TestOpenAPI_ObjectsAllowNothingElse(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, ref := range doc.Components.Schemas {
		if !ref.Value.Type.Is("object") {
			continue
		}
		if extra := ref.Value.AdditionalProperties; extra.Has == nil || *extra.Has {
			t.Errorf("schema %s allows properties that it does not name", name)
		}
	}
}

func fieldsOf(typ reflect.Type) map[string]field {
	fields := map[string]field{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous {
			for name, inner := range fieldsOf(f.Type) {
				fields[name] = inner
			}
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[name] = field{goType(f.Type), options != "omitempty"}
	}
	return fields
}

func goType(typ reflect.Type) string {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	for name, known := range described {
		if typ == known {
			return name
		}
	}
	switch typ.Kind() {
	case reflect.Slice:
		return "[]" + goType(typ.Elem())
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Bool:
		return "boolean"
	case reflect.Map:
		return "object"
	case reflect.Struct: // time.Time
		return "string"
	}
	return typ.Kind().String()
}

func schemaType(ref *openapi3.SchemaRef) string {
	if ref.Ref != "" {
		if name := ref.Ref[strings.LastIndexByte(ref.Ref, '/')+1:]; described[name] != nil {
			return name
		}
	}
	s := ref.Value
	switch {
	case len(s.OneOf) == 2 && s.OneOf[1].Value.Type.Is("null"):
		return schemaType(s.OneOf[0])
	case s.Type.Is("array"):
		return "[]" + schemaType(s.Items)
	case s.Type == nil || len(*s.Type) != 1:
		return "?"
	}
	return (*s.Type)[0]
}
