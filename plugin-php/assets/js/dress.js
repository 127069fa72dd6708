import { make } from '@tillside/view';

/** Adds a style that only some forms need, once. */
export function dress( name ) {
	const href = new URL( `../css/${ name }.css${ new URL( import.meta.url ).search }`, import.meta.url ).href;
	if ( ! document.querySelector( `link[href="${ href }"]` ) ) {
		document.head.append( make( 'link', '', { rel: 'stylesheet', href } ) );
	}
}
