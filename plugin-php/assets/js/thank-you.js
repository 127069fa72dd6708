import { accessOf } from '@tillside/access';
import { call, keep, recall, wait } from '@tillside/api';
import { fill, showRows, viewOf } from '@tillside/view';

const LAST = 'tillside:last';

/** Tells the page about a purchase, once for each order. */
function announce( id, purchase ) {
	const key = 'tillside:purchase:' + id;
	try {
		if ( ! purchase || localStorage.getItem( key ) ) {
			return;
		}
		localStorage.setItem( key, '1' );
	} catch {}
	document.dispatchEvent( new CustomEvent( 'tillside:purchase', { detail: purchase } ) );
	if ( window.dataLayer && ( window.wp_has_consent?.( 'statistics' ) ?? true ) ) {
		window.dataLayer.push( { event: 'tillside:purchase', ...purchase } );
	}
}

function show( { one, words }, receipt ) {
	const fillIn = ( element, values ) => {
		element.dataset.text ??= element.textContent;
		element.textContent = fill( element.dataset.text, values );
	};
	const { email, first_name: name } = receipt.contact;
	fillIn( one( '[data-part="done"] h2 small' ), { number: receipt.number } );
	fillIn( one( '[data-part="done"] h2 span' ), { name } );
	fillIn( one( '.tillside-lead' ), { email } );
	showRows( one( '[data-part="done"] [data-rows]' ), { ...receipt, lines: receipt.items }, words, true );
	one( '[data-created]' ).textContent = receipt.created_text;
	one( '[data-tender]' ).textContent = receipt.tender;
	one( '[data-tender-row]' ).hidden = ! receipt.tender;
	one( '[data-refunded]' ).textContent = receipt.refunded?.text;
	one( '[data-refunded-row]' ).hidden = ! receipt.refunded?.amount;
	one( '[data-help]' ).textContent = receipt.help;
	one( '[data-gifts]' ).hidden = ! receipt.gift_cards_bought?.length;
	for ( const { amount, recipient_email: to, to_buyer: mine, deliver_on: day } of receipt.gift_cards_bought ?? [] ) {
		const line = one( mine ? '[data-gift-mine]' : day ? '[data-gift-later]' : '[data-gift-to]' );
		fillIn( line, { amount: amount.text, email: to, day } );
		line.hidden = false;
	}
}

/** Waits for the receipt; a shop that is away comes back. */
async function receiptOf( { base }, { order, token } ) {
	for ( let pause = 1000; ; pause *= 2 ) {
		try {
			return await call( `${ base }/v1/orders/${ order }`, null, { 'X-Tillside-Checkout': token } );
		} catch ( error ) {
			if ( pause > 16000 || ! ( error.lost || error.status === 503 || error.status === 429 ) ) {
				throw error;
			}
		}
		await wait( pause );
	}
}

/**
 * Shows a paid order in place of what was there.
 *
 * @param {Object}   view  The view of the form or of the page.
 * @param {Object}   last  The order's id and the token that opens it.
 * @param {Function} again Starts another order; only where there is a form.
 */
export async function showOrder( view, last, again ) {
	let receipt;
	keep( LAST, last );
	try {
		receipt = await receiptOf( view, last );
	} catch {
		const { arrived_title: title, arrived, unavailable_title: away, unavailable } = view.words;
		view.panel( title ?? away, title ? arrived : unavailable, () => showOrder( view, last, again ) );
		return;
	}
	const elsewhere = again && receipt.thank_you_url;
	// A thank-you page of this site announces the purchase itself, where its trackers are loaded.
	if ( ! elsewhere || new URL( elsewhere ).origin !== location.origin ) {
		announce( receipt.id, receipt.purchase );
	}
	if ( elsewhere ) {
		location.assign( elsewhere );
		return;
	}
	show( view, receipt );
	const button = view.one( '[data-again]' );
	if ( button && again ) {
		button.hidden = false;
		button.onclick = again;
	}
	view.only( 'done' );
	view.focus( '[data-part="done"] h2' );
	const access = accessOf( view, last );
	for ( let pause = 2000, waited = 0; access.show( receipt ); pause = Math.min( pause * 1.5, 15000 ) ) {
		waited += pause;
		if ( waited > 90000 ) {
			access.late();
		}
		await wait( pause );
		receipt = await receiptOf( view, last ).catch( () => receipt );
	}
}

/**
 * Mounts [tillside_thank_you]: the last order of this tab.
 *
 * @param {HTMLElement} root The wrapper.
 */
export function mountThankYou( root ) {
	const view = viewOf( root );
	const last = recall( LAST );
	if ( last ) {
		showOrder( view, last );
	} else {
		view.panel( view.words.none_title, view.words.none );
	}
}
