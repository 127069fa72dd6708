import { RequestError, get, keep, post, recall, send } from '@tillside/api';

const address = new URL( location.href );

/** What the buyer came with, read before the address bar is cleared. */
export const origin = {
	referrer: document.referrer.slice( 0, 500 ),
	partner: address.searchParams.get( 'partner' ) ?? address.searchParams.get( 'aff' ) ?? '',
	utm: Object.fromEntries(
		[ 'source', 'medium', 'campaign', 'term', 'content' ].map( ( name ) => [ name, ( address.searchParams.get( 'utm_' + name ) ?? '' ).slice( 0, 190 ) ] )
	),
};

/** The checkout that a bank's page sent back, or null. One form takes it. */
export const returned = address.searchParams.has( 'tillside_checkout' )
	? { id: address.searchParams.get( 'tillside_checkout' ), token: address.searchParams.get( 'tillside_status' ) ?? '', taken: false }
	: null;

for ( const name of [ ...address.searchParams.keys() ] ) {
	if ( returned && /^(tillside_|payment_intent|setup_intent|redirect_status|source_)/.test( name ) ) {
		address.searchParams.delete( name );
	}
}
address.hash = '';

/** The page without fragment and without what belongs to one payment. */
export const pageURL = address.href;

if ( returned ) {
	history.replaceState( history.state, '', pageURL + location.hash );
}

/**
 * Asks WordPress who is logged in. Costs a request only when somebody is.
 *
 * @param {string} url Where the plugin hands out session tokens.
 * @return {Promise<string>} A token of five minutes, or ''.
 */
export async function sessionToken( url ) {
	if ( ! url || ! /(^|; )tillside_hint=1/.test( document.cookie ) ) {
		return '';
	}
	try {
		const response = await fetch( url, { credentials: 'same-origin', cache: 'no-store' } );
		return ( await response.json() ).token ?? '';
	} catch {
		return '';
	}
}

/** Returns the member's e-mail and names, or nothing. */
export const member = ( base, token ) => get( base, '/v1/me', { 'X-Tillside-Session': token } ).catch( () => ( {} ) );

const GONE = [ 401, 404, 410 ];

/**
 * One buyer's way through one offer: what the server knows of it, and the token that opens it.
 *
 * @param {HTMLElement} root  The wrapper.
 * @param {string}      offer The offer's slug.
 */
export function checkoutOf( root, offer ) {
	const { base, token: formToken } = root.dataset;
	const key = 'tillside:checkout:' + offer;
	const own = { copy: null, id: null, token: null };
	let queue = Promise.resolve();

	const headers = () => ( { 'X-Tillside-Checkout': own.token } );
	const path = ( rest = '' ) => `/v1/checkouts/${ own.id }${ rest }`;

	/** Takes the server's copy, unless a newer one is here already. */
	function adopt( copy ) {
		if ( ! own.copy || copy.version >= own.copy.version ) {
			own.copy = copy;
		}
		return own.copy;
	}

	function forget() {
		keep( key, null );
		own.copy = own.id = own.token = null;
	}

	/** Fetches what this tab has begun earlier; null when there is nothing any more. */
	async function resume() {
		const saved = own.id ? own : recall( key );
		if ( ! saved ) {
			return null;
		}
		Object.assign( own, { id: saved.id, token: saved.token } );
		try {
			const copy = await get( base, path(), headers() );
			if ( copy.status === 'expired' ) {
				forget();
			} else {
				own.copy = copy;
			}
			return copy;
		} catch ( error ) {
			if ( ! GONE.includes( error.status ) ) {
				throw error;
			}
			forget();
			return null;
		}
	}

	/** Creates the checkout: step 1. */
	async function start( contact, session ) {
		const { checkout_token: token, ...copy } = await post( base, '/v1/checkouts', { form_token: formToken, contact, page_url: pageURL, ...origin }, session ? { 'X-Tillside-Session': session } : {} );
		Object.assign( own, { id: copy.id, token, copy } );
		keep( key, { id: own.id, token } );
		return copy;
	}

	async function change( changes, keepalive ) {
		try {
			return adopt( await send( base, 'PATCH', path(), { body: { version: own.copy.version, ...changes }, headers: headers(), keepalive } ) );
		} catch ( error ) {
			const theirs = error.body?.checkout;
			if ( error.code !== 'conflict' || ! theirs ) {
				throw error;
			}
			own.copy = theirs;
			// An answer that was lost on its way looks like somebody else's change.
			if ( same( changes.contact, theirs.contact ) && same( changes.details, theirs.details ) ) {
				return theirs;
			}
			throw error;
		}
	}

	const same = ( ours, theirs ) => Object.entries( ours ?? {} ).every( ( [ name, value ] ) => value === ( theirs?.[ name ] ?? '' ) );

	/** Sends changes one after the other, each with the version that the one before it made. */
	function patch( changes, keepalive ) {
		const turn = queue.then( () => change( changes, keepalive ) );
		queue = turn.catch( () => {} );
		return turn;
	}

	/** Reports whether the server lacks any of these values. */
	const differs = ( changes ) => own.copy && ! ( same( changes.contact, own.copy.contact ) && same( changes.details, own.copy.details ) );

	return {
		own, resume, start, patch, differs, forget, adopt,
		settled: () => queue,
		isGone: ( error ) => error instanceof RequestError && GONE.includes( error.status ),
		pay: ( body, idempotencyKey ) => send( base, 'POST', path( '/pay' ), { body, headers: { ...headers(), 'Idempotency-Key': idempotencyKey }, seconds: 45 } ),
		sync: () => post( base, path( '/sync' ), {}, headers() ),
	};
}
