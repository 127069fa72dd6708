import { wait } from '@tillside/api';
import { pageURL } from '@tillside/checkout';
import { fill } from '@tillside/view';

const SLOW = 20000;
const longer = ( ms ) => Math.min( ms * 2, 15000 );
const passes = ( { lost, status } ) => lost || status === 503 || status === 429;

/** Paying, and finding out how a payment ended. */
export function paymentOf( form ) {
	const { view, steps, checkout } = form;
	const { words, one } = view;

	function tell( text ) {
		one( '[data-paying]' ).textContent = text;
		if ( text ) {
			one( '[data-panel-text]' ).textContent = text;
		}
	}

	/** Asks how the payment stands, however long the connection is away. */
	async function sync() {
		for ( let pause = 1000; ; pause = longer( pause ) ) {
			try {
				return await checkout.sync();
			} catch ( error ) {
				if ( ! passes( error ) ) {
					throw error;
				}
			}
			tell( words.lost );
			await wait( pause );
		}
	}

	/** Pays. When the answer is lost the server is asked, and if it knows of no payment, the same click goes out again. */
	async function send( body ) {
		const key = crypto.randomUUID?.() ?? crypto.getRandomValues( new Uint32Array( 4 ) ).join( '-' );
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
			const answer = await sync();
			// A declined one may be an earlier click's.
			if ( [ 'succeeded', 'processing', 'requires_action' ].includes( answer.status ) ) {
				return answer;
			}
		}
	}

	/** Shows the last step, or the first where the checkout is not known, with a sentence. */
	function back( text ) {
		form.go( checkout.own.copy ? 3 : 1 );
		steps.stop( text || words.declined );
	}

	async function follow( answer ) {
		const since = Date.now();
		let objection;
		while ( answer.status === 'processing' || answer.status === 'requires_action' ) {
			if ( answer.reason === 'bank' ) {
				return view.panel( words.bank_title, answer.message || words.bank );
			}
			if ( answer.status === 'processing' ) {
				const slow = Date.now() - since > SLOW;
				tell( slow ? words.slow : words.paying );
				await wait( Math.max( answer.retry_after_ms ?? 1000, slow ? 5000 : 300 ) );
			} else if ( objection ) {
				return back( objection );
			} else {
				objection = ( answer.client_secret && ( await form.card?.ask( answer.client_secret ) ) ) || words.declined;
			}
			answer = await sync();
		}
		if ( answer.status === 'succeeded' ) {
			return form.done( answer.order );
		}
		if ( answer.status === 'totals_changed' ) {
			form.total( answer.quote );
			return back( fill( words.changed, { total: answer.quote.total.text } ) );
		}
		back( answer.message );
	}

	/** Runs one payment at a time; whatever fails ends as a sentence above the form. */
	async function run( work ) {
		form.busy( true );
		tell( words.paying );
		one( '[data-alert]' ).replaceChildren();
		try {
			await follow( await work() );
		} catch ( error ) {
			if ( error.code === 'paying' ) {
				return await resume();
			}
			back( error.message || words.unavailable );
		} finally {
			form.busy( false );
			tell( '' );
		}
	}

	const submit = () => run( async () => {
		const { due_today: { amount, currency } } = form.quote();
		const { first_name: first, last_name: last, email, country, postal_code: postal } = steps.values( 'first_name', 'last_name', 'email', 'country', 'postal_code' );
		const home = new URL( pageURL );
		home.searchParams.set( 'tillside_checkout', checkout.own.id );
		const token = amount ? await form.card.token( { name: `${ first } ${ last }`, email, address: { country, postal_code: postal || undefined } }, home.href ) : '';
		await checkout.settled();
		return send( { gateway: amount ? form.card.name : 'none', token, expected_total: { amount, currency } } );
	} );

	/** Finds out how a payment ended whose end this page did not see. */
	function resume() {
		view.panel( words.checking_title, words.checking );
		return run( sync );
	}

	return { submit, resume };
}
