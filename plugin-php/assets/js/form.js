import { get } from '@tillside/api';
import { cardOf } from '@tillside/card';
import { checkoutOf } from '@tillside/checkout';
import { paymentOf } from '@tillside/payment';
import { stepsOf } from '@tillside/steps';
import { isOurs } from '@tillside/api';
import { showOrder } from '@tillside/thank-you';
import { fill, showRows, viewOf } from '@tillside/view';
import { member, returned, sessionToken } from '@tillside/checkout';

const AUTOSAVE = 800;

/**
 * Mounts an order form.
 *
 * @param {HTMLElement} root The wrapper with the fragment that Tillside rendered.
 */
export function mountForm( root ) {
	const { base, token, session } = root.dataset;
	const view = viewOf( root );
	const { words, one } = view;
	const steps = stepsOf( view );
	const offer = one( '[data-offer]' ).dataset.offer;
	const checkout = checkoutOf( root, offer );
	let quote, step = 1, busy = false, live, timer;

	const form = {
		root, view, steps, checkout, card: null, done, prepare, total,
		quote: () => quote,
		busy( now ) {
			if ( now !== undefined ) {
				busy = now;
				steps.form.setAttribute( 'aria-busy', String( now ) );
				view.all( '[data-step] .tillside-button' ).forEach( ( button ) => button.setAttribute( 'aria-busy', String( now ) ) );
				view.all( '[data-step], [data-card-box]' ).forEach( ( part ) => ( part.inert = now ) );
			}
			return busy;
		},
	};
	const payment = paymentOf( form );

	/** Shows new totals everywhere, and says so when the sum is another one. */
	function total( next ) {
		if ( ! next ) {
			return;
		}
		if ( quote && quote.total.text !== next.total.text ) {
			view.say( fill( words.total_is, { total: next.total.text } ) );
		}
		quote = next;
		const free = ! quote.due_today.amount;
		showRows( one( '[data-summary] [data-rows]' ), quote, words );
		one( '[data-total]' ).textContent = quote.total.text;
		one( '[data-pay-label]' ).textContent = fill( free ? words.free : words.pay, { total: quote.due_today.text } );
		one( '[data-card-box]' ).hidden = free;
		one( '[data-free]' ).hidden = ! free;
		if ( step > 1 ) {
			prepare();
		}
	}

	/** Has the card fields ready; nothing to do when nothing is due. */
	async function prepare() {
		if ( form.card && quote.due_today.amount ) {
			await form.card.show( quote.due_today );
		}
	}

	function go( number, quietly ) {
		step = number;
		steps.show( number, quietly );
		if ( number > 1 ) {
			prepare();
		}
	}

	function done( order ) {
		return showOrder( view, base, { order: order.id, token: checkout.own.token }, () => {
			checkout.forget();
			location.reload();
		} );
	}

	/** Fetches what the cached page cannot know; rejects when the shop is away. */
	async function load() {
		const answer = await get( base, '/v1/forms/' + encodeURIComponent( offer ), { 'X-Tillside-Form': token } );
		const gateway = answer.gateways?.[ 0 ];
		if ( gateway && ! form.card ) {
			form.card = Object.assign( cardOf( view, gateway ), { name: gateway.name } );
		}
		if ( ! checkout.own.copy ) {
			total( answer.quote );
		}
		return answer;
	}

	function refuse( error ) {
		live = null;
		steps.stop( error.message || words.unavailable, begin, words.again );
	}

	const contact = () => steps.values( 'email', 'first_name', 'last_name' );
	const details = () => steps.values( 'country', 'postal_code' );

	function take( copy ) {
		steps.put( copy.contact );
		steps.put( copy.details );
		total( copy.quote );
	}

	/** Stores a step, in a new checkout when the old one is gone. */
	async function store( changes ) {
		if ( checkout.own.copy ) {
			try {
				return total( ( await checkout.patch( changes ) ).quote );
			} catch ( error ) {
				if ( ! checkout.isGone( error ) ) {
					throw error;
				}
				checkout.forget();
			}
		}
		total( ( await checkout.start( contact(), await sessionToken( session ) ) ).quote );
		if ( changes.details ) {
			total( ( await checkout.patch( changes ) ).quote );
		}
	}

	async function next() {
		form.busy( true );
		clearTimeout( timer );
		try {
			await ( live ??= load() );
			await store( step === 1 ? { contact: contact(), step: 2 } : { details: details(), step: 3 } );
			form.busy( false );
			go( step + 1 );
		} catch ( error ) {
			form.busy( false );
			failed( error );
		}
	}

	function failed( error ) {
		if ( error.code === 'paying' ) {
			payment.resume();
		} else if ( error.body?.checkout ) {
			take( error.body.checkout );
			steps.stop( words.saved_elsewhere );
		} else if ( steps.has( error.field ) ) {
			steps.complain( [ [ error.field, error.message ] ] );
		} else {
			refuse( error );
		}
	}

	/** Saves what stands in the fields, if the server does not have it. */
	function autosave( keepalive ) {
		clearTimeout( timer );
		const changes = step === 1 ? { contact: contact() } : { details: details() };
		if ( ! busy && step < 3 && checkout.differs( changes ) && ! Object.values( Object.values( changes )[ 0 ] ).includes( '' ) ) {
			checkout.patch( changes, keepalive ).then( ( copy ) => total( copy.quote ), ( error ) => ! error.field && ( error.body?.checkout || error.code === 'paying' ) && failed( error ) );
		}
	}

	/** Starts, or starts again: what is live, what this tab has begun, what a bank sent back. */
	async function begin() {
		steps.warn( '' );
		form.busy( true );
		try {
			live = load();
			const [ answer, saved ] = await Promise.all( [ live, checkout.resume() ] );
			form.busy( false );
			const stranger = returned && ! returned.taken && saved?.id !== returned.id && ! isOurs( returned.id );
			if ( stranger ) {
				returned.taken = true;
				return returned.token ? payment.stranger( returned ) : open( answer, saved );
			}
			return open( answer, saved );
		} catch ( error ) {
			form.busy( false );
			refuse( error );
		}
	}

	function open( answer, saved ) {
		if ( saved ) {
			take( saved );
			if ( saved.status === 'paid' ) {
				return done( saved.order );
			}
			if ( saved.status === 'paying' || saved.status === 'processing' || returned?.id === saved.id ) {
				return payment.resume();
			}
		}
		if ( answer.state !== 'open' ) {
			return view.panel( answer.state === 'not_yet' ? words.not_yet_title : words.closed_title, answer.closed?.text || words.closed );
		}
		if ( ! answer.payable ) {
			return view.panel( words.unavailable_title, answer.message || words.unavailable, begin );
		}
		go( saved && checkout.own.copy ? Math.min( Math.max( saved.step, 1 ), 3 ) : 1, true );
	}

	async function prefill() {
		const secret = await sessionToken( session );
		if ( secret ) {
			const { email, first_name, last_name } = await member( base, secret );
			steps.put( { email, first_name, last_name }, true );
		}
	}

	steps.form.addEventListener( 'submit', ( event ) => {
		event.preventDefault();
		if ( busy ) {
			return;
		}
		if ( step === 3 ) {
			payment.submit();
		} else if ( steps.check( step ) ) {
			next();
		}
	} );
	steps.form.addEventListener( 'input', () => {
		clearTimeout( timer );
		timer = setTimeout( autosave, AUTOSAVE );
	} );
	view.all( '[data-back]' ).forEach( ( button ) => ( button.onclick = () => go( step - 1 ) ) );
	one( '[data-card-retry]' ).onclick = prepare;
	one( '[data-toggle]' ).onclick = ( { currentTarget } ) => {
		currentTarget.setAttribute( 'aria-expanded', String( currentTarget.getAttribute( 'aria-expanded' ) !== 'true' ) );
	};
	document.addEventListener( 'visibilitychange', () => document.hidden && autosave( true ) );
	window.addEventListener( 'pageshow', ( { persisted } ) => persisted && ! busy && begin() );
	begin();
	prefill();
}
