import { call } from '@tillside/api';
import { fill, isDark, wordsIn } from '@tillside/view';

/** Takes the code of a card from behind the # of the address, where no server sees it, and clears it away. */
export function fromAddress() {
	const [ , code ] = /^#card-(.+)$/.exec( location.hash ) ?? [];
	if ( ! code ) {
		return '';
	}
	history.replaceState( history.state, '', location.pathname + location.search );
	try {
		return decodeURIComponent( code );
	} catch {
		return code; // A % that stands for itself.
	}
}

/** The balance of a gift card, and the card itself for printing. */
function mountCard( root ) {
	const one = ( selector ) => root.querySelector( selector );
	const words = wordsIn( one( '[data-gift-words]' ) );
	const form = one( '[data-gift-form]' );
	const card = one( '[data-gift-card]' );
	const input = one( '[data-gift-code]' );
	const lang = one( '[lang]' ).lang || undefined;
	let busy = false;
	root.toggleAttribute( 'data-dark', isDark( root ) );

	function complain( text ) {
		one( '[data-gift-error]' ).textContent = text;
		input.ariaInvalid = text ? 'true' : null;
	}

	/** Fills a line of the card; one that has nothing to say goes. */
	function put( name, text ) {
		const place = one( `[data-gift-${ name }]` );
		place.textContent = text ?? '';
		( place.closest( 'div:has( > dt )' ) ?? place ).hidden = ! text;
	}

	function show( code, answer ) {
		const { balance, issued, expires_at: end } = answer;
		put( 'amount', balance.text );
		put( 'left', issued?.amount > balance.amount ? fill( words.left, { amount: issued.text } ) : '' );
		put( 'message', answer.message );
		put( 'for', answer.recipient_name );
		put( 'from', answer.sender );
		put( 'until', end && new Intl.DateTimeFormat( lang, { dateStyle: 'long' } ).format( new Date( end ) ) );
		put( 'shown', code.trim().toUpperCase() );
		form.hidden = true;
		card.hidden = false;
	}

	/** Shows the card of a code. The code goes in the body of a request, never into an address. */
	async function open( code, touched ) {
		if ( busy ) {
			return;
		}
		busy = true;
		complain( '' );
		one( '[data-gift-check]' ).ariaBusy = 'true';
		try {
			show( code, await call( root.dataset.base + '/v1/gift-cards/balance', { code } ) );
			if ( touched ) {
				card.querySelector( 'h2' ).focus();
			}
		} catch ( error ) {
			card.hidden = true;
			form.hidden = false;
			input.value = code;
			complain( error.message || words.unavailable );
			if ( touched ) {
				input.focus();
			}
		}
		busy = false;
		one( '[data-gift-check]' ).ariaBusy = 'false';
	}

	function follow() {
		const code = fromAddress();
		if ( code ) {
			open( code );
		}
	}

	form.addEventListener( 'submit', ( event ) => {
		event.preventDefault();
		const code = input.value.trim();
		if ( code ) {
			open( code, true );
		} else {
			complain( input.dataset.missing );
			input.focus();
		}
	} );
	one( '[data-gift-print]' ).onclick = () => print();
	one( '[data-gift-other]' ).onclick = () => {
		card.hidden = true;
		form.hidden = false;
		input.value = '';
		input.focus();
	};
	addEventListener( 'hashchange', follow );
	follow();
}

const mounted = new WeakSet();

/** Brings every gift card's page to life, each once. */
export function mount() {
	for ( const root of document.querySelectorAll( '.tillside[data-tillside="gift_card"]' ) ) {
		if ( ! mounted.has( root ) ) {
			mounted.add( root );
			mountCard( root );
		}
	}
}

mount();
