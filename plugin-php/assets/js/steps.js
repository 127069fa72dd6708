import { make } from '@tillside/view';

const title = document.title;

/** The three steps: which is shown, what the fields hold, what is wrong with them. */
export function stepsOf( view ) {
	const form = view.one( '.tillside-main' );
	const alert = view.one( '[data-alert]' );
	const sections = view.all( '[data-step]' );
	const field = ( name ) => form.elements[ name ];

	function show( number ) {
		const heading = sections[ number - 1 ].querySelector( 'h2' );
		alert.replaceChildren();
		sections.forEach( ( section, index ) => ( section.hidden = index !== number - 1 ) );
		view.all( '.tillside-progress li' ).forEach( ( item, index ) => {
			item.toggleAttribute( 'data-passed', index < number - 1 );
			item.ariaCurrent = index === number - 1 ? 'step' : null;
		} );
		document.title = number > 1 ? `${ heading.firstElementChild.textContent } – ${ title }` : title;
		view.only( 'steps' );
		view.focus( `[data-step="${ number }"] h2` );
	}

	/** Lets nobody type while something is under way. */
	function lock( now ) {
		view.all( 'form, [data-step] .tillside-button' ).forEach( ( part ) => ( part.ariaBusy = String( now ) ) );
		sections.forEach( ( part ) => ( part.inert = now ) );
	}

	/** Shows a sentence above the steps, if need be with a button that does something. */
	function stop( text, act, label ) {
		const box = make( 'div', '', { class: 'tillside-alert-box' } );
		box.append( make( 'p', text ) );
		if ( act ) {
			box.append( make( 'button', label, { type: 'button', class: 'tillside-back' } ) );
			box.lastChild.onclick = act;
		}
		alert.replaceChildren( box );
		view.focus( '[data-alert]' );
		return box;
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
		stop( view.words.problems ).append( list );
	}

	function check( number ) {
		const problems = [];
		for ( const input of sections[ number - 1 ].querySelectorAll( '[name]' ) ) {
			const { required, value, dataset: { missing, wrong } } = input;
			mark( input, '' );
			if ( required && ! value.trim() ) {
				problems.push( [ input.name, missing ] );
			} else if ( wrong && value && ! ( input.type === 'email' ? /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test( value.trim() ) : input.validity.valid ) ) {
				problems.push( [ input.name, wrong ] );
			}
		}
		alert.replaceChildren();
		if ( problems.length ) {
			complain( problems );
		}
		return ! problems.length;
	}

	const values = ( ...names ) => Object.fromEntries( names.map( ( name ) => [ name, field( name ).value.trim() ] ) );

	/** Fills fields; with `gently` only empty ones. */
	function put( saved, gently ) {
		for ( const [ name, value ] of Object.entries( saved ?? {} ) ) {
			if ( value && has( name ) && ! ( gently && field( name ).value ) ) {
				field( name ).value = value;
			}
		}
		field( 'country' ).selectedIndex = Math.max( field( 'country' ).selectedIndex, 0 );
		postal();
	}

	/** Takes the postal code away where a country has none. */
	function postal() {
		const { parentElement: box } = field( 'postal_code' );
		box.hidden = field( 'country' ).selectedOptions[ 0 ].matches( '[data-no-postal]' );
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
	put( { country: navigator.language?.split( '-' ).pop() }, true );
	return { form, show, stop, lock, complain, check, values, put, has };
}
