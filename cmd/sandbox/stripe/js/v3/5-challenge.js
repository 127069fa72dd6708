/* The bank's question (3-D Secure), in a modal dialog above the page. */

const DIALOG_STYLE = 'border:0;padding:0;margin:auto;width:min(25rem,calc(100vw - 2rem));height:min(28rem,calc(100vh - 2rem));' +
	'border-radius:.75rem;overflow:hidden;background:#fff;box-shadow:0 1.5rem 4rem rgba(0,0,0,.35)';

/** Shows the dialog and resolves when the buyer has answered. */
function askBank( key, intent ) {
	const dialog = document.createElement( 'dialog' );
	dialog.setAttribute( 'aria-label', '3-D Secure' );
	dialog.style.cssText = DIALOG_STYLE;
	const frame = makeFrame( '/frame/challenge', '3-D Secure authentication' );
	frame.style.cssText = 'border:0;display:block;width:100%;height:100%';
	dialog.append( frame );
	const back = document.activeElement;
	return new Promise( ( resolve ) => {
		let answered = false;
		connect( frame, () => ( { key, intent: intent.id, clientSecret: intent.client_secret, amount: intent.amount, currency: intent.currency, locale: document.documentElement.lang } ), ( message ) => {
			if ( message.type !== 'answered' ) {
				return;
			}
			answered = true;
			dialog.close();
			dialog.remove();
			back?.focus?.();
			resolve();
		} );
		// The question cannot be closed without an answer; browsers let a
		// second Escape through, so it is opened again.
		dialog.addEventListener( 'cancel', ( event ) => event.preventDefault() );
		dialog.addEventListener( 'close', () => {
			if ( ! answered ) {
				dialog.showModal();
			}
		} );
		document.body.append( dialog );
		dialog.showModal();
	} );
}

/** Brings a payment that waits for the buyer to its end: { paymentIntent } or { error }. */
async function nextAction( key, clientSecret ) {
	const found = await retrieve( key, clientSecret );
	const intent = found.paymentIntent;
	if ( ! intent || intent.status !== 'requires_action' ) {
		return found;
	}
	if ( intent.next_action?.type === 'redirect_to_url' ) {
		window.location.assign( intent.next_action.redirect_to_url.url );
		return new Promise( () => {} );
	}
	await askBank( key, intent );
	const after = await retrieve( key, clientSecret );
	const failure = after.paymentIntent?.last_payment_error;
	if ( ! failure || after.paymentIntent.status !== 'requires_payment_method' ) {
		return after;
	}
	const message = failure.code === 'payment_intent_authentication_failure'
		? 'We are unable to authenticate your payment method. Please choose a different payment method and try again.'
		: failure.message;
	return { error: { ...failure, message, payment_intent: after.paymentIntent } };
}
