import { digits, expiryOf, formatExpiry, formatIBAN, formatNumber } from './card.js';

const FORMATS = { number: formatNumber, expiry: formatExpiry, cvc: digits, iban: formatIBAN };

/** Groups what was typed, unless the caret is inside it or something was deleted. */
export function tidy( input ) {
	const format = FORMATS[ input.name ];
	if ( ! format || input.selectionStart !== input.value.length ) {
		return;
	}
	const text = format( input.value );
	const onlyAdds = text.startsWith( input.value ) && text.length > input.value.length;
	if ( ! onlyAdds || input.name === 'expiry' ) {
		input.value = text;
	}
}

/**
 * Returns payment_method_data of the form. The page's billing details win over
 * what was entered; what is not asked is left out.
 */
export function methodData( form, kind, billing ) {
	const value = ( name ) => form.elements[ name ].value.trim();
	const asked = ( name ) => ( form.elements[ name ].closest( '.field' ).hidden ? undefined : value( name ) );
	const details = { ...billing, address: { ...billing.address } };
	if ( kind === 'card' ) {
		details.address.country ??= asked( 'country' );
		details.address.postal_code ??= asked( 'postalCode' );
		const { month, year } = expiryOf( value( 'expiry' ) );
		return { type: kind, billing_details: details, card: { number: digits( value( 'number' ) ), exp_month: month, exp_year: year, cvc: value( 'cvc' ) } };
	}
	details.name ??= asked( 'name' );
	details.email ??= asked( 'email' );
	return { type: kind, billing_details: details, sepa_debit: { iban: value( 'iban' ).replace( /\s/g, '' ) } };
}
