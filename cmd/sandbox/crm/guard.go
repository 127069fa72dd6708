package crm

import (
	"bytes"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"time"
)

// Fault makes requests fail. Match is a method and a path in which * stands for one
// part; the status may be "reset" for a connection that breaks after the request was
// done.
type Fault struct {
	Match  string
	Status string
	Body   string
	Header map[string]string
	Times  int // 0 is one, negative is all
}

// Fail makes requests fail.
func (b *Book) Fail(f Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, &f)
}

// Requests lists the requests so far, "GET /Tags", oldest first.
func (b *Book) Requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests)
}

// Guard is in front of a face: it counts requests against the limit, answers
// limited to those too many, and does what faults ask for.
func (b *Book) Guard(next http.Handler, limited func(w http.ResponseWriter, wait time.Duration)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wait, fault := b.admit(r.Method + " " + r.URL.Path)
		switch {
		case wait > 0:
			limited(w, wait)
		case fault == nil:
			next.ServeHTTP(w, r)
		case fault.Status == "reset": // done, and the answer is lost
			next.ServeHTTP(&lost{header: http.Header{}}, r)
			panic(http.ErrAbortHandler)
		default:
			for name, value := range fault.Header {
				w.Header().Set(name, value)
			}
			status, _ := strconv.Atoi(fault.Status)
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, fault.Body)
		}
	})
}

// lost takes an answer that nobody gets.
type lost struct {
	header http.Header
	bytes.Buffer
}

// Header and WriteHeader implement http.ResponseWriter.
func (l *lost) Header() http.Header { return l.header }
func (l *lost) WriteHeader(int)     {}

func (b *Book) admit(call string) (time.Duration, *Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.o.Now()
	b.requests = append(b.requests, call)
	if b.o.Calls > 0 {
		b.calls = slices.DeleteFunc(b.calls, func(at time.Time) bool { return now.Sub(at) >= b.o.Per })
		if len(b.calls) >= b.o.Calls {
			return max(b.o.Per-now.Sub(b.calls[0]), time.Second), nil
		}
		b.calls = append(b.calls, now)
	}
	for i, f := range b.faults {
		if ok, _ := path.Match(f.Match, call); !ok {
			continue
		}
		if f.Times > 1 {
			f.Times--
		} else if f.Times >= 0 {
			b.faults = slices.Delete(b.faults, i, i+1)
		}
		return 0, f
	}
	return 0, nil
}

// ClearFaults ends all faults.
func (b *Book) ClearFaults() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = nil
}
