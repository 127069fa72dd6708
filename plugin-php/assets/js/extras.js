import { brings } from '@tillside/checkout';

/** Does something the first time, and returns what came of it each time. */
const once = ( work, made ) => () => ( made ??= work() );

/** What few orders need, each loaded when one does: coupons, gift cards that pay, gift cards that are bought. */
export function extrasOf( form ) {
	const { one } = form.view;
	let codes, cards;
	const coupons = once( async () => ( codes = ( await import( '@tillside/coupon' ) ).codesOf( form ) ) );
	const tenders = once( async () => ( cards = ( await import( '@tillside/gift-payment' ) ).cardsOf( form ) ) );
	const gift = one( '[data-gift-fields]' ) && import( '@tillside/gift-fields' ).then( ( { giftOf } ) => giftOf( form ) );

	for ( const [ name, part ] of [ [ 'code', coupons ], [ 'giftcard', tenders ] ] ) {
		one( `[data-${ name }-open]` )?.addEventListener( 'click', () => part().then( ( known ) => known.open() ) );
	}

	return {
		/** Loads what is open, and what somebody brings. */
		load: () => Promise.all( [ ( brings() || one( '[data-code-form]:not([hidden])' ) ) && coupons(), one( '[data-giftcard-form]:not([hidden])' ) && tenders() ] ),
		begin: () => codes?.begin(),
		brought: () => codes?.brought(),
		forget: () => codes?.forget(),
		gift: async () => ( await gift )?.values(),
		put: ( saved ) => gift?.then( ( known ) => known.put( saved ) ),
		show( next ) {
			if ( codes || next.coupons?.[ 0 ] || next.notices?.[ 0 ] ) {
				coupons().then( ( known ) => known.show( next ) );
			}
			if ( cards || ( next.gift_cards?.[ 0 ] && one( '[data-giftcard]' ) ) ) {
				tenders().then( ( known ) => known.show( next ) );
			}
		},
	};
}
