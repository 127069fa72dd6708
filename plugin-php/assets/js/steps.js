import { make } from '@tillside/view';

const title = document.title;
const MAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/**
 * The steps of a form: which one is shown, what its fields hold, what is wrong with them.
 *
 * @param {Object} view The form's view.
 */
export function stepsOf( view ) {
	const form = view.one( '[data-steps]' );
	const alert = view.one( '[data-alert]' );
	const sections = view.all( '[data-step]' );
	const field = ( name ) => form.elements[ name ];
	const note = ( name ) => view.one( `#${ field( name ).id }-error` );

	/** Shows a step, and moves the focus to its heading unless the page has just loaded. */
	function show( number, quietly ) {
		const heading = sections[ number - 1 ].querySelector( 'h2' );
		warn( '' );
		sections.forEach( ( section, index ) => ( section.hidden = index !== number - 1 ) );
		[ ...view.one( '.tillside-progress' ).children ].forEach( ( item, index ) => {
			item.toggleAttribute( 'data-passed', index < number - 1 );
			if ( index === number - 1 ) {
				item.setAttribute( 'aria-current', 'step' );
			} else {
				item.removeAttribute( 'aria-current' );
			}
		} );
		document.title = number > 1 ? `${ heading.firstElementChild.textContent } – ${ title }` : title;
		view.only( 'grid' );
		if ( ! quietly ) {
			heading.focus( { preventScroll: true } );
			form.scrollIntoView( { block: 'nearest' } );
			if ( form.getBoundingClientRect().top < 0 ) {
				form.scrollIntoView();
			}
		}
	}

	/** Shows a sentence above the steps; a retry puts a button beside it. No text clears it. */
	function warn( text, retry, label ) {
		alert.replaceChildren();
		if ( ! text ) {
			return;
		}
		const box = make( 'div', '', { class: 'tillside-alert-box' } );
		box.append( make( 'p', text ) );
		if ( retry ) {
			const button = make( 'button', label, { type: 'button', class: 'tillside-back' } );
			button.onclick = retry;
			box.append( button );
		}
		alert.append( box );
		return box;
	}

	/** Shows a sentence and moves the focus there. */
	function stop( text, retry, label ) {
		warn( text, retry, label );
		alert.focus();
	}

	function mark( name, message ) {
		const input = field( name );
		const described = [ input.getAttribute( 'aria-describedby' )?.split( ' ' )[ 0 ], note( name ).id ].filter( ( id ) => id && ( message || id !== note( name ).id ) );
		note( name ).textContent = message;
		note( name ).hidden = ! message;
		if ( message ) {
			input.setAttribute( 'aria-invalid', 'true' );
		} else {
			input.removeAttribute( 'aria-invalid' );
		}
		if ( described.length ) {
			input.setAttribute( 'aria-describedby', described.join( ' ' ) );
		} else {
			input.removeAttribute( 'aria-describedby' );
		}
	}

	/** Marks the fields and lists them in a summary whose links lead to them. */
	function complain( problems ) {
		problems.forEach( ( [ name, message ] ) => mark( name, message ) );
		const list = make( 'ul', '' );
		for ( const [ name, message ] of problems ) {
			const link = make( 'a', message, { href: '#' + field( name ).id } );
			link.onclick = ( event ) => {
				event.preventDefault();
				field( name ).focus();
			};
			list.appendChild( make( 'li', '' ) ).append( link );
		}
		warn( view.words.problems ).append( list );
		alert.focus();
	}

	/** Checks the fields of a step; false when something is missing. */
	function check( number ) {
		const problems = [];
		for ( const input of sections[ number - 1 ].querySelectorAll( '[name]' ) ) {
			const value = input.value.trim();
			if ( input.required && ! value ) {
				problems.push( [ input.name, input.dataset.missing ] );
			} else if ( input.type === 'email' && ! MAIL.test( value ) ) {
				problems.push( [ input.name, input.dataset.wrong ] );
			} else {
				mark( input.name, '' );
			}
		}
		if ( problems.length ) {
			complain( problems );
		} else {
			warn( '' );
		}
		return ! problems.length;
	}

	const values = ( ...names ) => Object.fromEntries( names.map( ( name ) => [ name, field( name ).value.trim() ] ) );

	/** Puts values into the fields; with `gently` only into empty ones. */
	function put( saved, gently ) {
		for ( const [ name, value ] of Object.entries( saved ?? {} ) ) {
			if ( value && field( name )?.id && ! ( gently && field( name ).value ) ) {
				field( name ).value = value;
			}
		}
		postal();
	}

	/** Hides the postal code where a country has none. */
	function postal() {
		const none = field( 'country' ).selectedOptions[ 0 ]?.hasAttribute( 'data-no-postal' ) ?? false;
		field( 'postal_code' ).parentElement.hidden = none;
		field( 'postal_code' ).required = ! none;
		if ( none ) {
			field( 'postal_code' ).value = '';
		}
	}

	form.addEventListener( 'input', ( { target } ) => {
		if ( target.name && target.hasAttribute( 'aria-invalid' ) ) {
			mark( target.name, '' );
		}
		if ( target.name === 'country' ) {
			postal();
		}
	} );
	return { form, show, warn, stop, complain, check, values, put, has: ( name ) => Boolean( name && field( name )?.id ) };
}
