package main

import (
	"fmt"
	"strings"

	"github.com/tillside/tillside/server"
)

type jobCmd struct {
	List         jobListCmd         `cmd:"" help:"List the jobs that wait."`
	Dead         jobDeadCmd         `cmd:"" help:"List the jobs that were given up, with the reason."`
	Replay       jobReplayCmd       `cmd:"" help:"Try a job that was given up again."`
	Destinations jobDestinationsCmd `cmd:"" help:"Whom jobs call, what waits for them and why."`
	Pause        jobPauseCmd        `cmd:"" help:"Send nothing to a destination. What comes for it waits. Undo it with resume."`
	Resume       jobResumeCmd       `cmd:"" help:"Go on with a destination."`
}

type jobListCmd struct{}

// Run lists what waits.
func (jobListCmd) Run(a *app) error { return listJobs(a, false) }

type jobDeadCmd struct{}

// Run lists dead letters.
func (jobDeadCmd) Run(a *app) error { return listJobs(a, true) }

func listJobs(a *app, dead bool) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.FindJobs(a.ctx, dead)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) {
			if len(list) == 0 {
				p.line("%s", noneOf)
				return
			}
			rows := make([][]string, len(list))
			for i, j := range list {
				rows[i] = []string{fmt.Sprint(j.ID), j.Kind, j.Destination, j.RunAt.Format(stamp), fmt.Sprint(j.Attempts), firstLine(j.Error)}
			}
			p.table([]string{"ID", "KIND", "FOR", "DUE (UTC)", "TRIES", "ERROR"}, rows)
		})
	})
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

type jobReplayCmd struct {
	ID []int64 `arg:"" help:"Numbers of jobs, from job dead."`
}

// Run replays jobs.
func (c jobReplayCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		for _, id := range c.ID {
			if err := shop.ReplayJob(a.ctx, id); err != nil {
				return err
			}
		}
		return a.print.value(map[string]any{"replayed": c.ID}, func(p *printer) { p.line("tried again: %d", len(c.ID)) })
	})
}

type jobDestinationsCmd struct{}

// Run lists destinations.
func (jobDestinationsCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.FindDestinations(a.ctx)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) {
			rows := make([][]string, len(list))
			for i, d := range list {
				oldest := ""
				if d.Oldest != nil {
					oldest = d.Oldest.Format(stamp)
				}
				rows[i] = []string{d.Name, string(d.State), fmt.Sprint(d.Waiting), fmt.Sprint(d.Stopped), oldest, firstLine(d.Reason)}
			}
			p.table([]string{"NAME", "STATE", "WAITING", "STOPPED", "OLDEST (UTC)", "WHY"}, rows)
		})
	})
}

type jobPauseCmd struct {
	Name string `arg:"" help:"The destination's name, from job destinations."`
}

// Run pauses a destination.
func (c jobPauseCmd) Run(a *app) error { return pauseDestination(a, c.Name, true) }

type jobResumeCmd struct {
	Name string `arg:"" help:"The destination's name."`
}

// Run resumes a destination.
func (c jobResumeCmd) Run(a *app) error { return pauseDestination(a, c.Name, false) }

func pauseDestination(a *app, name string, pause bool) error {
	return withShop(a, func(shop *server.Shop) error {
		if err := shop.PauseDestination(a.ctx, name, pause); err != nil {
			return err
		}
		return a.print.value(map[string]any{"name": name, "paused": pause}, func(p *printer) {
			if pause {
				p.line("nothing is sent to %s until: tillside job resume %s", name, name)
				return
			}
			p.line("%s goes on", name)
		})
	})
}
