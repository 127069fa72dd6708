/* The Payment Element: a frame in the page's light DOM, and its events. */

const EVENTS = [ 'ready', 'change', 'focus', 'blur', 'escape', 'loaderstart', 'loaderror' ];

class PaymentElement {
	#group;
	#options;
	#frame = null;
	#line = null;
	#listeners = new Map( EVENTS.map( ( name ) => [ name, new Set() ] ) );
	#waiting = new Map();
	#calls = 0;
	#destroyed = false;
	#ready = null;

	constructor( group, options ) {
		this.#group = group;
		this.#options = options;
	}

	get _options() {
		return this.#options;
	}

	get _mounted() {
		return this.#frame !== null;
	}

	mount( place ) {
		if ( this.#destroyed ) {
			throw new IntegrationError( 'This Element has already been destroyed. Please create a new one.' );
		}
		const node = this.#find( place );
		this.unmount();
		if ( node.childNodes.length ) {
			console.warn( 'This Element will be mounted to a DOM element that contains child nodes.' );
			node.replaceChildren();
		}
		const frame = makeFrame( '/frame/payment', 'Secure payment input frame' );
		frame.style.cssText = 'border:0;display:block;width:100%;height:1px;margin:0;padding:0;color-scheme:auto;background:transparent';
		this.#ready = new Promise( ( resolve ) => this.#listeners.get( 'ready' ).add( resolve ) );
		this.#line = connect( frame, () => ( { key: this.#group.key, group: this.#group.options, element: this.#options } ), ( message ) => this.#receive( message ) );
		this.#frame = frame;
		node.classList.add( 'StripeElement' );
		node.append( frame );
		this.#emit( 'loaderstart', { elementType: 'payment' } );
	}

	#find( place ) {
		const node = typeof place === 'string' ? document.querySelector( place ) : place;
		if ( ! ( node instanceof Element ) ) {
			throw new IntegrationError(
				typeof place === 'string'
					? `The selector you specified (${ place }) applies to no DOM elements that are currently on the page. Make sure the element exists on the page before calling mount().`
					: 'Invalid DOM element. Call mount() with either a valid DOM element or selector.'
			);
		}
		if ( node.getRootNode() instanceof ShadowRoot ) {
			throw new IntegrationError( 'Elements cannot be mounted in a ShadowRoot. Please mount in the Light DOM.' );
		}
		if ( ! node.isConnected ) {
			throw new IntegrationError( 'The element that you passed to mount() is not on the page. Attach it before calling mount().' );
		}
		return node;
	}

	unmount() {
		this.#frame?.parentElement?.classList.remove( 'StripeElement' );
		this.#frame?.remove();
		this.#line?.port?.close();
		for ( const give of this.#waiting.values() ) {
			give( { error: { type: 'validation_error', message: 'The payment Element was unmounted.' } } );
		}
		this.#waiting.clear();
		this.#frame = this.#line = null;
		return this;
	}

	destroy() {
		this.unmount();
		this.#destroyed = true;
		this.#group.forget( this );
	}

	on( name, listener ) {
		this.#checkEvent( name, listener ).add( listener );
		return this;
	}

	once( name, listener ) {
		const run = ( event ) => {
			this.off( name, run );
			listener( event );
		};
		return this.on( name, run );
	}

	off( name, listener ) {
		this.#checkEvent( name, listener ?? ( () => {} ) ).delete( listener );
		return this;
	}

	#checkEvent( name, listener ) {
		if ( ! this.#listeners.has( name ) ) {
			throw new IntegrationError( `Invalid event name: ${ name } is not an event of the payment Element. Its events are ${ EVENTS.join( ', ' ) }.` );
		}
		if ( typeof listener !== 'function' ) {
			throw new IntegrationError( `Invalid event handler for ${ name }: it should be a function.` );
		}
		return this.#listeners.get( name );
	}

	update( options ) {
		checkNames( options, 'payment', 'element.update()' );
		this.#options = { ...this.#options, ...options };
		this.#send( { type: 'update', element: this.#options } );
		return this;
	}

	focus() {
		this.#send( { type: 'focus' } );
	}

	blur() {
		this.#send( { type: 'blur' } );
	}

	clear() {
		this.#send( { type: 'clear' } );
	}

	collapse() {
		this.#send( { type: 'collapse' } );
	}

	_groupChanged() {
		this.#send( { type: 'update', group: this.#group.options } );
	}

	/** Asks the frame for something and resolves with what it says. */
	async _ask( method, args ) {
		await this.#ready;
		return new Promise( ( resolve ) => {
			const id = ++this.#calls;
			this.#waiting.set( id, resolve );
			this.#send( { type: 'call', id, method, args } );
		} );
	}

	#send( message ) {
		this.#line?.port?.postMessage( message );
	}

	#emit( name, event ) {
		for ( const listener of [ ...this.#listeners.get( name ) ] ) {
			listener( event );
		}
	}

	#receive( message ) {
		if ( message.type === 'height' && this.#frame ) {
			this.#frame.style.height = `${ Number( message.value ) }px`;
		} else if ( message.type === 'result' ) {
			this.#waiting.get( message.id )?.( message.result );
			this.#waiting.delete( message.id );
		} else if ( this.#listeners.has( message.type ) ) {
			this.#emit( message.type, { elementType: 'payment', ...message.event } );
		}
	}
}
