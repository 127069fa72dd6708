/** Puts values into a text's {places}. */
export const fill = ( text, values ) => text.replace( /\{(\w+)\}/g, ( place, name ) => values[ name ] ?? place );

/** Makes an element. */
export function make( tag, text, attributes = {} ) {
	const element = document.createElement( tag );
	element.textContent = text;
	Object.entries( attributes ).forEach( ( [ name, value ] ) => element.setAttribute( name, value ) );
	return element;
}

/** Reads the strings that the server put into a template. */
export const wordsIn = ( { content } ) => Object.fromEntries( [ ...content.children ].map( ( word ) => [ word.dataset.w, word.textContent ] ) );

/** Fills a <dl> with lines and sums; the `whole` of them on a receipt. */
export function showRows( list, quote, words, whole ) {
	const row = ( kind, name, text ) => {
		const group = make( 'div', '', { 'data-row': kind } );
		group.append( make( 'dt', name ), make( 'dd', text ) );
		return group;
	};
	const { discount, tax_lines: taxes } = quote;
	list.replaceChildren(
		...quote.lines.map( ( { name, quantity, subtotal } ) => row( 'line', quantity > 1 ? `${ name } × ${ quantity }` : name, subtotal.text ) ),
		...( whole || discount.amount || taxes.some( ( tax ) => ! tax.inclusive ) ? [ row( 'sum', words.subtotal, quote.subtotal.text ) ] : [] ),
		...( discount.amount ? [ row( 'sum', whole && quote.coupons?.length ? fill( words.discount_of, { codes: quote.coupons.map( ( { code } ) => code ).join( ', ' ) } ) : words.discount, '−' + discount.text ) ] : [] ),
		...taxes.map( ( tax ) => row( 'sum', tax.rate ? fill( tax.inclusive ? words.tax_included : words.tax, tax ) : tax.name, tax.amount.text ) ),
		row( 'total', words.total, quote.total.text ),
		...( quote.gift_cards?.length ? [ ...quote.gift_cards.filter( ( { amount } ) => amount.amount ).map( ( card ) => row( 'sum', fill( words.gift_card, card ), '−' + card.amount.text ) ), row( 'total', whole ? words.charged : words.due, quote.due_today.text ) ] : [] )
	);
}

/** Shows a quote wherever the form has a place for it. */
export function showTotals( { one, words }, quote ) {
	const { due_today: due } = quote;
	showRows( one( '[data-rows]' ), quote, words );
	one( '[data-total]' ).textContent = due.text;
	one( '[data-pay-label]' ).textContent = fill( due.amount ? words.pay : words.free, { total: due.text } );
	one( '[data-card-box]' ).hidden = ! due.amount;
	one( '[data-free]' ).hidden = due.amount;
}

function channels( colour ) {
	const context = make( 'canvas', '', { width: 1, height: 1 } ).getContext( '2d' );
	context.fillStyle = colour;
	context.fillRect( 0, 0, 1, 1 );
	return [ ...context.getImageData( 0, 0, 1, 1 ).data ];
}

/** Returns an element's colour as rgb(): Stripe's iframe cannot see variables. */
export const colour = ( element, property ) => `rgb(${ channels( getComputedStyle( element )[ property ] ).slice( 0, 3 ) })`;

/** Reports whether the text is light, so that what is behind it must be dark. */
export function isDark( element ) {
	const [ r, g, b ] = channels( getComputedStyle( element ).color );
	return 0.3 * r + 0.59 * g + 0.11 * b > 140;
}

/** Returns the colour behind an element. */
export function ground( element ) {
	for ( ; element; element = element.parentElement ) {
		if ( channels( getComputedStyle( element ).backgroundColor )[ 3 ] > 127 ) {
			return colour( element, 'backgroundColor' );
		}
	}
	return '#fff';
}

/** What order form and thank-you page share. */
export function viewOf( root ) {
	const one = ( selector ) => root.querySelector( selector );
	const all = ( selector ) => [ ...root.querySelectorAll( selector ) ];
	root.toggleAttribute( 'data-dark', isDark( root ) );

	const only = ( name ) => all( '[data-part]' ).forEach( ( part ) => ( part.hidden = part.dataset.part !== name ) );
	const shows = ( name ) => ! one( `[data-part="${ name }"]` ).hidden;
	const say = ( text ) => ( one( '[data-live]' ).textContent = text );

	/** Shows a title and a sentence instead of the form, if need be with a button. */
	function panel( title, text, act ) {
		const button = one( '[data-panel-act]' );
		one( '[data-panel-title]' ).textContent = title;
		one( '[data-panel-text]' ).textContent = text;
		button.hidden = ! act;
		button.onclick = act;
		only( 'panel' );
		view.focus( '[data-part="panel"] h2' );
	}

	const view = {
		root, one, all, only, shows, say, panel,
		base: root.dataset.base,
		words: wordsIn( one( '[data-words]' ) ),
		// Before the buyer has done something, nothing may take the focus.
		touched: false,
		focus: ( selector ) => view.touched && one( selector ).focus(),
	};
	return view;
}
