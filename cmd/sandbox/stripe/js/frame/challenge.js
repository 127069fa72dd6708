import { answerParent } from './line.js';
import { speak } from './texts.js';

/** Sets the page up for one payment; done is called with the answer of the sandbox. */
function ask( payment, done ) {
	const { say, language } = speak( payment.locale );
	const digits = new Intl.NumberFormat( 'en', { style: 'currency', currency: payment.currency } ).resolvedOptions().maximumFractionDigits;
	const amount = new Intl.NumberFormat( language, { style: 'currency', currency: payment.currency } ).format( payment.amount / 10 ** digits );
	document.documentElement.lang = language;
	for ( const node of document.querySelectorAll( '[data-text]' ) ) {
		node.textContent = say( node.dataset.text );
	}
	document.getElementById( 'question' ).textContent = say( 'challenge_text' ).replace( '{amount}', amount );
	const buttons = [ ...document.querySelectorAll( 'button' ) ];
	for ( const button of buttons ) {
		button.addEventListener( 'click', async () => {
			buttons.forEach( ( b ) => b.setAttribute( 'aria-busy', 'true' ) );
			try {
				const body = new URLSearchParams( { payment_intent: payment.intent, client_secret: payment.clientSecret, ok: button.value } );
				const response = await fetch( '/frame/challenge', { method: 'POST', body } );
				done( await response.json() );
			} catch {
				document.getElementById( 'problem' ).textContent = say( 'failed' );
				buttons.forEach( ( b ) => b.removeAttribute( 'aria-busy' ) );
			}
		} );
	}
	document.getElementById( 'title' ).focus();
}

const page = new URLSearchParams( window.location.search );
if ( page.has( 'payment_intent' ) ) {
	// A page of its own, for payments that were confirmed without Stripe.js.
	ask( {
		intent: page.get( 'payment_intent' ), clientSecret: page.get( 'client_secret' ), amount: Number( page.get( 'amount' ) ), currency: page.get( 'currency' ),
	}, ( { return_to: to } ) => window.location.assign( to ) );
} else {
	answerParent( ( hello, send ) => {
		ask( hello, () => send( { type: 'answered' } ) );
		return () => {};
	} );
}
