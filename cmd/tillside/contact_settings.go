package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/tillside/tillside/server"
)

type contactRolesCmd struct {
	Tag   string   `arg:"" optional:"" help:"A tag; without it all tags with roles are listed."`
	Roles []string `arg:"" optional:"" help:"The WordPress roles that go with it; none takes them off the tag."`
}

// Run lists or sets the roles of tags.
func (c contactRolesCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		roles, err := shop.TagRoles(a.ctx)
		if err == nil && c.Tag != "" {
			roles, err = shop.SetTagRoles(a.ctx, c.Tag, c.Roles)
		}
		if err != nil {
			return err
		}
		return a.print.value(roles, func(p *printer) {
			if len(roles) == 0 {
				p.line("no tag gives a role")
			}
			for _, tag := range slices.Sorted(maps.Keys(roles)) {
				p.line("%s: %s", tag, strings.Join(roles[tag], ", "))
			}
		})
	})
}

type contactFollowUpCmd struct {
	Quiet *int `help:"A checkout without a sign of its buyer for so many minutes is abandoned; 0 is an hour."`
	Early *int `help:"So many minutes after step 1 automations and the CRM hear of the contact; 0 is at once."`
}

// Run shows or sets how the site follows up on checkouts.
func (c contactFollowUpCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		f, err := shop.FollowUp(a.ctx)
		if err != nil {
			return err
		}
		if c.Quiet != nil {
			f.QuietMinutes = *c.Quiet
		}
		if c.Early != nil {
			f.EarlyMinutes = *c.Early
		}
		if c.Quiet != nil || c.Early != nil {
			if err := shop.SetFollowUp(a.ctx, f); err != nil {
				return err
			}
		}
		return a.print.value(f, func(p *printer) {
			p.line("abandoned after %s without a sign of the buyer", f.Quiet())
			p.line("automations hear of step 1 after %d minutes", f.EarlyMinutes)
		})
	})
}
