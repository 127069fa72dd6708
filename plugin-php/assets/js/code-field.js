/**
 * A field for a code, with its button, the link that opens it and the place for what is wrong.
 *
 * @param {Object}   view  The form's view.
 * @param {string}   name  Of the parts: data-NAME, data-NAME-open, …
 * @param {string}   away  What to say when nobody answers.
 * @param {Function} apply Takes a code; returns why it was refused, or nothing.
 */
export function fieldOf( { one }, name, away, apply ) {
	const part = ( rest = '' ) => one( `[data-${ name }${ rest }]` );
	const input = part();
	let busy = false;

	function complain( text ) {
		part( '-error' ).textContent = text;
		input.ariaInvalid = text ? 'true' : null;
		if ( text ) {
			input.focus();
		}
	}

	function open() {
		const box = part( '-form' );
		box.hidden = ! box.hidden;
		part( '-open' ).ariaExpanded = String( ! box.hidden );
		if ( ! box.hidden ) {
			input.focus();
		}
	}

	async function submit() {
		const code = input.value.trim();
		complain( code ? '' : input.dataset.missing );
		if ( ! code || busy ) {
			return;
		}
		busy = true;
		part( '-apply' ).ariaBusy = 'true';
		const refused = await apply( code ).catch( ( error ) => error.message || away );
		busy = false;
		part( '-apply' ).ariaBusy = 'false';
		if ( refused ) {
			complain( refused );
			return;
		}
		input.value = '';
		if ( ! part( '-open' ).hidden ) {
			open();
			part( '-open' ).focus();
		}
	}

	if ( input ) {
		part( '-apply' ).onclick = submit;
		input.onkeydown = ( event ) => {
			if ( event.key === 'Enter' ) {
				event.preventDefault();
				submit();
			}
		};
	}

	/** Puts the focus where the next code is entered. */
	const focus = () => ( input?.offsetParent ? input : part( '-open' ) )?.focus();
	return { open, focus };
}
