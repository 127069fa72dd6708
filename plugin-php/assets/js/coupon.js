import { call, sessionToken } from '@tillside/api';
import { add, brought, drop, follow, read, same, store } from '@tillside/brought';
import { fieldOf } from '@tillside/code-field';
import { dress } from '@tillside/dress';
import { fill, make, wordsIn } from '@tillside/view';

read();

/** An order form's coupons: entering them, those of links, and what they do to the quote. */
export function codesOf( form ) {
	const { view, steps, checkout, total } = form;
	const { one, base, root } = view;
	const words = wordsIn( one( '[data-code-words]' ) );
	const list = one( '[data-code-list]' );
	let shown = '', stop = () => {};

	const headers = async () => {
		const token = await sessionToken( root.dataset.session );
		return token && { 'X-Tillside-Session': token };
	};

	/** Quotes with what was brought, while there is no checkout yet. */
	const quote = async ( codes = brought.codes ) => call( base + '/v1/quotes', { form_token: root.dataset.token, coupons: codes, link: brought.link }, await headers() );

	/** Changes the checkout's codes, in turn with its other changes. */
	const change = ( method, code ) => checkout.turn( async () => ( checkout.own.copy = await checkout.at( '/coupon', { code }, {}, { method } ) ).quote );

	/** The quote as it is now. */
	async function again() {
		total( checkout.own.copy ? ( checkout.own.copy = await checkout.at( '' ) ).quote : await quote() );
	}

	const field = fieldOf( view, 'code', words.offline, async ( code ) => {
		const next = checkout.own.copy ? await change( 'PUT', code ) : await quote( [ ...brought.codes, code ] );
		const refused = next.notices.find( ( notice ) => same( notice.code, code ) );
		if ( refused ) {
			return refused.message;
		}
		add( [ code ] );
		store();
		total( next );
		tell( next );
	} );

	/** Says what the newest coupon did. */
	function tell( { coupons, total: { text } } ) {
		const last = coupons.at( -1 );
		if ( last ) {
			view.say( fill( words.coupon_applied, { code: last.code, amount: last.amount.text, total: text } ) );
		}
	}

	async function remove( code ) {
		drop( code );
		store();
		const next = checkout.own.copy ? await change( 'DELETE', code ) : await quote();
		total( next );
		view.say( fill( words.coupon_removed, { code, total: next.total.text } ) );
		field.focus();
	}

	function row( coupon ) {
		const item = make( 'li', '' );
		const about = make( 'span', fill( words.coupon, coupon ) );
		item.append( about, make( 'span', coupon.trial_days ? fill( words.trial, { days: coupon.trial_days } ) : coupon.amount.amount ? '−' + coupon.amount.text : '' ) );
		if ( coupon.name && coupon.name.toLowerCase() !== coupon.code.toLowerCase() ) {
			about.append( make( 'small', coupon.name ) );
		}
		if ( ! coupon.auto ) {
			const button = make( 'button', words.remove, { type: 'button', class: 'tillside-back', 'aria-label': fill( words.remove_coupon, coupon ) } );
			button.onclick = () => remove( coupon.code ).catch( ( error ) => note( error.message || words.offline ) );
			item.append( button );
		}
		return item;
	}

	const note = ( text ) => ( one( '[data-code-notes]' ).textContent = text );

	/** Shows a quote's coupons, and why others do not apply. */
	async function show( next ) {
		list.replaceChildren( ...next.coupons.map( row ) );
		list.hidden = ! next.coupons.length;
		note( next.notices.map( ( { message } ) => message ).join( ' ' ) );
		if ( checkout.own.copy ) { // It keeps its own from now on; what it refused is told once.
			next.notices.forEach( ( { code } ) => drop( code ) );
			store();
		}
		if ( next.offer.slug !== form.offer && shown !== next.offer.slug ) {
			one( '[data-offer-name]' ).hidden = false;
			one( '[data-offer-name]' ).textContent = next.offer.name;
			one( '[data-offer-note]' )?.remove();
			view.say( fill( words.switched, { offer: next.offer.name } ) );
		}
		shown = next.offer.slug;
		stop();
		if ( next.coupons.some( ( coupon ) => coupon.expires_at ) ) {
			const { countDown } = await import( '@tillside/countdown' );
			stop();
			stop = countDown( [ ...list.children ], next, words, view, again );
		}
	}

	/** Brings what stood in the address, or what the tab kept, into the quote. */
	async function begin() {
		try {
			if ( brought.link ) {
				const opened = await call( base + '/v1/links', { form_token: root.dataset.token, token: brought.link } );
				steps.put( opened.contact, true );
				if ( opened.message ) {
					brought.link = '';
					store();
					note( opened.message );
				}
			}
			if ( ! checkout.own.copy && ( brought.codes.length || brought.link ) ) {
				total( await quote() );
			}
			for ( const code of checkout.own.copy ? [ ...brought.codes ] : [] ) {
				if ( ! checkout.own.copy.quote?.coupons.some( ( has ) => same( has.code, code ) ) ) {
					total( await change( 'PUT', code ) );
				}
			}
		} catch ( error ) {
			note( error.message || words.offline );
		}
	}

	follow( begin );
	dress( 'coupon' );

	return {
		show, begin,
		open: field.open,
		brought: () => ( { coupons: brought.codes, link: brought.link } ),
		forget() {
			Object.assign( brought, { codes: [], link: '' } );
			store();
		},
	};
}
