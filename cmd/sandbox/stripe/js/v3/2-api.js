/* Calls of the API with the publishable key, and the private line to a frame. */

const ORIGIN = new URL( document.currentScript.src ).origin;
const API_VERSION = '2023-10-16';
let frames = 0;

/** Calls the API; always resolves, to the object or to { error }. */
async function call( key, method, path, query = {} ) {
	const url = new URL( path, ORIGIN );
	url.search = new URLSearchParams( query );
	try {
		const response = await fetch( url, { method, headers: { Authorization: `Bearer ${ key }`, 'Stripe-Version': API_VERSION } } );
		return await response.json();
	} catch {
		return { error: { type: 'api_connection_error', message: 'We are experiencing issues connecting to our payments provider. Please check your internet connection and try again.' } };
	}
}

/** Looks up the PaymentIntent of a client secret: { paymentIntent } or { error }. */
async function retrieve( key, clientSecret ) {
	const id = /^(pi_[A-Za-z0-9]+)_secret_[A-Za-z0-9]+$/.exec( clientSecret ?? '' )?.[ 1 ];
	if ( ! id ) {
		throw new IntegrationError( 'Invalid value for a PaymentIntent client secret: it should look like pi_…_secret_….' );
	}
	const answer = await call( key, 'GET', `/v1/payment_intents/${ id }`, { client_secret: clientSecret } );
	return answer.error ? { error: answer.error } : { paymentIntent: answer };
}

/** Makes an iframe of the sandbox; the same name and title as the real one's. */
function makeFrame( path, title ) {
	const frame = document.createElement( 'iframe' );
	frame.name = `__privateStripeFrame${ ++frames }`;
	frame.title = title;
	frame.src = ORIGIN + path;
	frame.setAttribute( 'allow', 'payment *' );
	frame.setAttribute( 'scrolling', 'no' );
	return frame;
}

/**
 * Opens a line to a frame each time that it loads. Only a page of the sandbox
 * gets the first message, and afterwards both sides talk over their own port.
 */
function connect( frame, hello, onMessage ) {
	const line = { port: null };
	frame.addEventListener( 'load', () => {
		const channel = new MessageChannel();
		line.port?.close();
		line.port = channel.port1;
		line.port.onmessage = ( event ) => onMessage( event.data );
		frame.contentWindow.postMessage( { type: 'sandbox-hello', ...hello() }, ORIGIN, [ channel.port2 ] );
	} );
	return line;
}
