package stripe

import (
	"fmt"
	"log/slog"

	stripego "github.com/stripe/stripe-go/v76"
)

// sdkLog hands the SDK's lines to slog. Bodies never pass: the SDK prints them
// at its debug level, and quotes them in some of its errors. What failed is
// returned as an error anyway and logged once by the caller, so everything but
// retries is at debug level here.
type sdkLog struct{ log *slog.Logger }

var _ stripego.LeveledLoggerInterface = sdkLog{}

// Debugf drops the line: it holds a whole answer.
func (sdkLog) Debugf(string, ...any) {}

// Infof logs which request was made and how long it took.
func (l sdkLog) Infof(format string, args ...any) {
	l.log.Debug("stripe sdk", "line", masked(fmt.Sprintf(format, harmless(args)...)))
}

// Warnf logs that a request is repeated.
func (l sdkLog) Warnf(format string, args ...any) {
	l.log.Warn("stripe sdk", "line", masked(fmt.Sprintf(format, harmless(args)...)))
}

// Errorf logs a failed request. Its strings are quoted bodies.
func (l sdkLog) Errorf(format string, args ...any) {
	args = harmless(args)
	for i := range args {
		if _, ok := args[i].(string); ok {
			args[i] = errUnreadable
		}
	}
	l.log.Debug("stripe sdk", "line", masked(fmt.Sprintf(format, args...)))
}

// harmless replaces errors by what may be told of them.
func harmless(args []any) []any {
	told := make([]any, len(args))
	for i, arg := range args {
		told[i] = arg
		switch e := arg.(type) {
		case *stripego.Error:
			told[i] = refusalOf(e)
		case error:
			told[i] = outage(e)
		}
	}
	return told
}
