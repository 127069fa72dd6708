package keap

// Wait is wait, for tests.
var Wait = wait
