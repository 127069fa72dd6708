package stripe

import (
	"slices"
	"time"
)

// clock is real time plus what was advanced. While a timer runs it stands at
// the timer's moment, so that what a debit does on day 3 is dated day 3 even
// when ten days are advanced at once.
type clock struct {
	base   func() time.Time
	offset time.Duration
	pinned time.Time
}

func (c *clock) now() time.Time {
	if !c.pinned.IsZero() {
		return c.pinned
	}
	return c.base().Add(c.offset)
}

// timer is something that happens by itself at a virtual time.
type timer struct {
	at  time.Time
	run func()
}

type timers []timer

func (t *timers) add(at time.Time, run func()) {
	i, _ := slices.BinarySearchFunc(*t, at, func(e timer, at time.Time) int {
		if e.at.After(at) {
			return 1
		}
		return -1
	})
	*t = slices.Insert(*t, i, timer{at: at, run: run})
}

// after runs f once the virtual clock has moved on by d. The caller holds the
// lock, and so does f.
func (s *Server) after(d time.Duration, f func()) { s.timers.add(s.clock.now().Add(d), f) }

// settle runs every timer that is due, in order. The caller holds the lock.
func (s *Server) settle() {
	for now := s.clock.now(); len(s.timers) > 0 && !s.timers[0].at.After(now); {
		due := s.timers[0]
		s.timers = s.timers[1:]
		s.clock.pinned = due.at
		due.run()
		s.clock.pinned = time.Time{}
	}
}

// unix is the virtual time as the API gives it.
func (s *Server) unix() int64 { return s.clock.now().Unix() }
