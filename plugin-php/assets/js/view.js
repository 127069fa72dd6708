/** Puts values into a text's {places}. */
export const fill = ( text, values ) => text.replace( /\{(\w+)\}/g, ( place, name ) => values[ name ] ?? place );

/** Fills the element's places, any number of times. */
export function fillIn( element, values ) {
	element.dataset.text ??= element.textContent;
	element.textContent = fill( element.dataset.text, values );
}

/** Makes an element with text and attributes. */
export function make( tag, text, attributes = {} ) {
	const element = document.createElement( tag );
	element.textContent = text;
	Object.entries( attributes ).forEach( ( [ name, value ] ) => element.setAttribute( name, value ) );
	return element;
}

/** Reads the strings that the server rendered into templates. */
export function wordsIn( ...templates ) {
	return Object.fromEntries( templates.flatMap( ( { content } ) => [ ...content.children ].map( ( word ) => [ word.dataset.w, word.textContent ] ) ) );
}

/**
 * Fills a list with a quote's lines and sums.
 *
 * @param {HTMLElement} list  The <dl>.
 * @param {Object}      quote The quote, or a receipt with its items as lines.
 * @param {Object}      words Strings.
 * @param {boolean}     whole Whether the subtotal is shown even when it equals the total.
 */
export function showRows( list, quote, words, whole ) {
	const row = ( kind, name, text ) => {
		const group = make( 'div', '', { 'data-row': kind } );
		group.append( make( 'dt', name ), make( 'dd', text ) );
		return group;
	};
	const rows = quote.lines.map( ( line ) => row( 'line', line.quantity > 1 ? `${ line.name } × ${ line.quantity }` : line.name, line.total.text ) );
	const taxes = quote.tax_lines ?? [];
	if ( whole || quote.discount.amount || taxes.some( ( tax ) => ! tax.inclusive ) ) {
		rows.push( row( 'sum', words.subtotal, quote.subtotal.text ) );
	}
	if ( quote.discount.amount ) {
		rows.push( row( 'sum', words.discount, '−' + quote.discount.text ) );
	}
	for ( const tax of taxes ) {
		rows.push( row( 'sum', tax.rate ? fill( tax.inclusive ? words.tax_included : words.tax, tax ) : tax.name, tax.amount.text ) );
	}
	list.replaceChildren( ...rows, row( 'total', words.total, quote.total.text ) );
}

/**
 * The parts that an order form and a thank-you page have in common.
 *
 * @param {HTMLElement} root The wrapper that WordPress printed.
 */
export function viewOf( root ) {
	const one = ( selector ) => root.querySelector( selector );
	const words = wordsIn( one( 'template[data-words]' ) );
	root.toggleAttribute( 'data-dark', isDark( root ) );

	/** Shows one of the grid (the steps), the panel and the thank-you. */
	function only( name ) {
		for ( const part of [ 'grid', 'panel', 'done' ] ) {
			const element = one( `[data-${ part }]` );
			if ( element ) {
				element.hidden = part !== name;
			}
		}
		const headline = one( '[data-headline]' );
		if ( headline ) {
			headline.hidden = name === 'done';
		}
	}

	/** Says a sentence to screen readers. */
	function say( text ) {
		one( '[data-live]' ).textContent = text;
	}

	/** Shows a title and a sentence instead of the form, and a button if there is something to retry. */
	function panel( title, text, retry, label ) {
		const button = one( '[data-panel-retry]' );
		one( '[data-panel-title]' ).textContent = title;
		one( '[data-panel-text]' ).textContent = text;
		button.textContent = label ?? button.textContent;
		button.hidden = ! retry;
		button.onclick = retry ?? null;
		only( 'panel' );
		one( '[data-panel] h2' ).focus( { preventScroll: true } );
	}

	return { root, one, all: ( selector ) => [ ...root.querySelectorAll( selector ) ], words, only, say, panel };
}

// The page's colours as plain numbers: Stripe's iframe cannot see CSS variables.

function channels( colour ) {
	const context = Object.assign( document.createElement( 'canvas' ), { width: 1, height: 1 } ).getContext( '2d', { willReadFrequently: true } );
	context.fillStyle = colour;
	context.fillRect( 0, 0, 1, 1 );
	return [ ...context.getImageData( 0, 0, 1, 1 ).data ];
}

const plain = ( [ r, g, b ] ) => `rgb(${ r }, ${ g }, ${ b })`;

function background( element ) {
	for ( let at = element; at; at = at.parentElement ) {
		const found = channels( getComputedStyle( at ).backgroundColor );
		if ( found[ 3 ] > 127 ) {
			return found;
		}
	}
	return [ 255, 255, 255, 255 ];
}

/** Reports whether the element's text is lighter than what is behind it. */
export function isDark( element ) {
	const light = ( [ r, g, b ] ) => 0.3 * r + 0.59 * g + 0.11 * b;
	return light( channels( getComputedStyle( element ).color ) ) > light( background( element ) );
}

/** Returns Stripe's appearance for a form, taken from its own fields. */
export function appearance( form ) {
	const field = getComputedStyle( form.querySelector( 'input' ) );
	const text = getComputedStyle( form );
	const accent = getComputedStyle( form.querySelector( '.tillside-button' ) ).backgroundColor;
	const behind = background( form );
	return {
		theme: isDark( form ) ? 'night' : 'stripe',
		variables: {
			colorPrimary: plain( channels( accent ) ),
			colorText: plain( channels( text.color ) ),
			colorBackground: plain( behind ),
			colorDanger: plain( channels( getComputedStyle( form.querySelector( '.tillside-error' ) ).color ) ),
			fontFamily: text.fontFamily,
			fontSizeBase: text.fontSize,
			borderRadius: field.borderRadius,
		},
	};
}
