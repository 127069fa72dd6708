import { answerParent, request } from './line.js';
import { dress } from './appearance.js';
import { brandOf, checks } from './card.js';
import { methodData, tidy } from './entered.js';
import { speak } from './texts.js';

const form = document.getElementById( 'form' );
const field = ( name ) => form.elements[ name ];
const WITH_POSTAL_CODE = [ 'US', 'GB', 'CA' ];
const COUNTRIES = 'AT AU BE BG BR CA CH CZ DE DK EE ES FI FR GB GR HR HU IE IN IT JP LI LT LU LV MT MX NL NO NZ PL PT RO SE SI SK US ZA'.split( ' ' );

answerParent( ( hello, send ) => {
	let { group, element } = hello;
	let { say, language, wanted } = speak( group.locale );
	let kinds = [ 'card' ];
	let complete = null;

	const kind = () => form.querySelector( '.kind.open' )?.dataset.kind ?? '';
	const never = ( name ) => {
		const asked = element.fields?.billingDetails;
		const own = typeof asked === 'object' ? asked[ name ] : asked;
		return own === 'never';
	};
	const addressAsked = () => {
		const asked = element.fields?.billingDetails;
		return ( typeof asked === 'object' ? asked.address : asked ) ?? 'auto';
	};

	function visible() {
		const names = kind() === 'card' ? [ 'number', 'expiry', 'cvc', 'postalCode' ] : [ 'email', 'name', 'iban' ];
		return kind() ? names.filter( ( name ) => ! field( name ).closest( '.field' ).hidden ) : [];
	}

	function fault( name ) {
		return checks[ name ]( field( name ).value, name === 'cvc' ? field( 'number' ).value : undefined );
	}

	function show( name, code ) {
		field( name ).setAttribute( 'aria-invalid', String( Boolean( code ) ) );
		document.getElementById( `${ name }-error` ).textContent = code ? say( code ) : '';
	}

	function changed() {
		const names = visible();
		const now = { empty: names.every( ( n ) => ! field( n ).value ), complete: names.length > 0 && names.every( ( n ) => ! fault( n ) ), collapsed: ! kind(), value: { type: kind() } };
		if ( JSON.stringify( now ) !== complete ) {
			complete = JSON.stringify( now );
			send( { type: 'change', event: now } );
		}
	}

	function open( name ) {
		for ( const section of form.querySelectorAll( '.kind' ) ) {
			section.classList.toggle( 'open', section.dataset.kind === name );
			section.hidden = ! kinds.includes( section.dataset.kind );
		}
		form.classList.toggle( 'single', kinds.length === 1 );
		for ( const radio of form.querySelectorAll( '[name="kind"]' ) ) {
			radio.checked = radio.value === name;
		}
	}

	function arrange() {
		( { say, language, wanted } = speak( group.locale ) );
		document.documentElement.lang = language;
		document.documentElement.dir = [ 'ar', 'he', 'fa' ].includes( wanted.slice( 0, 2 ) ) ? 'rtl' : 'ltr';
		dress( group.appearance );
		for ( const node of document.querySelectorAll( '[data-text]' ) ) {
			node.textContent = say( node.dataset.text );
		}
		const names = new Intl.DisplayNames( [ language ], { type: 'region' } );
		const chosen = field( 'country' ).value || element.defaultValues?.billingDetails?.address?.country || ( language === 'de' ? 'DE' : 'US' );
		field( 'country' ).replaceChildren( ...COUNTRIES.map( ( code ) => new Option( names.of( code ), code, false, code === chosen ) ) );
		const address = addressAsked();
		const asks = {
			email: ! never( 'email' ), name: ! never( 'name' ),
			country: address === 'auto' || ( typeof address === 'object' && address.country !== 'never' ),
		};
		asks.postalCode = asks.country && address?.postalCode !== 'never' && WITH_POSTAL_CODE.includes( field( 'country' ).value );
		for ( const node of document.querySelectorAll( '[data-asks]' ) ) {
			node.hidden = ! asks[ node.dataset.asks ];
		}
		for ( const name of [ 'name', 'email' ] ) {
			field( name ).value ||= element.defaultValues?.billingDetails?.[ name ] ?? '';
		}
	}

	async function load() {
		const session = await request( hello.key, 'GET', '/v1/elements/sessions', { mode: group.mode, currency: group.currency, amount: group.amount } );
		if ( session.error ) {
			send( { type: 'loaderror', event: { error: session.error } } );
			return;
		}
		const offered = group.paymentMethodTypes ?? session.payment_method_types;
		kinds = [ 'card', 'sepa_debit' ].filter( ( name ) => offered.includes( name ) );
		arrange();
		const collapsed = element.layout?.defaultCollapsed && kinds.length > 1;
		open( kinds.includes( kind() ) ? kind() : collapsed ? '' : kinds[ 0 ] );
		new ResizeObserver( () => send( { type: 'height', value: Math.ceil( form.getBoundingClientRect().height ) + 4 } ) ).observe( form );
		send( { type: 'ready', event: {} } );
		changed();
	}

	function submit() {
		const wrong = visible().map( ( name ) => [ name, fault( name ) ] ).filter( ( [ , code ] ) => code );
		visible().forEach( ( name ) => show( name, fault( name ) ) );
		if ( ! kind() ) {
			return { error: { type: 'validation_error', code: 'incomplete_payment_method', message: 'Please choose a payment method.' } };
		}
		if ( ! wrong.length ) {
			return {};
		}
		field( wrong[ 0 ][ 0 ] ).focus();
		return { error: { type: 'validation_error', code: wrong[ 0 ][ 1 ], message: say( wrong[ 0 ][ 1 ] ) } };
	}

	async function createConfirmationToken( args ) {
		const invalid = submit();
		if ( invalid.error ) {
			return invalid;
		}
		const answer = await request( hello.key, 'POST', '/v1/confirmation_tokens', {
			payment_method_data: methodData( form, kind(), args.billing_details ), return_url: args.return_url, shipping: args.shipping, setup_future_usage: group.setupFutureUsage,
			mandate_data: kind() === 'sepa_debit' ? { customer_acceptance: { type: 'online', online: { infer_from_client: true } } } : undefined,
		} );
		return answer.error ? { error: answer.error } : { confirmationToken: answer };
	}

	form.addEventListener( 'submit', ( event ) => event.preventDefault() );
	form.addEventListener( 'input', ( { target } ) => {
		tidy( target );
		if ( target.name === 'number' ) {
			document.getElementById( 'brand' ).textContent = brandOf( target.value );
		}
		if ( target.getAttribute( 'aria-invalid' ) === 'true' && ! fault( target.name ) ) {
			show( target.name, '' );
		}
		changed();
	} );
	form.addEventListener( 'change', ( { target } ) => {
		if ( target.name === 'kind' ) {
			open( target.value );
		} else if ( target.name === 'country' ) {
			arrange();
		}
		changed();
	} );
	form.addEventListener( 'focusout', ( { target } ) => {
		if ( checks[ target.name ] && target.value && fault( target.name ) ) {
			show( target.name, fault( target.name ) );
		}
		send( { type: 'blur', event: {} } );
	} );
	form.addEventListener( 'focusin', () => send( { type: 'focus', event: {} } ) );
	form.addEventListener( 'keydown', ( { key } ) => key === 'Escape' && send( { type: 'escape', event: {} } ) );
	load();

	const methods = { submit, createConfirmationToken };
	return async ( message ) => {
		switch ( message.type ) {
			case 'call':
				send( { type: 'result', id: message.id, result: await methods[ message.method ]( message.args ) } );
				break;
			case 'update':
				group = message.group ?? group;
				element = message.element ?? element;
				arrange();
				break;
			case 'focus':
				field( visible()[ 0 ] )?.focus();
				break;
			case 'blur':
				document.activeElement?.blur();
				break;
			case 'clear':
				form.reset();
				open( kinds[ 0 ] );
				changed();
				break;
			case 'collapse':
				open( '' );
				changed();
		}
	};
} );
