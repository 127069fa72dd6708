import { call, sessionToken } from '@tillside/api';
import { brought, follow, read } from '@tillside/brought';
import { countDown } from '@tillside/countdown';
import { fill, isDark, make, wordsIn } from '@tillside/view';

/** Returns a page's address that brings a code along, also into another tab. */
export function withCode( page, code ) {
	const address = new URL( page, location.href );
	if ( /^[A-Za-z0-9-]+$/.test( code ) && ! code.includes( '--' ) ) {
		address.hash = 'coupon-' + code;
	} else {
		address.searchParams.set( 'coupon', code );
	}
	return address.href;
}

/** The coupons that a visitor came with or owns. Nothing is seen while there are none. */
function mountBox( root ) {
	const one = ( selector ) => root.querySelector( selector );
	const words = wordsIn( one( '[data-coupon-words]' ) );
	const box = one( '[data-coupons]' );
	const list = one( '[data-coupon-list]' );
	const view = { one, say: ( text ) => ( one( '[data-live]' ).textContent = text ) };
	const { base, session } = root.dataset;
	const hasForm = () => document.querySelector( '[data-tillside="order_form"]' );
	let stop = () => {};
	root.toggleAttribute( 'data-dark', isDark( root ) );

	async function copy( { currentTarget: button }, code ) {
		try {
			await navigator.clipboard.writeText( code.textContent );
			view.say( words.copied );
			button.textContent = words.copied;
			setTimeout( () => ( button.textContent = words.copy ), 2000 );
		} catch {
			getSelection().selectAllChildren( code );
		}
	}

	function card( coupon ) {
		const item = make( 'li', '', coupon.usable ? {} : { 'data-ended': '' } );
		const line = make( 'p', '', { class: 'tillside-coupon-code' } );
		const code = make( 'code', coupon.code, { dir: 'ltr' } );
		const page = coupon.url || box.dataset.url;
		line.append( code );
		if ( coupon.text ) {
			item.append( make( 'p', coupon.text, { class: 'tillside-coupon-worth' } ) );
		}
		if ( coupon.name && coupon.name.toLowerCase() !== coupon.code.toLowerCase() ) {
			item.append( make( 'p', coupon.name, { class: 'tillside-coupon-name' } ) );
		}
		item.append( line );
		if ( ! coupon.usable ) {
			item.append( make( 'p', coupon.message, { class: 'tillside-note' } ) );
			return item;
		}
		const button = make( 'button', words.copy, { type: 'button', class: 'tillside-back', 'aria-label': fill( words.copy_code, coupon ) } );
		button.onclick = ( event ) => copy( event, code );
		line.append( button );
		if ( page && ! hasForm() ) {
			item.append( make( 'a', words.use, { class: 'tillside-button', href: withCode( page, coupon.code ) } ) );
		}
		return item;
	}

	/** Asks what the coupons are worth now. A box that cannot be filled is none. */
	async function show() {
		const token = await sessionToken( session );
		if ( ! token && ! brought.codes.length && ! brought.link ) {
			return;
		}
		const answer = await call( base + '/v1/coupons/show', { coupons: brought.codes.slice( 0, 10 ), link: brought.link }, token && { 'X-Tillside-Session': token } );
		const running = answer.coupons.filter( ( { usable, expires_at: end } ) => usable && end );
		stop();
		list.replaceChildren( ...answer.coupons.map( card ) );
		one( '[data-coupon-note]' ).textContent = answer.message;
		box.hidden = ! answer.coupons.length && ! answer.message;
		if ( running.length ) {
			stop = countDown( running.map( ( coupon ) => list.children[ answer.coupons.indexOf( coupon ) ] ), { coupons: running, now: answer.now }, words, view, start );
		}
	}

	const start = () => show().catch( () => ( box.hidden = true ) );
	follow( start );
	start();
}

const mounted = new WeakSet();

/** Fills every box on the page, each once. */
export function mount() {
	for ( const root of document.querySelectorAll( '.tillside[data-tillside="coupon"]' ) ) {
		if ( ! mounted.has( root ) ) {
			mounted.add( root );
			mountBox( root );
		}
	}
}

read();
mount();
