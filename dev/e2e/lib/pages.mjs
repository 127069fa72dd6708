// Pages and people that a test makes for itself.
import { info, sql } from './site.mjs';

const quoted = ( text ) => `'${ text.replace( /[\\']/g, '\\$&' ) }'`;

/** Publishes a page with this content; returns its address. */
export function newPage( content, title = 'A page' ) {
	const slug = `p-${ Date.now().toString( 36 ) }-${ Math.floor( Math.random() * 1e6 ).toString( 36 ) }`;
	sql( `INSERT INTO {{posts}} (post_author, post_date, post_date_gmt, post_modified, post_modified_gmt, post_content, post_title, post_name, post_type, post_status, post_excerpt, to_ping, pinged, post_content_filtered)
		VALUES (1, NOW(), UTC_TIMESTAMP(), NOW(), UTC_TIMESTAMP(), ${ quoted( content ) }, ${ quoted( title ) }, '${ slug }', 'page', 'publish', '', '', '', '')` );
	return `${ info.site_url }/${ slug }/`;
}

/** What a buyer's e-mail address has: orders and payments. */
export function booked( email ) {
	const [ [ orders, payments ] ] = sql( `SELECT COUNT(DISTINCT o.id), COUNT(p.id) FROM {contacts} c LEFT JOIN {orders} o ON o.contact_id = c.id
		LEFT JOIN {payments} p ON p.order_id = o.id WHERE c.email = ${ quoted( email ) }` );
	return { orders: Number( orders ), payments: Number( payments ) };
}

/** How many WordPress users have the address. */
export const users = ( email ) => sql( `SELECT ID FROM {{users}} WHERE user_email = ${ quoted( email ) }` ).length;

/** The last checkout of an address: { id, intent }, the public id and the payment provider's. */
export function checkoutOf( email ) {
	const [ row ] = sql( `SELECT k.public_id, COALESCE(k.intent_id, ''), k.status FROM {checkouts} k JOIN {contacts} c ON c.id = k.contact_id WHERE c.email = ${ quoted( email ) } ORDER BY k.id DESC LIMIT 1` );
	return row && { id: row[ 0 ], intent: row[ 1 ], status: row[ 2 ] };
}
