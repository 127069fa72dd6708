package main

import (
	"strings"

	"github.com/tillside/tillside/server"
)

type operationCmd struct {
	Create  operationCreateCmd `cmd:"" help:"Make an operation that generates a coupon, or a gift card, for a contact."`
	Save    operationSaveCmd   `cmd:"" help:"Make an operation from a file, or change one: any actions, conditions and triggers."`
	List    operationListCmd   `cmd:"" help:"List operations."`
	Show    operationShowCmd   `cmd:"" help:"Show an operation with its newest runs."`
	Run     operationRunCmd    `cmd:"" help:"Run an operation for one contact."`
	Retry   operationRetryCmd  `cmd:"" help:"Go on with a run that failed, at the step that failed."`
	Hook    operationHookCmd   `cmd:"" help:"Make the address by which a CRM runs it. It is shown once; the one before is good for a week more."`
	Calls   operationCallsCmd  `cmd:"" help:"What CRMs sent to hooks, newest first, and what became of it."`
	Replay  operationReplayCmd `cmd:"" help:"Do a call of a hook again, as it came."`
	Disable operationOffCmd    `cmd:"" help:"Switch an operation off. Undo it with enable."`
	Enable  operationOnCmd     `cmd:"" help:"Switch it on again."`
}

// individualFlags say what a code of one's own is like.
type individualFlags struct {
	Prefix   string `help:"Before the random part of the code."`
	Length   int    `help:"Characters of the random part; without it as many as cannot be guessed."`
	Alphabet string `help:"What codes are made of; characters that look alike are refused."`
	Lifetime string `help:"How long a code lives: 90m, 48h, 7d, 3mo, or '2026-12-31 23:59' on the site's clock."`
	Bearer   bool   `help:"Whoever has the code may use it; without this only its contact."`
	WhenLive string `default:"return" enum:"return,extend,another" help:"When the contact has a live code: return it, extend it, or make another."`
}

type operationCreateCmd struct {
	Slug     string `arg:"" help:"How you name it: lower-case letters, digits, hyphens."`
	Coupon   string `help:"The template that the codes are made from." xor:"what" required:""`
	GiftCard string `help:"Mail the contact a gift card instead: '25.00 EUR'." xor:"what" required:""`
	Sender   string `help:"Who gives the card."`
	Message  string `help:"A message on it."`
	EveryRun bool   `help:"A card at each run; without this a contact gets one, however often your CRM calls."`
	Name     string `help:"What it is for."`
	individualFlags
	CodeField    string `help:"The contact's field that takes the code."`
	ExpiresField string `help:"The field that takes its end."`
	DateFormat   string `default:"long" enum:"long,date,datetime,rfc3339,unix,us" help:"How the end is written: long, date, datetime, rfc3339, unix, us."`
	LinkField    string `help:"The field that takes the magic link with the code applied."`
	LinkOffer    string `help:"The offer that the link leads to."`
	LinkQuery    bool   `help:"The link has the code in its query, for CRMs that lose fragments."`
}

// Run makes an operation.
func (c operationCreateCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		if c.GiftCard != "" {
			return c.make(a, shop, server.IssueGiftCardActions(c.GiftCard, c.Sender, c.Message, c.EveryRun))
		}
		action, err := server.NewGenerateCoupon(server.IndividualRequest{
			Coupon: c.Coupon, Prefix: c.Prefix, Length: c.Length, Alphabet: c.Alphabet, Lifetime: c.Lifetime, Bearer: c.Bearer, WhenLive: c.WhenLive,
		})
		if err != nil {
			return err
		}
		action.CodeField, action.ExpiresField, action.LinkField, action.LinkOffer = c.CodeField, c.ExpiresField, c.LinkField, c.LinkOffer
		action.SetFormats(c.DateFormat, c.LinkQuery)
		return c.make(a, shop, server.GenerateCouponActions(action))
	})
}

func (c operationCreateCmd) make(a *app, shop *server.Shop, actions []server.OperationAction) error {
	made, err := shop.CreateOperation(a.ctx, server.OperationDraft{Slug: c.Slug, Name: c.Name, Actions: actions})
	if err != nil {
		return err
	}
	return a.print.value(made, func(p *printer) {
		p.line("made the operation %s", made.Slug)
		p.line("the address for your CRM: tillside operation hook %s", made.Slug)
	})
}

type operationListCmd struct{}

// Run lists operations.
func (operationListCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.FindOperations(a.ctx)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) {
			if len(list) == 0 {
				p.line("no operations yet: tillside operation create --help")
				return
			}
			rows := make([][]string, len(list))
			for i, o := range list {
				hook := "no"
				if o.HasHook {
					hook = "yes"
				}
				rows[i] = []string{o.Slug, string(o.Status), hook, o.Name}
			}
			p.table([]string{"SLUG", "STATUS", "HOOK", "NAME"}, rows)
		})
	})
}

type operationShowCmd struct {
	Slug string `arg:"" help:"The operation's slug."`
}

// Run shows an operation.
func (c operationShowCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		o, runs, err := shop.Operation(a.ctx, c.Slug)
		if err != nil {
			return err
		}
		return a.print.value(map[string]any{"operation": o, "runs": runs}, func(p *printer) {
			p.line("%s, %s: %s", o.Slug, o.Status, o.Name)
			for i, action := range o.Actions {
				p.line("  %d. %s", i+1, action.Kind)
			}
			if len(runs) == 0 {
				p.line("it has not run yet")
				return
			}
			rows := make([][]string, len(runs))
			for i, r := range runs {
				rows[i] = []string{r.Run, r.CreatedAt.Format(stamp), r.Cause, string(r.Status), r.Code, lastError(r)}
			}
			p.table([]string{"RUN", "DATE (UTC)", "BY", "STATUS", "CODE", "ERROR"}, rows)
		})
	})
}

func lastError(r server.RunDetails) string {
	var all []string
	for _, step := range r.Steps {
		if step.Error != "" {
			all = append(all, step.Error)
		}
	}
	if r.Problem != "" {
		all = append(all, r.Problem)
	}
	return strings.Join(all, "; ")
}

type operationRunCmd struct {
	Slug  string `arg:"" help:"The operation's slug."`
	Email string `required:"" help:"Whom it runs for; a new contact is made if nobody has the address."`
}

// Run runs an operation.
func (c operationRunCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		r, err := shop.RunOperation(a.ctx, c.Slug, c.Email, "command")
		if err != nil {
			return err
		}
		return a.print.value(r, func(p *printer) {
			p.line("%s", r.Status)
			for name, value := range map[string]string{"code": r.Code, "ends": r.ExpiresAt, "link": r.Link} {
				if value != "" {
					p.line("%s: %s", name, value)
				}
			}
		})
	})
}

type operationHookCmd struct {
	Slug string `arg:"" help:"The operation's slug."`
}

// Run makes a hook.
func (c operationHookCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		hook, err := shop.NewHook(a.ctx, c.Slug)
		if err != nil {
			return err
		}
		return a.print.value(hook, func(p *printer) {
			p.line("%s", hook.URL)
			p.line("method POST, post data: %s", hook.PostData)
			p.line("keep it like a password: whoever has it can make codes")
		})
	})
}

type operationOffCmd struct {
	Slug string `arg:"" help:"The operation's slug."`
}

// Run switches an operation off.
func (c operationOffCmd) Run(a *app) error { return switchOperation(a, c.Slug, false) }

type operationOnCmd struct {
	Slug string `arg:"" help:"The operation's slug."`
}

// Run switches an operation on.
func (c operationOnCmd) Run(a *app) error { return switchOperation(a, c.Slug, true) }

func switchOperation(a *app, slug string, on bool) error {
	return withShop(a, func(shop *server.Shop) error {
		o, err := shop.SwitchOperation(a.ctx, slug, on)
		if err != nil {
			return err
		}
		return a.print.value(o, func(p *printer) { p.line("%s is %s", o.Slug, o.Status) })
	})
}
