/* What Stripe.js refuses at once: mistakes of the page that calls it. */

class IntegrationError extends Error {
	constructor( message ) {
		super( message );
		this.name = 'IntegrationError';
	}
}

const KNOWN = {
	stripe: [ 'apiVersion', 'locale', 'stripeAccount', 'betas' ],
	elements: [
		'mode', 'amount', 'currency', 'setupFutureUsage', 'captureMethod', 'onBehalfOf', 'paymentMethodTypes',
		'paymentMethodOptions', 'paymentMethodCreation', 'paymentMethodConfiguration', 'appearance', 'fonts', 'locale', 'loader',
	],
	payment: [ 'layout', 'fields', 'defaultValues', 'business', 'paymentMethodOrder', 'readOnly', 'terms', 'wallets', 'applePay' ],
	token: [ 'elements', 'params' ],
	tokenParams: [ 'return_url', 'payment_method_data', 'shipping' ],
	methodData: [ 'billing_details', 'allow_redisplay' ],
	billing: [ 'name', 'email', 'phone', 'address' ],
	address: [ 'line1', 'line2', 'city', 'state', 'country', 'postal_code' ],
};

/** Throws when options has a name that is not known at the place. */
function checkNames( options, known, place ) {
	if ( options === undefined ) {
		return;
	}
	if ( options === null || typeof options !== 'object' ) {
		throw new IntegrationError( `Invalid value for ${ place }: options should be an object.` );
	}
	for ( const name of Object.keys( options ) ) {
		if ( ! KNOWN[ known ].includes( name ) ) {
			throw new IntegrationError( `Invalid ${ place } parameter: ${ name } is not an accepted parameter.` );
		}
	}
}

function checkElementsOptions( options, place ) {
	checkNames( options, 'elements', place );
	const { mode, amount, currency } = options;
	if ( ! [ 'payment', 'setup', 'subscription' ].includes( mode ) ) {
		throw new IntegrationError( `Invalid value for ${ place }: mode should be one of payment, setup, subscription. The sandbox has no client secrets here.` );
	}
	if ( ( currency !== undefined || mode !== 'setup' ) && ( typeof currency !== 'string' || ! /^[a-z]{3}$/.test( currency ) ) ) {
		throw new IntegrationError( `Invalid value for ${ place }: currency should be a currency code in lower case, such as eur. You specified: ${ currency }.` );
	}
	if ( mode === 'payment' && ( ! Number.isInteger( amount ) || amount < 1 ) ) {
		throw new IntegrationError( `Invalid value for ${ place }: amount should be a positive integer of minor units. You specified: ${ amount }.` );
	}
}

/** Throws unless a value that the Element was told never to ask for is passed. */
function checkNever( fields, billing ) {
	const asked = fields?.billingDetails;
	const never = ( name, parent ) => parent === 'never' || ( parent && parent[ name ] === 'never' );
	const need = ( path, value ) => {
		if ( value === undefined ) {
			throw new IntegrationError(
				`You specified "never" for fields.billingDetails.${ path } when creating the payment Element, but did not pass ` +
				`params.payment_method_data.billing_details.${ path } when calling stripe.createConfirmationToken().`
			);
		}
	};
	for ( const name of [ 'name', 'email', 'phone' ] ) {
		if ( never( name, asked ) ) {
			need( name, billing?.[ name ] );
		}
	}
	const address = typeof asked === 'object' ? asked.address : asked;
	for ( const [ option, name ] of [ [ 'country', 'country' ], [ 'postalCode', 'postal_code' ] ] ) {
		if ( never( option, address ) ) {
			need( `address.${ name }`, billing?.address?.[ name ] );
		}
	}
}

function checkTokenArguments( args ) {
	checkNames( args, 'token', 'stripe.createConfirmationToken()' );
	if ( ! args?.elements || typeof args.elements.submit !== 'function' ) {
		throw new IntegrationError( 'Invalid value for stripe.createConfirmationToken(): elements should be an object from stripe.elements().' );
	}
	checkNames( args.params, 'tokenParams', 'createConfirmationToken params' );
	const data = args.params?.payment_method_data;
	checkNames( data, 'methodData', 'payment_method_data' );
	checkNames( data?.billing_details, 'billing', 'billing_details' );
	checkNames( data?.billing_details?.address ?? undefined, 'address', 'billing_details.address' );
}
