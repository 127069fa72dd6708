import { fieldOf } from '@tillside/code-field';
import { dress } from '@tillside/dress';
import { fill, make, wordsIn } from '@tillside/view';

/** Gift cards that pay for an order: entering them, what they pay, taking them off. */
export function cardsOf( { view, checkout, total } ) {
	const { one } = view;
	const words = wordsIn( one( '[data-giftcard-words]' ) );
	const list = one( '[data-giftcard-list]' );

	/** Changes the checkout's cards, in turn with its other changes. */
	const change = ( method, body ) => checkout.turn( async () => ( checkout.own.copy = await checkout.at( '/gift-card', body, {}, { method } ) ).quote );

	const field = fieldOf( view, 'giftcard', words.offline, async ( code ) => {
		const next = await change( 'PUT', { code } );
		total( next );
		view.say( fill( words.applied, { amount: next.gift_cards.at( -1 ).amount.text, due: next.due_today.text } ) );
	} );

	async function remove( { id } ) {
		const next = await change( 'DELETE', { id } );
		total( next );
		view.say( fill( words.removed, { due: next.due_today.text } ) );
		field.focus();
	}

	function row( card ) {
		const item = make( 'li', '' );
		const about = make( 'span', fill( words.card, card ) );
		const button = make( 'button', words.remove, { type: 'button', class: 'tillside-back', 'aria-label': fill( words.remove_card, card ) } );
		about.append( make( 'small', card.message || ( card.left.amount ? fill( words.left, { left: card.left.text } ) : '' ) ) );
		item.append( about, make( 'span', card.amount.amount ? '−' + card.amount.text : '' ), button );
		button.onclick = () => remove( card ).catch( ( error ) => view.say( error.message || words.offline ) );
		return item;
	}

	/** Shows what cards pay of a quote. */
	function show( { gift_cards: cards } ) {
		list.replaceChildren( ...cards.map( row ) );
		list.hidden = ! cards.length;
	}

	dress( 'coupon' );
	return { show, open: field.open };
}
