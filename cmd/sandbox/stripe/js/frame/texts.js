/** What the frame says, by language. English stands in for what is missing. */
const TEXTS = {
	en: {
		card: 'Card',
		sepa_debit: 'SEPA Direct Debit',
		number: 'Card number',
		expiry: 'Expiration date',
		cvc: 'Security code',
		country: 'Country',
		postalCode: 'Postal code',
		email: 'Email',
		name: 'Full name',
		iban: 'IBAN',
		mandate: 'By providing your IBAN you authorise the shop and its payment provider to debit your account. You are entitled to a refund from your bank within eight weeks.',
		incomplete_number: 'Your card number is incomplete.',
		invalid_number: 'Your card number is invalid.',
		incomplete_expiry: 'Your card’s expiration date is incomplete.',
		invalid_expiry_month_past: 'Your card’s expiration date is in the past.',
		invalid_expiry: 'Your card’s expiration date is invalid.',
		incomplete_cvc: 'Your card’s security code is incomplete.',
		incomplete_zip: 'Your postal code is incomplete.',
		incomplete_email: 'Your email is incomplete.',
		incomplete_name: 'Please provide your full name.',
		incomplete_iban: 'Your IBAN is incomplete.',
		invalid_iban: 'Your IBAN is invalid.',
		challenge: 'Your bank asks',
		challenge_text: 'This is a test of 3-D Secure. Choose whether the authentication of {amount} succeeds.',
		complete: 'Complete',
		fail: 'Fail',
		failed: 'The bank could not be reached. Please try again.',
	},
	de: {
		card: 'Karte',
		sepa_debit: 'SEPA-Lastschrift',
		number: 'Kartennummer',
		expiry: 'Ablaufdatum',
		cvc: 'Prüfziffer',
		country: 'Land',
		postalCode: 'Postleitzahl',
		email: 'E-Mail',
		name: 'Vollständiger Name',
		iban: 'IBAN',
		mandate: 'Mit Ihrer IBAN ermächtigen Sie den Shop und seinen Zahlungsdienst, Ihr Konto zu belasten. Sie können innerhalb von acht Wochen die Erstattung von Ihrer Bank verlangen.',
		incomplete_number: 'Die Kartennummer ist unvollständig.',
		invalid_number: 'Die Kartennummer ist ungültig.',
		incomplete_expiry: 'Das Ablaufdatum der Karte ist unvollständig.',
		invalid_expiry_month_past: 'Das Ablaufdatum der Karte liegt in der Vergangenheit.',
		invalid_expiry: 'Das Ablaufdatum der Karte ist ungültig.',
		incomplete_cvc: 'Die Prüfziffer der Karte ist unvollständig.',
		incomplete_zip: 'Die Postleitzahl ist unvollständig.',
		incomplete_email: 'Die E-Mail-Adresse ist unvollständig.',
		incomplete_name: 'Bitte geben Sie Ihren vollständigen Namen an.',
		incomplete_iban: 'Die IBAN ist unvollständig.',
		invalid_iban: 'Die IBAN ist ungültig.',
	},
};

/** Returns the language that is spoken, and a function that says a text in it. */
export function speak( locale ) {
	const wanted = ! locale || locale === 'auto' ? navigator.language : locale;
	const language = wanted.slice( 0, 2 );
	const known = TEXTS[ language ] ? language : 'en';
	return { language: known, wanted, say: ( key ) => TEXTS[ known ][ key ] ?? TEXTS.en[ key ] ?? key };
}
