package main

import (
	"fmt"

	"github.com/tillside/tillside/server"
)

type crmCmd struct {
	Kinds      crmKindsCmd      `cmd:"" help:"The CRMs that can be connected, and what each asks for."`
	Connect    crmConnectCmd    `cmd:"" help:"Connect a CRM, or give a connection new credentials."`
	List       crmListCmd       `cmd:"" help:"List connections, and what waits for them."`
	Check      crmCheckCmd      `cmd:"" help:"Ask the CRM whether it lets us in. A connection that was halted goes on."`
	Tags       crmTagsCmd       `cmd:"" help:"The CRM's tags."`
	Fields     crmFieldsCmd     `cmd:"" help:"The CRM's custom fields."`
	Hook       crmHookCmd       `cmd:"" help:"Make the address by which the CRM tells of tags. It is shown once."`
	Resync     crmResyncCmd     `cmd:"" help:"Tell the CRM everything of one contact anew."`
	Disconnect crmDisconnectCmd `cmd:"" help:"Forget a connection and its credentials. The CRM keeps what it has."`
}

type crmKindsCmd struct{}

// Run lists kinds.
func (crmKindsCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		kinds := shop.CRMKinds()
		return a.print.value(kinds, func(p *printer) {
			for _, k := range kinds {
				p.line("%s (%s)", k.Name, k.Label)
				for _, ask := range k.Asks {
					p.line("  %s: %s. %s", ask.Name, ask.Label, ask.Help)
				}
			}
		})
	})
}

type crmConnectCmd struct {
	Kind string            `arg:"" help:"The CRM, from crm kinds."`
	Slug string            `help:"How you name the connection; without it as the CRM."`
	Set  map[string]string `required:"" help:"Credentials as crm kinds names them: --set app_id=… --set api_key=@FILE reads one from a file."`
}

// Run connects a CRM.
func (c crmConnectCmd) Run(a *app) error {
	credentials := map[string]string{}
	for name, value := range c.Set {
		if len(value) > 1 && value[0] == '@' {
			raw, err := readInput(value[1:])
			if err != nil {
				return err
			}
			value = string(raw)
		}
		credentials[name] = value
	}
	return withShop(a, func(shop *server.Shop) error {
		v, err := shop.ConnectCRM(a.ctx, server.CRMRequest{Slug: c.Slug, Kind: c.Kind, Credentials: credentials})
		if err != nil {
			return err
		}
		return a.print.value(v, func(p *printer) { p.line("connected %s to %s", v.Slug, v.Account) })
	})
}

type crmListCmd struct{}

// Run lists connections.
func (crmListCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.FindConnections(a.ctx)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) {
			if len(list) == 0 {
				p.line("no CRM is connected: tillside crm kinds")
				return
			}
			rows := make([][]string, len(list))
			for i, c := range list {
				state := string(c.Destination.State)
				if c.Status != "active" {
					state = string(c.Status)
				}
				rows[i] = []string{c.Slug, c.Kind, state, fmt.Sprint(c.Destination.Waiting), fmt.Sprint(c.Destination.Stopped), firstLine(c.Destination.Reason)}
			}
			p.table([]string{"SLUG", "CRM", "STATE", "WAITING", "STOPPED", "WHY"}, rows)
		})
	})
}

type crmCheckCmd struct {
	Slug string `arg:"" help:"The connection."`
}

// Run checks a connection.
func (c crmCheckCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		v, err := shop.CheckConnection(a.ctx, c.Slug)
		if err != nil {
			return err
		}
		return a.print.value(v, func(p *printer) { p.line("%s lets us in: %s", v.Slug, v.Account) })
	})
}

type crmTagsCmd struct {
	Slug string `arg:"" help:"The connection."`
}

// Run lists tags.
func (c crmTagsCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		lists, err := shop.CRMLists(a.ctx, c.Slug)
		if err != nil {
			return err
		}
		return a.print.value(lists.Tags, func(p *printer) {
			for _, t := range lists.Tags {
				p.line("%s", t.Name)
			}
		})
	})
}

type crmFieldsCmd struct {
	Slug string `arg:"" help:"The connection."`
}

// Run lists fields.
func (c crmFieldsCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		lists, err := shop.CRMLists(a.ctx, c.Slug)
		if err != nil {
			return err
		}
		return a.print.value(lists.Fields, func(p *printer) {
			for _, f := range lists.Fields {
				p.line("%s  %s  %s", f.Ref, f.Kind, f.Name)
			}
		})
	})
}

type crmHookCmd struct {
	Slug string   `arg:"" help:"The connection."`
	Tags []string `arg:"" optional:"" help:"Tags of which the CRM is to tell; it is asked to where it can be."`
}

// Run makes a webhook.
func (c crmHookCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		v, err := shop.NewCRMHook(a.ctx, c.Slug, c.Tags)
		if err != nil {
			return err
		}
		return a.print.value(v, func(p *printer) {
			p.line("%s", v.URL)
			for _, tag := range v.Made {
				p.line("the CRM calls it for the tag %s", tag)
			}
		})
	})
}

type crmResyncCmd struct {
	Slug  string `arg:"" help:"The connection."`
	Email string `arg:"" help:"The contact's e-mail address."`
}

// Run re-syncs a contact.
func (c crmResyncCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		if err := shop.ResyncContact(a.ctx, c.Slug, c.Email); err != nil {
			return err
		}
		return a.print.value(map[string]string{"connection": c.Slug, "email": c.Email}, func(p *printer) { p.line("%s is told everything anew", c.Slug) })
	})
}

type crmDisconnectCmd struct {
	Slug string `arg:"" help:"The connection."`
}

// Run disconnects a CRM.
func (c crmDisconnectCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		if err := shop.Disconnect(a.ctx, c.Slug); err != nil {
			return err
		}
		return a.print.value(map[string]string{"disconnected": c.Slug}, func(p *printer) { p.line("%s is disconnected", c.Slug) })
	})
}
