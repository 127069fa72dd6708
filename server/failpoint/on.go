//go:build failpoint

package failpoint

import (
	"os"
	"syscall"
)

// Hit kills the process with SIGKILL when TILLSIDE_FAILPOINT names the moment,
// once: it first writes the file that TILLSIDE_FAILPOINT_MARK names, and does
// nothing when that exists.
func Hit(moment string) {
	if os.Getenv("TILLSIDE_FAILPOINT") != moment {
		return
	}
	mark, err := os.OpenFile(os.Getenv("TILLSIDE_FAILPOINT_MARK"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_ = mark.Close() // the process ends here
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
