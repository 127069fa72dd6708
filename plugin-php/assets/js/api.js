/** A request without a usable answer. `lost`: nobody knows whether it did something. */
export class RequestError extends Error {
	constructor( status, body ) {
		super( body?.message ?? '' );
		this.status = status;
		this.code = body?.code;
		this.field = body?.field?.split( '.' ).pop();
		this.checkout = body?.checkout;
		this.lost = ! status || ( status >= 500 && ( status !== 503 || ! body ) );
	}
}

export const wait = ( ms ) => new Promise( ( done ) => setTimeout( done, ms ) );

/**
 * Sends a request and returns the JSON of its answer; rejects with a RequestError.
 * The url may hold a query: paths are appended to data-base. No body makes it a GET.
 */
export async function call( url, body, headers, options ) {
	for ( let tries = 1; ; tries++ ) {
		let response;
		try {
			response = await fetch( url, {
				method: body ? 'POST' : 'GET',
				headers: { ...( body && { 'Content-Type': 'application/json' } ), ...headers },
				body: body && JSON.stringify( body ),
				credentials: 'omit',
				cache: 'no-store',
				signal: AbortSignal.timeout( 40000 ),
				...options,
			} );
		} catch {
			throw new RequestError( 0 );
		}
		const answer = await response.json().catch( () => null );
		const pause = response.status === 503 && response.headers.get( 'Retry-After' );
		if ( response.ok && answer ) {
			return answer;
		}
		if ( ! pause || tries > 3 ) {
			throw new RequestError( response.ok ? 0 : response.status, answer );
		}
		await wait( Math.min( pause, 5 ) * 1000 || 1000 );
	}
}

/** Asks WordPress who is logged in; no request when nobody is. Returns a token of five minutes, or ''. */
export async function sessionToken( url ) {
	if ( ! url || ! /(^|; )tillside_hint=1/.test( document.cookie ) ) {
		return '';
	}
	return ( await call( url, null, {}, { credentials: 'same-origin' } ).catch( () => ( {} ) ) ).token ?? '';
}

/** Returns what this tab keeps under a key, or null. */
export function recall( key ) {
	try {
		return JSON.parse( sessionStorage.getItem( key ) );
	} catch {
		return null;
	}
}

/** Keeps a value until the tab is closed. A browser that forbids it only loses the resume. */
export function keep( key, value ) {
	try {
		sessionStorage.setItem( key, JSON.stringify( value ) );
	} catch {}
}
