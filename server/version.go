package server

// Version is this release. A release build sets it with
// -ldflags "-X github.com/tillside/tillside/server.Version=1.2.3".
var Version = "0.1.0-dev"
