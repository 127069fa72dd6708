import { make } from '@tillside/view';

const title = document.title;

/** The three steps of a form: which is shown, what its fields hold, what is wrong with them. */
export function stepsOf( view ) {
	const form = view.one( 'form' );
	const alert = view.one( '[data-alert]' );
	const sections = view.all( '[data-step]' );
	const field = ( name ) => form.elements[ name ];

	/** Shows a step; unless quietly, the focus moves to its heading. */
	function show( number, quietly ) {
		const heading = sections[ number - 1 ].querySelector( 'h2' );
		warn( '' );
		sections.forEach( ( section, index ) => ( section.hidden = index !== number - 1 ) );
		view.all( '.tillside-progress li' ).forEach( ( item, index ) => {
			item.toggleAttribute( 'data-passed', index < number - 1 );
			item.ariaCurrent = index === number - 1 ? 'step' : null;
		} );
		document.title = number > 1 ? `${ heading.firstElementChild.textContent } – ${ title }` : title;
		view.only( 'steps' );
		if ( ! quietly ) {
			heading.focus( { preventScroll: true } );
			if ( form.getBoundingClientRect().top < 0 ) {
				form.scrollIntoView();
			}
		}
	}

	/** Shows a sentence above the steps, if need be with a button; none clears it. */
	function warn( text, act, label ) {
		const box = make( 'div', '', { class: 'tillside-alert-box' } );
		box.append( make( 'p', text ) );
		if ( act ) {
			box.append( make( 'button', label, { type: 'button', class: 'tillside-back' } ) );
			box.lastChild.onclick = act;
		}
		alert.replaceChildren( ...( text ? [ box ] : [] ) );
		return box;
	}

	function stop( text, act, label ) {
		warn( text, act, label );
		alert.focus();
	}

	function mark( { id, ariaInvalid }, message ) {
		view.one( `#${ id }-error` ).textContent = message;
		if ( message || ariaInvalid ) {
			view.one( '#' + id ).ariaInvalid = message ? 'true' : null;
		}
	}

	/** Marks fields, [ [ name, message ] ], and lists them with links that lead there. */
	function complain( problems ) {
		const list = make( 'ul', '' );
		for ( const [ name, message ] of problems ) {
			const link = make( 'a', message, { href: '#' + field( name ).id } );
			mark( field( name ), message );
			link.onclick = ( event ) => {
				event.preventDefault();
				field( name ).focus();
			};
			list.appendChild( make( 'li', '' ) ).append( link );
		}
		warn( view.words.problems ).append( list );
		alert.focus();
	}

	function check( number ) {
		const problems = [];
		for ( const input of sections[ number - 1 ].querySelectorAll( '[name]' ) ) {
			const { required, value, dataset: { missing, wrong } } = input;
			mark( input, '' );
			if ( required && ! value.trim() ) {
				problems.push( [ input.name, missing ] );
			} else if ( wrong && ! /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test( value.trim() ) ) {
				problems.push( [ input.name, wrong ] );
			}
		}
		if ( problems.length ) {
			complain( problems );
			return false;
		}
		warn( '' );
		return true;
	}

	const values = ( ...names ) => Object.fromEntries( names.map( ( name ) => [ name, field( name ).value.trim() ] ) );

	/** Fills fields; with `gently` only empty ones. */
	function put( saved, gently ) {
		for ( const [ name, value ] of Object.entries( saved ?? {} ) ) {
			if ( value && has( name ) && ! ( gently && field( name ).value ) ) {
				field( name ).value = value;
			}
		}
		postal();
	}

	/** Takes the postal code away where a country has none. */
	function postal() {
		const { parentElement: box } = field( 'postal_code' );
		box.hidden = field( 'country' ).selectedOptions[ 0 ]?.matches( '[data-no-postal]' ) ?? false;
		field( 'postal_code' ).required = ! box.hidden;
		if ( box.hidden ) {
			field( 'postal_code' ).value = '';
		}
	}

	const has = ( name ) => Boolean( name && field( name )?.id );

	form.addEventListener( 'input', ( { target } ) => {
		if ( target.name ) {
			mark( target, '' );
		}
		postal();
	} );
	put( { country: new Intl.Locale( navigator.language ).region }, true );
	return { form, show, warn, stop, complain, check, values, put, has };
}
