package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/tillside/tillside/server"
)

type contactCmd struct {
	Show     contactShowCmd     `cmd:"" help:"Show a contact: tags, fields, and what it has access to and why."`
	Tag      contactTagCmd      `cmd:"" help:"Give a contact tags. One that it has counts as added again."`
	Untag    contactUntagCmd    `cmd:"" help:"Take tags off a contact."`
	Timeline contactTimelineCmd `cmd:"" help:"What happened to a contact, newest first."`
	Roles    contactRolesCmd    `cmd:"" help:"Which WordPress roles go with which tags."`
	FollowUp contactFollowUpCmd `cmd:"" help:"When a checkout counts as abandoned, and when automations hear of it."`
}

const (
	stamp  = "2006-01-02 15:04"
	noneOf = "none"
)

type contactShowCmd struct {
	Email string `arg:"" help:"The contact's e-mail address."`
}

// Run shows a contact.
func (c contactShowCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		v, err := shop.Contact(a.ctx, c.Email)
		if err != nil {
			return err
		}
		return a.print.value(v, func(p *printer) { printContact(p, v) })
	})
}

func printContact(p *printer, v *server.ContactDetails) {
	p.line("%s  %s %s  (contact %s)", v.Email, v.FirstName, v.LastName, v.ID)
	if v.UserID != 0 {
		p.line("WordPress user %d", v.UserID)
	}
	rows := make([][]string, len(v.Tags))
	for i, t := range v.Tags {
		rows[i] = []string{t.Tag, t.At.Format(stamp), string(t.Source), t.Reason}
	}
	if len(rows) == 0 {
		p.line("tags: %s", noneOf)
	} else {
		p.table([]string{"TAG", "SINCE (UTC)", "BY", "WHY"}, rows)
	}
	for _, field := range slices.Sorted(maps.Keys(v.Fields)) {
		p.line("%s: %s", field, v.Fields[field])
	}
	for _, access := range v.Access {
		has := "no access to"
		if access.Has {
			has = "access to"
		}
		p.line("%s %s: %s", has, access.Product, access.Why)
	}
}

type contactTagCmd struct {
	Email string   `arg:"" help:"The contact's e-mail address."`
	Tags  []string `arg:"" help:"Names of tags, with letter case."`
}

// Run gives tags.
func (c contactTagCmd) Run(a *app) error { return tagContact(a, c.Email, c.Tags, nil) }

type contactUntagCmd struct {
	Email string   `arg:"" help:"The contact's e-mail address."`
	Tags  []string `arg:"" help:"Names of tags, with letter case."`
}

// Run takes tags off.
func (c contactUntagCmd) Run(a *app) error { return tagContact(a, c.Email, nil, c.Tags) }

func tagContact(a *app, email string, add, remove []string) error {
	return withShop(a, func(shop *server.Shop) error {
		v, err := shop.TagContact(a.ctx, email, add, remove)
		if err != nil {
			return err
		}
		return a.print.value(v, func(p *printer) { printContact(p, v) })
	})
}

type contactTimelineCmd struct {
	Email string `arg:"" help:"The contact's e-mail address."`
}

// Run lists the timeline.
func (c contactTimelineCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.Timeline(a.ctx, c.Email)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) {
			if len(list) == 0 {
				p.line("nothing has happened yet")
				return
			}
			rows := make([][]string, len(list))
			for i, e := range list {
				what := strings.ReplaceAll(string(e.Type), "_", " ")
				rows[i] = []string{e.At.Format(stamp), what, e.Name, e.Value, e.Reason}
			}
			p.table([]string{"DATE (UTC)", "WHAT", "NAME", "VALUE", "WHY"}, rows)
		})
	})
}
