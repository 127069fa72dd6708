/* A group of Elements that pay one thing together. */

class Elements {
	#payment = null;
	#submitted = false;

	constructor( key, options ) {
		this.key = key;
		this.options = options;
	}

	create( type, options ) {
		if ( type !== 'payment' ) {
			throw new IntegrationError( `Invalid value for elements.create(): the sandbox has the payment Element only, not ${ type }.` );
		}
		checkNames( options, 'payment', 'elements.create()' );
		if ( this.#payment ) {
			throw new IntegrationError( 'Can only create one Element of type payment.' );
		}
		this.#payment = new PaymentElement( this, options ?? {} );
		return this.#payment;
	}

	getElement( type ) {
		return type === 'payment' ? this.#payment : null;
	}

	forget( element ) {
		if ( element === this.#payment ) {
			this.#payment = null;
			this.#submitted = false;
		}
	}

	update( options ) {
		const changed = { ...this.options, ...options };
		checkNames( options, 'elements', 'elements.update()' );
		checkElementsOptions( changed, 'elements.update()' );
		this.options = changed;
		this.#payment?._groupChanged();
	}

	async fetchUpdates() {
		return {};
	}

	/** Validates what was entered: {} or { error }. */
	async submit() {
		if ( ! this.#payment?._mounted ) {
			throw new IntegrationError( 'Invalid value for elements.submit(): elements should have a mounted Payment Element.' );
		}
		const result = await this.#payment._ask( 'submit' );
		this.#submitted = ! result.error;
		return result;
	}

	async _token( params ) {
		if ( ! this.#submitted ) {
			throw new IntegrationError( 'elements.submit() must be called before stripe.createConfirmationToken().' );
		}
		const data = params?.payment_method_data ?? {};
		checkNever( this.#payment?._options.fields, data.billing_details );
		if ( ! this.#payment?._mounted ) {
			throw new IntegrationError( 'Invalid value for elements: it should have a mounted Payment Element.' );
		}
		return this.#payment._ask( 'createConfirmationToken', {
			return_url: params?.return_url ?? window.location.href, shipping: params?.shipping, billing_details: data.billing_details ?? {},
		} );
	}
}
