package stripe

import (
	"strings"
	"time"
)

// debitDelay is how long a bank debit stays processing, in virtual time.
const debitDelay = 3 * 24 * time.Hour

// debitOutcome is what becomes of a bank debit.
type debitOutcome int

const (
	debitSettles debitOutcome = iota
	debitFails
	debitDisputed // settles, and is taken back at once
)

// debitOf reads the outcome from the IBAN: Stripe's test numbers of each
// country differ in the last digit of the account.
func debitOf(iban string) debitOutcome {
	switch iban {
	case "DE62370400440532013001", "AT861904300235473202", "FR8420041010050500013M02607", "NL55ABNA0417164301", "ES1121000418450200051333":
		return debitFails
	case "DE35370400440532013002":
		return debitDisputed
	}
	return debitSettles
}

func cleanIBAN(iban string) string {
	return strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(iban), " ", ""))
}

// validIBAN checks the form and the two check digits (ISO 7064, modulo 97).
func validIBAN(iban string) bool {
	if len(iban) < 15 || len(iban) > 34 {
		return false
	}
	rest := 0
	for _, c := range iban[4:] + iban[:4] {
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}
