//go:build failpoint

package server_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tillside/tillside/cmd/sandbox/stripe"
	"github.com/tillside/tillside/server/failpoint"
	"github.com/tillside/tillside/server/shoptest"
	"github.com/tillside/tillside/wpbridge/wpdb"
)

// Run with: go test -tags failpoint -run Kill -count=1 ./server/

// victim is Tillside as a process of its own, which a failpoint kills.
type victim struct {
	t      *testing.T
	s      *shoptest.Stand
	binary string
	dir    string
	url    string
	moment string
	dsn    string // another node's; empty: the stand's
	cmd    *exec.Cmd
	ended  chan struct{} // closed when cmd has ended
}

// buildVictim builds cmd/tillside with its failpoints.
func buildVictim(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "tillside")
	build := exec.Command("go", "build", "-tags", "failpoint", "-o", binary, "../cmd/tillside")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// Killed at any moment, the next process finishes what was paid and frees what
// was not: the books match.
func TestKill(t *testing.T) {
	binary := buildVictim(t)
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, binary string)
	}{
		{"PurchaseIsFinishedByTheNextProcess", purchaseIsFinishedByTheNextProcess},
		{"BuyerWhoWaitsGetsTheAnswer", buyerWhoWaitsGetsTheAnswer},
		{"CredentialsAreShownOnce", credentialsAreShownOnce},
		{"WebhookIsHandledByTheNextProcess", webhookIsHandledByTheNextProcess},
		{"ExpiryIsFinishedByTheNextRun", expiryIsFinishedByTheNextRun},
		{"ChangedTotalIsChargedOnce", changedTotalIsChargedOnce},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, binary)
		})
	}
}

// newVictim returns a site with the catalogue, and no process yet.
func newVictim(t *testing.T, binary, moment string) *victim {
	t.Helper()
	v := &victim{t: t, s: shoptest.New(t), binary: binary, dir: t.TempDir(), moment: moment}
	first := v.s.Start(shoptest.Options{Idle: true})
	first.Import(t, shoptest.Catalogue)
	first.Stop()
	v.s.StopSchedules()
	t.Cleanup(v.stop)
	return v
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // only the address is of use
	return l.Addr().String()
}

func (v *victim) mark() string { return filepath.Join(v.dir, "mark") }

func (v *victim) command(listen, private string, args ...string) *exec.Cmd {
	cmd := exec.Command(v.binary, args...)
	cmd.Env = append(v.s.Environment(listen, private), "TILLSIDE_FAILPOINT="+v.moment, "TILLSIDE_FAILPOINT_MARK="+v.mark())
	if v.dsn != "" {
		cmd.Env = append(cmd.Env, "TILLSIDE_DSN="+v.dsn)
	}
	return cmd
}

// serve starts the process and waits until it is ready.
func (v *victim) serve() {
	v.t.Helper()
	listen, private := freeAddress(v.t), freeAddress(v.t)
	v.cmd, v.url, v.ended = v.command(listen, private, "serve"), "http://"+listen, make(chan struct{})
	log, err := os.OpenFile(filepath.Join(v.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		v.t.Fatal(err)
	}
	defer log.Close() //nolint:errcheck // the process has its own
	v.cmd.Stderr = log
	if err := v.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	cmd, ended := v.cmd, v.ended
	go func() {
		_ = cmd.Wait() // how it ended is in ProcessState
		close(ended)
	}()
	shoptest.WaitFor(v.t, "the process", func() bool {
		response, err := http.Get("http://" + private + "/readyz")
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
}

// waitForDeath waits until the failpoint has killed the process.
func (v *victim) waitForDeath() {
	v.t.Helper()
	select {
	case <-v.ended:
	case <-time.After(10 * time.Second):
		v.t.Fatalf("the process passed %s and lives", v.moment)
	}
	v.wantKilled(v.cmd)
}

func (v *victim) wantKilled(cmd *exec.Cmd) {
	v.t.Helper()
	status, isUnix := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if _, err := os.Stat(v.mark()); err != nil || !isUnix || status.Signal() != syscall.SIGKILL {
		v.t.Fatalf("the process ended with %v before %s (%v)", cmd.ProcessState, v.moment, err)
	}
}

func (v *victim) stop() {
	if v.cmd == nil {
		return
	}
	_ = v.cmd.Process.Signal(syscall.SIGTERM) // it may be dead
	select {
	case <-v.ended:
	case <-time.After(15 * time.Second):
		_ = v.cmd.Process.Kill() // it did not want to
		<-v.ended
		v.t.Error("the process did not end when it was told to")
	}
	if v.t.Failed() {
		if text, err := os.ReadFile(filepath.Join(v.dir, "log")); err == nil {
			v.t.Logf("%s", text)
		}
	}
}

// buyer returns one who has come to the third step.
func (v *victim) buyer() *shoptest.Buyer {
	v.t.Helper()
	b := v.s.NewBuyer(&shoptest.Process{URL: v.url}, "course")
	b.Start("erika@example.com")
	return b
}

// later lets leases end and the next jobs become due.
func (v *victim) later() { v.s.Age(40 * time.Second) }

// wantWhole looks for one charge, one order, one user, and nothing left open.
func (v *victim) wantWhole() {
	v.t.Helper()
	waitForOrder(v.t, v.s)
	wantBooks(v.t, v.s, 1, 1, 1)
	shoptest.WaitFor(v.t, "the jobs", func() bool {
		return v.s.Count("SELECT COUNT(*) FROM {jobs} WHERE unique_key IS NULL AND kind <> 'payment.resume'") == 0
	})
	shoptest.WaitFor(v.t, "three mails", func() bool { return len(v.s.Plugin.Mails()) == 3 })
	for what, query := range map[string]string{
		"open attempts":          "SELECT COUNT(*) FROM {attempts} WHERE open_checkout_id IS NOT NULL",
		"unpaid checkouts":       "SELECT COUNT(*) FROM {checkouts} WHERE status <> 'paid'",
		"payments in quarantine": "SELECT COUNT(*) FROM {quarantine}",
		"dead jobs":              "SELECT COUNT(*) FROM {jobs} WHERE state = 'dead'",
		"orders without account": "SELECT COUNT(*) FROM {orders} WHERE access <> 'new'",
	} {
		if n := v.s.Count(query); n != 0 {
			v.t.Errorf("%d %s, want none", n, what)
		}
	}
	for _, intent := range v.s.Stripe.Intents() {
		if intent.Status != stripe.Succeeded && intent.Status != stripe.Canceled {
			v.t.Errorf("an intent is %s", intent.Status)
		}
	}
	paid := 0
	for _, event := range v.s.Plugin.Events() {
		if event.Type == "order.paid" {
			paid++
		}
	}
	if paid == 0 {
		v.t.Error("order.paid was not fired")
	}
}

// The buyer clicks, the process dies, the buyer has left: the next process
// finishes what was under way.
func purchaseIsFinishedByTheNextProcess(t *testing.T, binary string) {
	for _, moment := range []string{
		failpoint.AttemptStored, failpoint.CustomerMade, failpoint.IntentMade, failpoint.IntentStored, failpoint.ConfirmSent,
		failpoint.ConfirmAnswered, failpoint.SettleBefore, failpoint.SettleAfter, failpoint.UserMade, failpoint.PluginCalled,
	} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, binary, moment)
			v.serve()
			b := v.buyer()
			a := b.Pay(cardGood)
			v.waitForDeath()
			v.serve()
			v.later()
			v.wantWhole()
			if n := len(v.s.Stripe.Intents()); n != 1 {
				t.Errorf("%d intents, want one", n)
			}
			b.URL = v.url
			if again := b.Sync(); again.String("status") != "succeeded" {
				t.Errorf("sync: %d %s (pay was answered %d %s)", again.Code, again.Raw, a.Code, a.Raw)
			}
			if shown := b.Credentials(""); shown.Code != http.StatusOK {
				t.Errorf("credentials: %d %s", shown.Code, shown.Raw)
			}
		})
	}
}

// The buyer is still there, and the browser asks again by itself.
func buyerWhoWaitsGetsTheAnswer(t *testing.T, binary string) {
	for _, moment := range []string{failpoint.IntentMade, failpoint.ConfirmSent} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, binary, moment)
			v.serve()
			b := v.buyer()
			token := v.s.Stripe.NewConfirmationToken(cardGood)
			if a := b.PayWithToken("stripe", token, "the-key-of-this-click"); a.Code != 0 {
				t.Errorf("pay: %d %s, want no answer", a.Code, a.Raw)
			}
			v.waitForDeath()
			v.serve()
			b.URL = v.url
			if a := b.PayWithToken("stripe", token, "the-key-of-this-click"); a.String("status") != "succeeded" {
				t.Errorf("pay again: %d %s", a.Code, a.Raw)
			}
			v.wantWhole()
		})
	}
}

func credentialsAreShownOnce(t *testing.T, binary string) {
	v := newVictim(t, binary, failpoint.CredentialsShown)
	v.serve()
	b := v.buyer()
	wantStatus(t, b.Pay(cardGood), "succeeded")
	v.wantWhole()
	if a := b.Credentials(""); a.Code != 0 {
		t.Errorf("credentials: %d %s, want no answer", a.Code, a.Raw)
	}
	v.waitForDeath()
	v.serve()
	b.URL = v.url
	if a := b.Credentials(""); a.Code != http.StatusConflict {
		t.Errorf("credentials: %d %s, want a conflict: they were shown", a.Code, a.Raw)
	}
	own := b.Credentials("correct horse battery")
	var hash string
	if err := v.s.SQL.QueryRow("SELECT user_pass FROM shop_users").Scan(&hash); err != nil {
		t.Fatal(err)
	}
	if right, err := wpdb.CheckHash("correct horse battery", hash); own.Code != http.StatusOK || err != nil || !right {
		t.Errorf("own password: %d %s, logs in: %t (%v)", own.Code, own.Raw, right, err)
	}
	v.wantWhole()
}

func webhookIsHandledByTheNextProcess(t *testing.T, binary string) {
	v := &victim{t: t, s: shoptest.New(t), binary: binary, dir: t.TempDir(), moment: failpoint.WebhookStored}
	t.Cleanup(v.stop)
	hooks := v.s.UseWebhooks()
	first := v.s.Start(shoptest.Options{Idle: true})
	first.Import(t, shoptest.Catalogue)
	first.Stop()
	v.s.StopSchedules()
	v.serve()
	hooks.To(v.url)
	if err := v.s.Stripe.SetEventMode(stripe.Dropped); err != nil {
		t.Fatal(err)
	}
	b := v.buyer()
	pay3DS(t, v.s, b)
	if err := v.s.Stripe.SetEventMode(stripe.InOrder); err != nil {
		t.Fatal(err)
	}
	if err := v.s.Stripe.Complete3DS(v.s.Stripe.Intents()[0].ID, true); err != nil {
		t.Fatal(err)
	}
	v.waitForDeath()
	v.s.Stripe.Flush()
	if n := v.s.Count("SELECT COUNT(*) FROM {provider_events}"); n != 1 {
		t.Errorf("%d events in the inbox, want the one that killed it", n)
	}
	v.serve()
	v.later()
	v.wantWhole()
}

// Nobody completes 3-D Secure, and the process dies while it cleans up.
func expiryIsFinishedByTheNextRun(t *testing.T, binary string) {
	for _, moment := range []string{failpoint.CancelSent, failpoint.ReleaseCommitted} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, binary, moment)
			v.serve()
			b := v.buyer()
			pay3DS(t, v.s, b)
			v.s.Age(2 * time.Hour)
			v.reconcile(true)
			v.reconcile(false)
			if got := v.s.Stripe.Intents()[0].Status; got != stripe.Canceled {
				t.Errorf("the intent is %s", got)
			}
			if n := v.s.Count("SELECT COUNT(*) FROM {attempts} WHERE open_checkout_id IS NOT NULL"); n != 0 {
				t.Errorf("%d open attempts, want none", n)
			}
			wantStatus(t, b.Pay(cardGood), "succeeded")
			v.wantWhole()
		})
	}
}

// reconcile runs `tillside reconcile`, which dies or does not.
func (v *victim) reconcile(dies bool) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), 20*time.Second)
	defer cancel()
	template := v.command("127.0.0.1:0", "127.0.0.1:0", "reconcile")
	cmd := exec.CommandContext(ctx, template.Path, template.Args[1:]...)
	cmd.Env = template.Env
	out, err := cmd.CombinedOutput()
	if dies {
		v.wantKilled(cmd)
		return
	}
	if err != nil {
		v.t.Fatalf("reconcile: %v\n%s", err, out)
	}
}

// The total changed, and the process dies while it makes sure that nobody pays
// the old intent.
func changedTotalIsChargedOnce(t *testing.T, binary string) {
	for _, moment := range []string{failpoint.CancelSent, failpoint.ReleaseCommitted} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, binary, moment)
			v.serve()
			b := v.buyer()
			wantStatus(t, b.Pay(cardDeclined), "declined")
			other := v.s.Start(shoptest.Options{Idle: true})
			dearer(other, t)
			other.Stop()
			b.Total = 5900
			b.Pay(cardGood)
			v.waitForDeath()
			v.serve()
			v.later()
			v.wantWhole()
			if n := v.s.Count("SELECT COUNT(*) FROM {orders} WHERE total = 5900"); n != 1 {
				t.Errorf("%d orders at the new price, want one", n)
			}
		})
	}
}
