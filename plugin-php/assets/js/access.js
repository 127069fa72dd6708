import { call } from '@tillside/api';
import { make, wordsIn } from '@tillside/view';

/** The new buyer's way in: user name and password, seen once. */
export function accessOf( view, { order, token } ) {
	const { one } = view;
	const words = wordsIn( one( '[data-own-words]' ) );
	const own = one( '[data-own]' );
	const secret = one( '[data-password]' );
	let password = '';

	const ask = ( body ) => call( `${ view.base }/v1/orders/${ order }/credentials`, body, { 'X-Tillside-Checkout': token } );

	function only( state ) {
		view.all( '[data-access]' ).forEach( ( part ) => ( part.hidden = part.dataset.access !== state ) );
	}

	function reveal( shown ) {
		secret.textContent = shown ? password : '•'.repeat( 12 );
		one( '[data-hide]' ).textContent = shown ? words.hide : words.show;
		one( '[data-hide]' ).setAttribute( 'aria-pressed', String( ! shown ) );
	}

	/** Shows an answer: the name, the password, and the button that logs in and opens the start page. */
	function show( answer ) {
		const start = one( '[data-start]' );
		password = answer.password ?? '';
		one( '[data-user]' ).textContent = answer.user_login;
		one( '[data-password-row]' ).hidden = one( '[data-once]' ).hidden = ! password;
		one( '[data-gone]' ).hidden = Boolean( password );
		reveal( true );
		if ( answer.login ) {
			start.action = answer.login.url;
			start.querySelectorAll( 'input' ).forEach( ( input ) => input.remove() );
			Object.entries( answer.login.fields ).forEach( ( [ name, value ] ) => start.append( make( 'input', '', { type: 'hidden', name, value } ) ) );
		}
		start.hidden = ! answer.login;
		one( '[data-enter]' ).hidden = Boolean( answer.login );
		only( 'new' );
	}

	async function choose( event ) {
		const { password: input, username } = own.elements;
		const note = one( `#${ input.id }-error` );
		event.preventDefault();
		note.textContent = '';
		input.removeAttribute( 'aria-invalid' );
		if ( own.getAttribute( 'aria-busy' ) === 'true' ) {
			return;
		}
		username.value = one( '[data-user]' ).textContent;
		try {
			if ( [ ...input.value ].length < input.minLength ) {
				throw new Error( input.dataset.missing );
			}
			own.setAttribute( 'aria-busy', 'true' );
			show( await ask( { password: input.value } ) );
			input.value = '';
			toggle( false );
			one( '[data-access="new"] h3' ).focus();
			view.say( words.chosen );
		} catch ( error ) {
			note.textContent = error.message || words.failed;
			input.setAttribute( 'aria-invalid', 'true' );
			input.focus();
		}
		own.setAttribute( 'aria-busy', 'false' );
	}

	function toggle( open ) {
		own.hidden = ! open;
		one( '[data-choose]' ).setAttribute( 'aria-expanded', String( open ) );
	}

	async function copy( { currentTarget: button } ) {
		const source = button.dataset.copy === 'user' ? one( '[data-user]' ) : secret;
		try {
			await navigator.clipboard.writeText( source === secret ? password : source.textContent );
			view.say( words.copied );
			button.dataset.label ??= button.textContent;
			button.textContent = words.copied;
			setTimeout( () => ( button.textContent = button.dataset.label ), 2000 );
		} catch {
			getSelection().selectAllChildren( source );
		}
	}

	own.addEventListener( 'submit', choose );
	one( '[data-choose]' ).onclick = () => {
		toggle( own.hidden );
		if ( ! own.hidden ) {
			own.elements.password.focus();
		}
	};
	one( '[data-hide]' ).onclick = ( { currentTarget } ) => reveal( currentTarget.getAttribute( 'aria-pressed' ) === 'true' );
	view.all( '[data-copy]' ).forEach( ( button ) => ( button.onclick = copy ) );

	return {
		late: () => only( 'late' ),

		/** Shows what the receipt says about the access; true while it is still being prepared. */
		show( { access } ) {
			view.all( '[data-login], [data-enter]' ).forEach( ( link ) => ( link.href = access.login_url || access.start_url ) );
			if ( access.state === 'pending' ) {
				if ( one( '[data-access="late"]' ).hidden ) {
					only( 'pending' );
				}
				return true;
			}
			if ( access.state !== 'new' ) {
				only( access.state );
			} else if ( access.credentials === 'available' ) {
				only( 'pending' );
				ask( {} ).then( show, () => only( 'mail' ) );
			} else if ( access.credentials === 'shown' || access.credentials === 'chosen' ) {
				show( { user_login: access.user_login } );
				one( '[data-choose]' ).hidden = access.credentials === 'chosen';
			} else {
				only( 'mail' );
			}
			return false;
		},
	};
}
