import { call } from '@tillside/api';

/** Shows, in place of a form that is sold out, where to leave an address. */
export function waitFor( { base, root, one, words, panel } ) {
	const form = one( '[data-wait]' );
	const input = form.querySelector( 'input' );
	const note = one( `#${ input.id }-error` );

	function complain( text ) {
		note.textContent = text;
		input.ariaInvalid = text ? 'true' : null;
		input.focus();
	}

	form.onsubmit = async ( event ) => {
		event.preventDefault();
		const email = input.value.trim();
		if ( ! email ) {
			return complain( input.dataset.missing );
		}
		form.ariaBusy = 'true';
		try {
			await call( base + '/v1/wait-list', { form_token: root.dataset.token, email } );
			form.hidden = true;
			panel( words.full, words.waiting );
		} catch ( error ) {
			complain( error.message || words.unavailable );
		}
		form.ariaBusy = 'false';
	};
	panel( words.full, words.full_text );
	form.hidden = false;
}
