import { call, sessionToken } from '@tillside/api';
import { checkoutOf, claim, member } from '@tillside/checkout';
import { extrasOf } from '@tillside/extras';
import { paymentOf } from '@tillside/payment';
import { stepsOf } from '@tillside/steps';
import { fill, showTotals, viewOf } from '@tillside/view';

const AUTOSAVE = 800;
const thankYou = () => import( '@tillside/thank-you' );

/** An order form's way from step to step. */
function mountForm( root ) {
	const view = viewOf( root );
	const { base, words, one, all } = view;
	const { token, session } = root.dataset;
	const steps = stepsOf( view );
	const { offer } = one( '[data-offer]' ).dataset;
	const checkout = checkoutOf( view, offer );
	const form = { view, steps, checkout, offer, card: null, go, done, total, busy: ( now ) => lock( now ), quote: () => quote };
	const payment = paymentOf( form );
	const extras = extrasOf( form );
	let quote, ready, timer, step = 1, busy = false;
	const contact = () => steps.values( 'email', 'first_name', 'last_name' );
	const details = () => steps.values( 'country', 'postal_code' );
	const lock = ( now ) => steps.lock( busy = now );

	function go( number ) {
		step = number;
		steps.show( number );
		prepare();
	}

	/** Has the card ready from step 2. */
	function prepare() {
		if ( step > 1 && form.card && quote.due_today.amount ) {
			form.card.show( quote.due_today );
		}
	}

	function total( next ) {
		if ( ! next ) {
			return;
		}
		if ( quote && quote.total.text !== next.total.text ) {
			view.say( fill( words.total_is, { total: next.total.text } ) );
		}
		quote = next;
		showTotals( view, quote );
		prepare();
		extras.show( next );
	}

	async function done( order ) {
		extras.forget();
		try {
			await ( await thankYou() ).showOrder( view, { order: order.id, token: checkout.own.token }, () => {
				checkout.forget();
				location.reload();
			} );
		} catch {
			view.panel( words.arrived_title, words.arrived );
		}
	}

	/** Fetches what a cached page lacks. */
	async function load() {
		const answer = await call( `${ base }/v1/forms/${ offer }`, null, { 'X-Tillside-Form': token } );
		if ( answer.gateways?.length ) {
			form.card ??= ( await import( '@tillside/card' ) ).cardOf( view, answer.gateways[ 0 ] );
		}
		total( checkout.own.copy ? null : answer.quote );
		return answer;
	}

	/** Stores a step, in a new checkout when the old one is gone. */
	async function store( changes ) {
		if ( checkout.own.copy ) {
			try {
				return await checkout.patch( changes );
			} catch ( error ) {
				if ( ! checkout.isGone( error ) ) {
					throw error;
				}
			}
		}
		const copy = await checkout.start( { contact: contact(), ...extras.brought() }, await sessionToken( session ) );
		return changes.details ? checkout.patch( changes ) : copy;
	}

	async function next() {
		const from = step;
		lock( true );
		clearTimeout( timer );
		try {
			await ( ready ?? begin() );
			if ( step === from && view.shows( 'steps' ) ) {
				total( ( await store( step === 1 ? { contact: contact(), step: 2 } : { details: details(), step: 3, ...await extras.gift() } ) ).quote );
				lock( false ); // For the focus.
				go( step + 1 );
			}
		} catch ( error ) {
			await failed( error );
		}
		lock( false );
	}

	function failed( { checkout: theirs, code, field, message } ) {
		if ( code === 'paying' || theirs?.status === 'paid' ) {
			return payment.resume();
		}
		if ( theirs ) {
			take( theirs );
			steps.stop( words.saved_elsewhere );
		} else if ( steps.has( field ) ) {
			steps.complain( [ [ field, message ] ] );
		} else {
			ready = null;
			steps.stop( message || words.unavailable, start, words.again );
		}
	}

	/** Saves what stands in the fields, if it is whole and the server lacks it. */
	function autosave( keepalive ) {
		const values = step === 1 ? contact() : details();
		const changes = step === 1 ? { contact: values } : { details: values };
		if ( ! busy && step < 3 && checkout.lacks( changes ) && ! Object.values( values ).includes( '' ) ) {
			checkout.patch( changes, keepalive ).then( ( copy ) => total( copy.quote ), ( error ) => ( error.checkout || error.code === 'paying' ) && failed( error ) );
		}
	}

	function take( copy ) {
		steps.put( { ...copy.contact, ...copy.details } );
		extras.put( copy.gift );
		total( copy.quote );
		return copy;
	}

	/** What is live, what this tab has begun, what a bank sent back. */
	const begin = () => ( ready = Promise.all( [ load(), checkout.resume(), extras.load() ] ).then( open ) );
	const start = () => begin().catch( failed );
	function open( [ answer, saved ] ) {
		const { status } = saved ? take( saved ) : {};
		if ( status === 'paid' ) {
			return done( saved.order );
		}
		if ( claim( checkout.own, view ) || status === 'paying' || status === 'processing' ) {
			return payment.resume();
		}
		if ( answer.state !== 'open' ) {
			view.panel( words[ answer.state ], answer.closed?.text || words.shut );
			return answer.state === 'full' && import( '@tillside/wait-list' ).then( ( { waitFor } ) => waitFor( view ) );
		}
		if ( ! answer.payable ) {
			return view.panel( words.unavailable_title, answer.message || words.unavailable, start );
		}
		go( checkout.own.copy?.step || 1 );
		extras.begin();
		return step === 3 && checkout.sync().then( ( { status, message } ) => status === 'declined' && steps.stop( message ) );
	}

	steps.form.addEventListener( 'submit', ( event ) => {
		event.preventDefault();
		view.touched = true;
		if ( ! busy && step === 3 ) {
			payment.submit();
		} else if ( ! busy && steps.check( step ) ) {
			next();
		}
	} );
	steps.form.addEventListener( 'input', () => {
		clearTimeout( timer );
		timer = setTimeout( autosave, AUTOSAVE );
	} );
	all( '[data-back]' ).forEach( ( button ) => ( button.onclick = () => go( step - 1 ) ) );
	one( '[data-card-retry]' ).onclick = prepare;
	one( '[data-toggle]' ).onclick = ( { currentTarget: button } ) => ( button.ariaExpanded = String( button.ariaExpanded !== 'true' ) );
	document.addEventListener( 'visibilitychange', () => document.hidden && autosave( true ) );
	window.addEventListener( 'pageshow', ( { persisted } ) => persisted && ! busy && start() );
	start();
	member( base, session ).then( ( known ) => steps.put( known, true ), () => {} );
}

const mounted = new WeakSet();

/** Brings every form and thank-you page to life, each once, however often it is called. */
export function mount() {
	for ( const root of document.querySelectorAll( '.tillside[data-tillside]' ) ) {
		if ( ! mounted.has( root ) && root.querySelector( '[data-words]' ) ) {
			mounted.add( root );
			( root.dataset.tillside === 'order_form' ? mountForm : async () => ( await thankYou() ).mountThankYou( root ) )( root );
		}
	}
}

mount();
// Page builders and pop-ups bring forms in later.
new MutationObserver( mount ).observe( document.documentElement, { childList: true, subtree: true } );
