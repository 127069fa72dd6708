import { colour, ground, isDark } from '@tillside/view';

let script;

/** Loads the provider's script once; a failed load may be tried again. */
const load = ( src ) => ( script ??= new Promise( ( onload, reject ) => {
	const onerror = () => reject( ( script = null ) );
	document.head.append( Object.assign( document.createElement( 'script' ), { src, onload, onerror } ) );
} ) );

/** Returns Stripe's appearance, taken from the form itself. */
function appearance( form ) {
	const { fontFamily } = getComputedStyle( form );
	return {
		theme: isDark( form ) ? 'night' : 'stripe',
		variables: {
			colorPrimary: colour( form.querySelector( '.tillside-button' ), 'backgroundColor' ),
			colorText: colour( form, 'color' ),
			colorBackground: ground( form ),
			colorDanger: colour( form.querySelector( '.tillside-error' ), 'color' ),
			borderRadius: getComputedStyle( form.querySelector( 'input' ) ).borderRadius,
			fontSizeBase: '16px',
			fontFamily,
		},
	};
}

/** Stripe's fields in the last step. No card data passes through our code. */
export function cardOf( view, gateway ) {
	const host = view.one( '[data-card]' );
	let stripe, elements, element, ready;

	async function start() {
		await load( gateway.script_url );
		stripe ??= window.Stripe( gateway.publishable_key, { apiVersion: gateway.api_version, locale: gateway.locale } );
	}

	function state( name ) {
		view.all( '[data-card-state]' ).forEach( ( part ) => ( part.hidden = part.dataset.cardState !== name ) );
		ready = name === 'ready';
	}

	function failed() {
		element?.destroy();
		elements = null;
		state( 'failed' );
	}

	/** Mounts the fields, or tells them a new total. They never move: the steps only hide them. */
	async function show( { amount, currency } ) {
		const total = { amount: amount * ( gateway.units ?? 1 ), currency: currency.toLowerCase() };
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
				appearance: appearance( view.one( 'form' ) ),
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

	/** Returns a confirmation token. Nothing may be awaited before submit(), or wallets lose the click. */
	async function token( billing, returnURL ) {
		if ( ! ready ) {
			throw new Error( view.words.loading );
		}
		const { error } = await elements.submit();
		const made = error ? { error } : await stripe.createConfirmationToken( {
			elements,
			params: { return_url: returnURL, payment_method_data: { billing_details: billing } },
		} );
		if ( made.error ) {
			throw new Error( made.error.message );
		}
		return made.confirmationToken.id;
	}

	/** Lets the buyer's bank ask; returns what went wrong, if anything. */
	async function ask( clientSecret ) {
		await start();
		return ( await stripe.handleNextAction( { clientSecret } ) ).error?.message;
	}

	return { name: gateway.name, show, token, ask };
}
