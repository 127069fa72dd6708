import { dress } from '@tillside/dress';
import { fill } from '@tillside/view';

/** The visitor's calendar day, so many days from now, as date fields want it. */
export const day = ( days, now = new Date() ) => new Date( Date.UTC( now.getFullYear(), now.getMonth(), now.getDate() + days ) ).toISOString().slice( 0, 10 );

/** Minor units of an amount in major ones; cents have the exponent 2. */
export const minor = ( major, exponent ) => Math.round( Number( major ) * 10 ** exponent );

/** What a buyer says of a gift card: its amount, whom it is for, when it is sent. */
export function giftOf( { view: { one }, checkout, total } ) {
	const box = one( '[data-gift-fields]' );
	const exponent = Number( box.dataset.exponent );
	const field = ( name ) => box.querySelector( `[name="${ name }"]` );
	const names = [ 'recipient_name', 'recipient_email', 'sender', 'message', 'deliver_on' ];
	const left = one( '[data-gift-left]' );

	function count() {
		left.textContent = fill( left.dataset.text, { left: 500 - [ ...field( 'message' ).value ].length } );
		// Who gets it by hand needs no day.
		one( '[data-gift-day]' ).hidden = ! field( 'recipient_email' ).value.trim();
	}

	const amount = () => ( field( 'amount' ) ? minor( field( 'amount' ).value, exponent ) : 0 );

	/** Shows the new total as soon as the amount is chosen; the rest is sent with the step. */
	const chosen = ( { target } ) => target.validity.valid && checkout.own.copy &&
		checkout.patch( { gift: { ...checkout.own.copy.gift, amount: amount() } } ).then( ( copy ) => total( copy.quote ), () => {} );

	field( 'amount' )?.addEventListener( 'change', chosen );
	field( 'deliver_on' ).min = day( 0 );
	field( 'deliver_on' ).max = day( 365 );
	box.addEventListener( 'input', count );
	dress( 'coupon' );
	count();

	return {
		values() {
			const gift = Object.fromEntries( names.map( ( name ) => [ name, field( name ).value.trim() ] ) );
			return { gift: { ...gift, deliver_on: gift.recipient_email && gift.deliver_on, amount: amount() } };
		},
		put( saved ) {
			names.forEach( ( name ) => ( field( name ).value = saved?.[ name ] || field( name ).value ) );
			if ( saved?.amount && field( 'amount' ) ) {
				field( 'amount' ).value = ( saved.amount / 10 ** exponent ).toFixed( exponent );
			}
			count();
		},
	};
}
