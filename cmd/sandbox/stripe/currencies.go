package stripe

import (
	"fmt"
	"slices"
	"strings"
)

// currencies are the presentment currencies of https://docs.stripe.com/currencies.
var currencies = strings.Fields(`
	usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp
	cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl hrk htg huf idr ils
	inr isk jmd jpy kes kgs khr kmf krw kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mro mur mvr mwk mxn
	myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos
	srd std szl thb tjs top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw`)

// zeroDecimal are those whose amounts have no minor unit at Stripe.
var zeroDecimal = strings.Fields("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf")

// minimums are the smallest charges, in minor units. Others have at least one unit.
var minimums = map[string]int64{
	"usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30,
	"hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200,
	"sek": 300, "sgd": 50, "thb": 1000,
}

const maxAmount = 99999999

// checkAmount tells whether Stripe would charge the amount.
func checkAmount(amount int64, currency string) error {
	if !slices.Contains(currencies, currency) {
		return refuse("", "currency", "Invalid currency: %s. Stripe currently supports these currencies: %s", currency, strings.Join(currencies, ", "))
	}
	switch least := max(1, minimums[currency]); {
	case amount < 1:
		return refuse("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	case amount < least:
		return refuse("amount_too_small", "amount", "Amount must be at least %s", amountText(least, currency))
	case amount > maxAmount:
		return refuse("amount_too_large", "amount", "Amount must be no more than %s", amountText(maxAmount, currency))
	case (currency == "isk" || currency == "ugx") && amount%100 != 0:
		return refuse("", "amount", "Amounts in %s have two decimals that must be 00.", currency)
	}
	return nil
}

func amountText(amount int64, currency string) string {
	if slices.Contains(zeroDecimal, currency) {
		return fmt.Sprintf("%d %s", amount, currency)
	}
	return fmt.Sprintf("%d.%02d %s", amount/100, amount%100, currency)
}
