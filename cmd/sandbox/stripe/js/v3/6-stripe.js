/* The function that the page calls. */

function Stripe( key, options ) {
	if ( typeof key !== 'string' || key === '' ) {
		throw new IntegrationError( 'Missing value for Stripe(): apiKey should be a string.' );
	}
	if ( /^(sk|rk)_/.test( key ) ) {
		throw new IntegrationError( 'You should not use your secret key with Stripe.js. Please pass a publishable key instead.' );
	}
	if ( ! key.startsWith( 'pk_test_' ) ) {
		throw new IntegrationError( 'The sandbox takes publishable keys of test mode only: pk_test_….' );
	}
	checkNames( options, 'stripe', 'Stripe()' );
	if ( options?.apiVersion !== undefined && options.apiVersion !== API_VERSION ) {
		throw new IntegrationError( `Invalid value for Stripe(): the sandbox speaks apiVersion ${ API_VERSION } only.` );
	}
	const locale = options?.locale ?? 'auto';
	return {
		elements( groupOptions ) {
			checkElementsOptions( groupOptions ?? {}, 'stripe.elements()' );
			return new Elements( key, { locale, ...groupOptions } );
		},

		async createConfirmationToken( args ) {
			checkTokenArguments( args );
			return args.elements._token( args.params );
		},

		async handleNextAction( args ) {
			if ( typeof args?.clientSecret !== 'string' ) {
				throw new IntegrationError( 'Missing value for stripe.handleNextAction(): clientSecret should be a string.' );
			}
			return nextAction( key, args.clientSecret );
		},

		async retrievePaymentIntent( clientSecret ) {
			return retrieve( key, clientSecret );
		},
	};
}

Stripe.version = 3;
window.Stripe = window.Stripe ?? Stripe;
