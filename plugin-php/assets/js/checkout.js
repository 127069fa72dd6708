import { call, keep, recall, sessionToken } from '@tillside/api';

const address = new URL( location.href );
const asked = address.searchParams;
const KEY = 'tillside:checkout:';

// What a bank's page sent back, perhaps to another browser.
let returned = asked.has( 'tillside_checkout' ) ? { id: asked.get( 'tillside_checkout' ), token: asked.get( 'tillside_status' ) } : null;

const origin = {
	referrer: document.referrer,
	partner: asked.get( 'partner' ) ?? asked.get( 'aff' ) ?? '',
	utm: Object.fromEntries( [ 'source', 'medium', 'campaign', 'term', 'content' ].map( ( name ) => [ name, asked.get( 'utm_' + name ) ?? '' ] ) ),
};

if ( returned ) {
	[ ...asked.keys() ].filter( ( name ) => /^(tillside_|payment_intent|setup_intent|redirect_status|source_)/.test( name ) ).forEach( ( name ) => asked.delete( name ) );
	history.replaceState( history.state, '', address );
}
address.hash = '';

/** Reports whether the visitor came with coupons: in the address, or kept by this tab. */
export const brings = () => recall( 'tillside:coupons' ) || /coupon[-=]|tl-|tillside_link/.test( location.href );

/** The page, without what belongs to one payment. */
export const pageURL = address.href;

/** Returns what WordPress knows of a member, or nothing. */
export async function member( base, url ) {
	const token = await sessionToken( url );
	return token && call( base + '/v1/me', null, { 'X-Tillside-Session': token } );
}

/** Gives what a bank sent back, once, to the form whose checkout it is, or to the first when this tab knows of none. */
export function claim( own, view ) {
	const found = returned;
	if ( ! found || ( found.id !== own.id && recall( KEY + found.id ) ) ) {
		return false;
	}
	returned = null;
	view.touched = true;
	if ( found.id !== own.id ) {
		Object.assign( own, found, { copy: null } );
	}
	return true;
}

const same = ( ours = {}, theirs = {} ) => Object.entries( ours ).every( ( [ name, value ] ) => value.toLowerCase() === ( theirs[ name ] ?? '' ).toLowerCase() );

const has = ( { contact, details }, copy ) => same( contact, copy.contact ) && same( details, copy.details );

/** One buyer's way through one offer: the server's copy of it, and the token that opens it. */
export function checkoutOf( { base, root }, offer ) {
	const own = { copy: null, id: null, token: null };
	let queue = Promise.resolve();

	const at = ( rest, body, headers, options ) => call( `${ base }/v1/checkouts/${ own.id }${ rest }`, body, { 'X-Tillside-Checkout': own.token, ...headers }, options );

	function set( id, token, copy ) {
		Object.assign( own, { id, token, copy } );
		keep( KEY + offer, id && { id, token } );
		keep( KEY + id, offer );
		return copy;
	}

	const forget = () => set( null, null, null );
	const isGone = ( { status } ) => [ 401, 404, 410 ].includes( status );

	async function resume() {
		const { id, token } = recall( KEY + offer ) ?? own;
		if ( ! id ) {
			return null;
		}
		Object.assign( own, { id, token } );
		try {
			const copy = await at( '' );
			own.copy = copy;
			if ( copy.status === 'expired' ) {
				forget();
			}
			return copy;
		} catch ( error ) {
			if ( ! isGone( error ) ) {
				throw error;
			}
			return forget();
		}
	}

	async function start( who, session ) {
		const { checkout_token: token, ...copy } = await call( base + '/v1/checkouts', { form_token: root.dataset.token, page_url: pageURL, ...origin, ...who }, session && { 'X-Tillside-Session': session } );
		return set( copy.id, token, copy );
	}

	async function change( changes, keepalive ) {
		try {
			own.copy = await at( '', { version: own.copy.version, ...changes }, {}, { method: 'PATCH', keepalive } );
		} catch ( error ) {
			own.copy = error.checkout ?? own.copy;
			// When an answer was lost on its way, our own change looks like somebody else's.
			if ( ! error.checkout || error.checkout.status !== 'open' || ! has( changes, own.copy ) ) {
				throw error;
			}
		}
		return own.copy;
	}

	/** Sends changes one after the other: each needs the version that the one before it made. */
	function turn( work ) {
		const mine = queue.then( work );
		queue = mine.catch( () => {} );
		return mine;
	}

	return {
		own, resume, start, forget, isGone, turn, at,
		patch: ( changes, keepalive ) => turn( () => change( changes, keepalive ) ),
		lacks: ( changes ) => own.copy && ! has( changes, own.copy ),
		settled: () => queue,
		pay: ( body, key ) => at( '/pay', body, { 'Idempotency-Key': key } ),
		sync: () => at( '/sync', {} ),
	};
}
