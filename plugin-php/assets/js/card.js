import { appearance } from '@tillside/view';

const scripts = new Map();

/** Loads a script once; a failed load may be tried again. */
function load( url ) {
	if ( ! scripts.has( url ) ) {
		scripts.set( url, new Promise( ( resolve, reject ) => {
			const script = document.createElement( 'script' );
			script.src = url;
			script.onload = resolve;
			script.onerror = () => {
				script.remove();
				scripts.delete( url );
				reject( new Error( 'script' ) );
			};
			document.head.append( script );
		} ) );
	}
	return scripts.get( url );
}

/**
 * Stripe's fields in the payment step. No card data passes through our code.
 *
 * @param {Object} view    The form's view.
 * @param {Object} gateway The gateway as GET /v1/forms describes it.
 */
export function cardOf( view, gateway ) {
	const host = view.one( '[data-card]' );
	let stripe, elements, element, ready;

	async function start() {
		if ( ! window.Stripe || ! stripe ) {
			await load( gateway.script_url );
		}
		stripe ??= window.Stripe( gateway.publishable_key, { apiVersion: gateway.api_version, locale: gateway.locale || 'auto' } );
	}

	function state( name ) {
		view.one( '[data-card-wait]' ).hidden = name !== 'wait';
		view.one( '[data-card-failed]' ).hidden = name !== 'failed';
		host.hidden = name === 'failed';
		ready = name === 'ready';
	}

	function failed() {
		element?.destroy();
		element = elements = undefined;
		state( 'failed' );
	}

	/** Mounts the fields, or tells mounted ones the new total. Their place never moves; steps only hide it. */
	async function show( { amount, currency } ) {
		const total = { amount, currency: currency.toLowerCase() };
		if ( elements ) {
			elements.update( total );
			return;
		}
		state( 'wait' );
		try {
			await start();
			if ( elements ) {
				return;
			}
			elements = stripe.elements( {
				mode: 'payment',
				...total,
				appearance: appearance( view.one( '[data-steps]' ) ),
				...( gateway.setup_future_usage && { setupFutureUsage: gateway.setup_future_usage } ),
			} );
			element = elements.create( 'payment', {
				layout: 'accordion',
				fields: { billingDetails: { name: 'never', email: 'never', address: 'if_required' } },
			} );
			element.on( 'ready', () => state( 'ready' ) );
			element.on( 'loaderror', failed );
			element.mount( host );
		} catch {
			failed();
		}
	}

	/** Returns a confirmation token. Its first await is elements.submit(), or wallets lose the click. */
	async function token( billing, returnURL ) {
		if ( ! ready ) {
			throw new Error( '' );
		}
		const checked = await elements.submit();
		if ( checked.error ) {
			throw new Error( checked.error.message );
		}
		const made = await stripe.createConfirmationToken( {
			elements,
			params: { return_url: returnURL, payment_method_data: { billing_details: billing } },
		} );
		if ( made.error ) {
			throw new Error( made.error.message );
		}
		return made.confirmationToken.id;
	}

	/** Lets the buyer's bank ask its question; returns what went wrong, if anything. */
	async function ask( clientSecret ) {
		await start();
		return ( await stripe.handleNextAction( { clientSecret } ) ).error?.message;
	}

	return { start: () => start().catch( () => {} ), show, token, ask };
}
