package stripe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"time"
)

// What a fault may do instead of a status.
const (
	FaultTimeout    = "timeout"     // nothing is performed and nothing answered
	FaultLostAnswer = "lost_answer" // performed, and the connection breaks before the answer is whole
	FaultSlow       = "slow"        // performed and answered after HoldMS
)

// Fault makes calls fail. Match is a method and a path in which * stands for
// one part, such as "POST /v1/payment_intents/*/confirm".
type Fault struct {
	Match  string `json:"match"`
	Times  int    `json:"times"`   // how many calls; 0 is one, negative is all
	Status string `json:"status"`  // "429", "500", "503" or one of the Fault constants
	HoldMS int    `json:"hold_ms"` // how long the call waits first
}

// UnmarshalJSON takes the status as a number too.
func (f *Fault) UnmarshalJSON(data []byte) error {
	type plain Fault
	in := struct {
		*plain
		Status any `json:"status"`
	}{plain: (*plain)(f)}
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	switch v := in.Status.(type) {
	case string:
		f.Status = v
	case float64:
		f.Status = strconv.Itoa(int(v))
	}
	return nil
}

func (f *Fault) check() error {
	if _, err := path.Match(f.Match, ""); err != nil || f.Match == "" {
		return fmt.Errorf("match %q is not a method and a path", f.Match)
	}
	switch f.Status {
	case FaultTimeout, FaultLostAnswer, FaultSlow:
		return nil
	}
	if code, err := strconv.Atoi(f.Status); err != nil || code < 400 || code > 599 {
		return fmt.Errorf("status %q is none of 4xx, 5xx, %s, %s, %s", f.Status, FaultTimeout, FaultLostAnswer, FaultSlow)
	}
	return nil
}

// Fail makes the next matching calls fail.
func (s *Server) Fail(f Fault) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("inject fault: %w", err)
	}
	if f.Times == 0 {
		f.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
	return nil
}

// ClearFaults removes what Fail set and has not been used up.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) takeFault(method, url string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if ok, _ := path.Match(f.Match, method+" "+url); !ok || f.Times == 0 {
			continue
		}
		f.Times--
		taken := *f
		return &taken
	}
	return nil
}

// before answers faults that keep the call from being looked at at all.
func (f *Fault) before(w http.ResponseWriter, r *http.Request) bool {
	switch f.Status {
	case FaultTimeout:
		select {
		case <-r.Context().Done():
		case <-time.After(90 * time.Second):
		}
		panic(http.ErrAbortHandler)
	case "429":
		f.hold()
		a, _ := f.instead()
		write(w, a)
		return true
	}
	return false
}

func (f *Fault) hold() { time.Sleep(time.Duration(f.HoldMS) * time.Millisecond) }

// instead returns the error to answer with instead of performing the call.
func (f *Fault) instead() (answer, bool) {
	code, err := strconv.Atoi(f.Status)
	if err != nil {
		return answer{}, false
	}
	e := &Error{Status: code, Type: typeAPI, Message: "An error the sandbox was asked for. Sorry about that."}
	if code == http.StatusTooManyRequests {
		e.Type, e.Code = typeInvalid, "rate_limit"
		e.Message = "Too many requests hit the API too quickly. We recommend an exponential backoff of your requests."
	}
	body, _ := json.Marshal(map[string]*Error{"error": e}) // nothing in it can fail
	return answer{status: code, body: body}, true
}

// loseAnswer breaks the connection in the middle of the answer. Only the
// status is sent: without any byte, Go's transport would repeat the request
// on its own and nobody would notice.
func loseAnswer(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "100000")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush() // the connection is broken anyway
	panic(http.ErrAbortHandler)
}
