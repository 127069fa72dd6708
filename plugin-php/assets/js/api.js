/** A request without a usable answer. `lost` says that nobody knows whether it did something. */
export class RequestError extends Error {
	constructor( status, body ) {
		super( body?.message ?? '' );
		this.status = status;
		this.code = body?.code ?? 'unavailable';
		this.field = body?.field?.split( '.' ).pop();
		this.body = body ?? {};
		this.lost = ! status || ( status >= 500 && ( status !== 503 || ! body ) );
	}
}

/** Resolves after so many milliseconds. */
export const wait = ( ms ) => new Promise( ( resolve ) => setTimeout( resolve, ms ) );

/** Returns a fresh UUID; crypto.randomUUID is missing on plain http. */
export function uuid() {
	const bytes = crypto.getRandomValues( new Uint8Array( 16 ) );
	bytes[ 6 ] = ( bytes[ 6 ] & 15 ) | 64;
	bytes[ 8 ] = ( bytes[ 8 ] & 63 ) | 128;
	const hex = Array.from( bytes, ( byte ) => byte.toString( 16 ).padStart( 2, '0' ) ).join( '' );
	return hex.replace( /^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-' );
}

/**
 * Sends one request and returns the answer's JSON.
 *
 * A 503 with Retry-After did nothing, so it is sent again.
 *
 * @param {string} base    Where Tillside is; may hold a query, paths are appended to it.
 * @param {string} method  HTTP method.
 * @param {string} path    Path from /v1 on.
 * @param {Object} options body, headers, keepalive, seconds.
 * @return {Promise<Object>} The answer. Rejects with a RequestError.
 */
export async function send( base, method, path, { body, headers, keepalive, seconds = 20 } = {} ) {
	for ( let tries = 1; ; tries++ ) {
		let response, answer;
		try {
			response = await fetch( base + path, {
				method,
				headers: { ...( body && { 'Content-Type': 'application/json' } ), ...headers },
				body: body && JSON.stringify( body ),
				keepalive,
				credentials: 'omit',
				cache: 'no-store',
				signal: AbortSignal.timeout( seconds * 1000 ),
			} );
			answer = await response.json().catch( () => null );
		} catch {
			throw new RequestError( 0 );
		}
		const pause = Number( response.headers.get( 'Retry-After' ) );
		if ( response.status === 503 && pause > 0 && tries < 4 ) {
			await wait( Math.min( pause, 5 ) * 1000 );
		} else if ( response.ok && answer ) {
			return answer;
		} else {
			throw new RequestError( response.ok ? 0 : response.status, answer );
		}
	}
}

export const get = ( base, path, headers ) => send( base, 'GET', path, { headers } );

export const post = ( base, path, body, headers ) => send( base, 'POST', path, { body, headers } );

// What a tab remembers. A browser that forbids storage only loses the resume.

/** Returns what was kept under the key, or null. */
export function recall( key ) {
	try {
		return JSON.parse( sessionStorage.getItem( key ) );
	} catch {
		return null;
	}
}

/** Keeps a value under the key until the tab is closed; null forgets it. */
export function keep( key, value ) {
	try {
		if ( value === null ) {
			sessionStorage.removeItem( key );
		} else {
			sessionStorage.setItem( key, JSON.stringify( value ) );
		}
	} catch {}
}

/** Returns true the first time this browser asks for the key. */
export function first( key ) {
	try {
		if ( localStorage.getItem( key ) ) {
			return false;
		}
		localStorage.setItem( key, '1' );
	} catch {}
	return true;
}

/** Reports whether a form in this tab keeps the checkout with the id. */
export function isOurs( id ) {
	try {
		return Object.keys( sessionStorage ).some( ( key ) => key.startsWith( 'tillside:checkout:' ) && recall( key )?.id === id );
	} catch {
		return false;
	}
}
