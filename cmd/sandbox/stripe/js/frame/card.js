/* Numbers, dates and accounts as they are typed: formatting and checks. */

const BRANDS = [
	[ /^3[47]/, 'AMEX' ], [ /^4/, 'VISA' ], [ /^(5[1-5]|2[2-7])/, 'MC' ], [ /^(6011|65|64[4-9])/, 'DISC' ],
	[ /^62/, 'UPAY' ], [ /^35/, 'JCB' ], [ /^3[068]/, 'DC' ],
];

export const digits = ( text ) => text.replace( /\D/g, '' );

export function brandOf( number ) {
	return BRANDS.find( ( [ pattern ] ) => pattern.test( digits( number ) ) )?.[ 1 ] ?? '';
}

const lengthOf = ( number ) => ( { AMEX: 15, DC: 14 }[ brandOf( number ) ] ?? 16 );

export function formatNumber( text ) {
	const number = digits( text ).slice( 0, 19 );
	const parts = brandOf( number ) === 'AMEX' ? [ number.slice( 0, 4 ), number.slice( 4, 10 ), number.slice( 10, 15 ) ] : number.match( /.{1,4}/g ) ?? [];
	return parts.filter( Boolean ).join( ' ' );
}

export function formatExpiry( text ) {
	let typed = digits( text );
	if ( /^[2-9]/.test( typed ) ) {
		typed = `0${ typed }`;
	}
	// Browsers fill in MM/YYYY.
	if ( typed.length === 6 && typed.slice( 2, 4 ) === '20' ) {
		typed = typed.slice( 0, 2 ) + typed.slice( 4 );
	}
	typed = typed.slice( 0, 4 );
	return typed.length > 2 ? `${ typed.slice( 0, 2 ) } / ${ typed.slice( 2 ) }` : typed;
}

export function formatIBAN( text ) {
	return ( text.toUpperCase().replace( /[^A-Z0-9]/g, '' ).slice( 0, 34 ).match( /.{1,4}/g ) ?? [] ).join( ' ' );
}

export function expiryOf( text ) {
	const typed = digits( text );
	return { month: Number( typed.slice( 0, 2 ) ), year: 2000 + Number( typed.slice( 2, 4 ) ) };
}

/** Each returns the code of what is wrong, or ''. */
export const checks = {
	number( text ) {
		const number = digits( text );
		if ( number.length < lengthOf( number ) ) {
			return 'incomplete_number';
		}
		let sum = 0;
		[ ...number ].reverse().forEach( ( character, i ) => {
			const doubled = Number( character ) * ( i % 2 ? 2 : 1 );
			sum += doubled > 9 ? doubled - 9 : doubled;
		} );
		return sum % 10 ? 'invalid_number' : '';
	},
	expiry( text, now = new Date() ) {
		if ( digits( text ).length < 4 ) {
			return 'incomplete_expiry';
		}
		const { month, year } = expiryOf( text );
		if ( month < 1 || month > 12 || year > now.getFullYear() + 50 ) {
			return 'invalid_expiry';
		}
		return year * 12 + month < now.getFullYear() * 12 + now.getMonth() + 1 ? 'invalid_expiry_month_past' : '';
	},
	cvc( text, number ) {
		return digits( text ).length < ( brandOf( number ) === 'AMEX' ? 4 : 3 ) ? 'incomplete_cvc' : '';
	},
	iban( text ) {
		const iban = text.replace( /\s/g, '' );
		if ( iban.length < 15 || ( iban.startsWith( 'DE' ) && iban.length < 22 ) ) {
			return 'incomplete_iban';
		}
		let rest = 0;
		for ( const character of iban.slice( 4 ) + iban.slice( 0, 4 ) ) {
			for ( const digit of String( parseInt( character, 36 ) ) ) {
				rest = ( rest * 10 + Number( digit ) ) % 97;
			}
		}
		return rest === 1 ? '' : 'invalid_iban';
	},
	postalCode: ( text ) => ( text.trim().length < 3 ? 'incomplete_zip' : '' ),
	email: ( text ) => ( /^\S+@\S+\.\S+$/.test( text.trim() ) ? '' : 'incomplete_email' ),
	name: ( text ) => ( text.trim() ? '' : 'incomplete_name' ),
};
