package job

// Delay exposes delay.
var Delay = delay
