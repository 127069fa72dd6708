import { post, uuid, wait } from '@tillside/api';
import { fill } from '@tillside/view';
import { pageURL } from '@tillside/checkout';

const SLOW = 20000;
const longer = ( ms ) => Math.min( ms * 2, 15000 );

/**
 * Paying, and finding out how a payment ended.
 *
 * @param {Object} form The order form: view, steps, checkout, card, quote, busy(), done().
 */
export function paymentOf( form ) {
	const { view, steps, checkout, root } = form;
	const { words } = view;

	function tell( text ) {
		view.one( '[data-paying]' ).textContent = text;
		if ( ! view.one( '[data-panel]' ).hidden ) {
			view.one( '[data-panel-text]' ).textContent = text;
		}
	}

	/** Asks how the payment stands, however long the connection is away. */
	async function sync() {
		for ( let pause = 1000; ; pause = longer( pause ) ) {
			try {
				return await checkout.sync();
			} catch ( error ) {
				if ( ! error.lost && error.status !== 503 && error.status !== 429 ) {
					throw error;
				}
				tell( words.lost );
			}
			await wait( pause );
		}
	}

	/** Sends the payment. When the answer is lost the same click is asked about, and sent again under its own key. */
	async function send( body ) {
		const key = uuid();
		for ( let pause = 1000; ; pause = longer( pause ) ) {
			try {
				return await checkout.pay( body, key );
			} catch ( error ) {
				if ( ! error.lost ) {
					throw error;
				}
			}
			tell( words.lost );
			await wait( pause );
			const answer = await sync().catch( () => ( {} ) );
			if ( [ 'succeeded', 'processing', 'requires_action', 'declined' ].includes( answer.status ) ) {
				return answer;
			}
		}
	}

	/** Shows the last step with a sentence. */
	async function back( text ) {
		steps.show( 3, true );
		await form.prepare();
		steps.stop( text );
	}

	/** Follows an answer to its end. */
	async function follow( answer ) {
		const since = Date.now();
		for ( let asked = false; ; ) {
			switch ( answer.status ) {
				case 'succeeded':
					return form.done( answer.order );
				case 'processing':
					if ( answer.reason === 'bank' ) {
						return view.panel( words.bank_title, answer.message || words.bank );
					}
					tell( Date.now() - since > SLOW ? words.slow : words.paying );
					await wait( Math.max( answer.retry_after_ms ?? 1000, Date.now() - since > SLOW ? 5000 : 300 ) );
					answer = await sync();
					break;
				case 'requires_action': {
					if ( asked ) {
						return back( asked );
					}
					asked = ( await form.card.ask( answer.client_secret ) ) || words.declined;
					answer = await sync();
					break;
				}
				case 'totals_changed':
					form.total( answer.quote );
					return back( fill( words.changed, { total: answer.quote.total.text } ) );
				default:
					return back( answer.message || words.declined );
			}
		}
	}

	/** Runs one payment at a time; whatever fails ends as a sentence above the form. */
	async function run( work ) {
		if ( form.busy() ) {
			return;
		}
		form.busy( true );
		tell( words.paying );
		try {
			await follow( await work() );
		} catch ( error ) {
			if ( error.code === 'paying' ) {
				form.busy( false );
				return resume();
			}
			await back( error.message || words.unavailable );
		} finally {
			form.busy( false );
			tell( '' );
		}
	}

	/** Pays for the checkout as it is shown. */
	function submit() {
		return run( async () => {
			const { due_today: due, total: { amount, currency } } = form.quote();
			const { email, first_name: first, last_name: last, country, postal_code: postal } = steps.values( 'email', 'first_name', 'last_name', 'country', 'postal_code' );
			const back = new URL( pageURL );
			back.searchParams.set( 'tillside_checkout', checkout.own.id );
			const token = due.amount ? await form.card.token( { name: `${ first } ${ last }`, email, address: { country, postal_code: postal } }, back.href ) : '';
			await checkout.settled();
			return send( { gateway: due.amount ? form.card.name : 'none', token, expected_total: { amount, currency } } );
		} );
	}

	/** Finds out how a payment ended that this page did not see to its end. */
	function resume() {
		view.panel( words.checking_title, words.checking );
		return run( sync );
	}

	/** Back from a bank's page, in a browser that knows nothing of the checkout: only the status can be asked. */
	async function stranger( { id, token } ) {
		view.panel( words.checking_title, words.checking );
		let answer = { status: 'processing' };
		for ( let pause = 1000; answer.status === 'processing' && pause < 15000; pause = longer( pause ) ) {
			answer = await post( root.dataset.base, `/v1/checkouts/${ id }/sync`, {}, { 'X-Tillside-Checkout': token } ).catch( ( error ) => ( error.lost ? answer : {} ) );
			if ( answer.status === 'processing' ) {
				await wait( pause );
			}
		}
		if ( answer.status === 'succeeded' ) {
			view.panel( words.arrived_title, words.arrived );
		} else if ( answer.status === 'processing' ) {
			view.panel( words.bank_title, words.slow );
		} else {
			view.panel( words.failed_title, words.declined, () => steps.show( 1 ), words.again );
		}
	}

	return { submit, resume, stranger };
}
