import { mountForm } from '@tillside/form';
import { mountThankYou } from '@tillside/thank-you';

const mounted = new WeakSet();

/** Brings every form in the page to life, each once, however often it is called. */
export function mount() {
	for ( const root of document.querySelectorAll( '.tillside[data-tillside]' ) ) {
		if ( ! mounted.has( root ) && root.querySelector( 'template[data-words]' ) ) {
			mounted.add( root );
			( root.dataset.tillside === 'thank_you' ? mountThankYou : mountForm )( root );
		}
	}
}

mount();
// Page builders and pop-ups bring forms in later.
new MutationObserver( mount ).observe( document.documentElement, { childList: true, subtree: true } );
