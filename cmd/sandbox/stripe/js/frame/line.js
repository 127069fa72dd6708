/**
 * Waits for the page's Stripe.js. Only the window that holds this frame, from
 * the page that loaded it, is listened to; what follows goes over its port.
 *
 * @param {(hello: Object, send: (message: Object) => void) => ((message: Object) => void)} start
 */
export function answerParent( start ) {
	window.addEventListener( 'message', ( event ) => {
		const from = document.referrer && new URL( document.referrer ).origin;
		if ( event.source !== window.parent || event.data?.type !== 'sandbox-hello' || ! event.ports[ 0 ] || ( from && from !== event.origin ) ) {
			return;
		}
		const port = event.ports[ 0 ];
		const receive = start( event.data, ( message ) => port.postMessage( message ) );
		port.onmessage = ( { data } ) => receive( data );
	}, { once: false } );
}

const HEADERS = ( key ) => ( { Authorization: `Bearer ${ key }`, 'Stripe-Version': '2023-10-16' } );

/** Calls the sandbox, this frame's own origin; resolves to the object or to { error }. */
export async function request( key, method, path, values = {} ) {
	const form = new URLSearchParams( flatten( values ) );
	const get = method === 'GET';
	try {
		const response = await fetch( get ? `${ path }?${ form }` : path, { method, headers: HEADERS( key ), body: get ? undefined : form } );
		return await response.json();
	} catch {
		return { error: { type: 'api_connection_error', message: 'We are experiencing issues connecting to our payments provider. Please check your internet connection and try again.' } };
	}
}

/** Turns { a: { b: 1 } } into [ [ 'a[b]', '1' ] ]; empty values are left out. */
function flatten( values, parent = '' ) {
	return Object.entries( values ).flatMap( ( [ name, value ] ) => {
		const path = parent ? `${ parent }[${ name }]` : name;
		if ( value === undefined || value === null || value === '' ) {
			return [];
		}
		return typeof value === 'object' ? flatten( value, path ) : [ [ path, String( value ) ] ];
	} );
}
