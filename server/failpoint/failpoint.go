// Package failpoint names the moments at which a test kills the process, to
// prove that the next one makes good whatever was under way. Without the build
// tag "failpoint" Hit does nothing and costs nothing.
package failpoint

// The moments, in the order in which a purchase passes them.
const (
	AttemptStored    = "attempt-stored"
	CustomerMade     = "customer-made"
	IntentMade       = "intent-made"
	IntentStored     = "intent-stored"
	ConfirmSent      = "confirm-sent"
	ConfirmAnswered  = "confirm-answered"
	SettleBefore     = "settle-before-commit"
	SettleAfter      = "settle-after-commit"
	UserMade         = "user-made"
	PluginCalled     = "plugin-called"
	CredentialsShown = "credentials-shown"
	WebhookStored    = "webhook-stored"
	CancelSent       = "cancel-sent"
	ReleaseCommitted = "release-committed"
)
