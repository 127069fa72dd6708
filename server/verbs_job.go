package server

import (
	"context"
	"time"

	"github.com/tillside/tillside/server/job"
)

// JobDetails is a job as an admin sees it.
type JobDetails struct {
	ID          int64     `json:"id"`
	Kind        string    `json:"kind"`
	Destination string    `json:"destination"`
	Lane        string    `json:"lane"`
	RunAt       time.Time `json:"run_at"`
	Attempts    int       `json:"attempts"`
	Error       string    `json:"error"`
	CreatedAt   time.Time `json:"created_at"`
}

// DestinationDetails is somebody whom jobs call.
type DestinationDetails struct {
	Name      string               `json:"name"`
	State     job.DestinationState `json:"state"`
	Reason    string               `json:"reason"`
	HeldUntil *time.Time           `json:"held_until"` // null when it is not held
	Waiting   int                  `json:"waiting"`
	Stopped   int                  `json:"stopped"` // lanes that a dead letter stopped
	Oldest    *time.Time           `json:"oldest"`  // null when nothing waits
}

const jobsShown = 200

// FindJobs lists jobs that wait, or those that were given up, the oldest first.
func (s *Shop) FindJobs(ctx context.Context, dead bool) ([]JobDetails, error) {
	all, err := s.jobs.FindJobs(ctx, dead, jobsShown)
	if err != nil {
		return nil, err
	}
	list := make([]JobDetails, len(all))
	for i, j := range all {
		list[i] = JobDetails{
			ID: j.ID, Kind: j.Kind, Destination: j.Destination, Lane: j.Lane, RunAt: j.RunAt, Attempts: j.Attempts, Error: j.Error,
			CreatedAt: j.CreatedAt,
		}
	}
	return list, nil
}

// FindDestinations lists those whom jobs call, with what waits for them.
func (s *Shop) FindDestinations(ctx context.Context) ([]DestinationDetails, error) {
	all, err := s.jobs.Destinations(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]DestinationDetails, len(all))
	for i, d := range all {
		list[i] = DestinationDetails(d)
	}
	return list, nil
}

// ReplayJob lets a job that was given up be tried again.
func (s *Shop) ReplayJob(ctx context.Context, id int64) error { return s.jobs.ReplayJob(ctx, id) }

// PauseDestination stops sending to a destination, or goes on with it. What waits
// stays.
func (s *Shop) PauseDestination(ctx context.Context, name string, pause bool) error {
	state, reason := job.DestinationOn, ""
	if pause {
		state, reason = job.DestinationPaused, "by hand"
	}
	return s.jobs.SwitchDestination(ctx, name, state, reason)
}
