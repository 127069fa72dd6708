package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/tillside/tillside/server"
)

type operationSaveCmd struct {
	File string `arg:"" help:"A YAML or JSON file with slug, name, actions and settings; - reads standard input."`
}

// Run makes or changes an operation.
func (c operationSaveCmd) Run(a *app) error {
	draft, err := readDraft(c.File)
	if err != nil {
		return err
	}
	return withShop(a, func(shop *server.Shop) error {
		saved, err := shop.SaveOperation(a.ctx, draft)
		if err != nil {
			return err
		}
		return a.print.value(saved, func(p *printer) { p.line("saved the operation %s, revision %d", saved.Slug, saved.Revision) })
	})
}

// readDraft reads an operation. YAML goes by way of JSON, so that both have the
// same names and the same complaints.
func readDraft(path string) (server.OperationDraft, error) {
	var draft server.OperationDraft
	raw, err := readInput(path)
	if err != nil {
		return draft, err
	}
	var tree map[string]any
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		return draft, fmt.Errorf("%s: %w", path, err)
	}
	if raw, err = json.Marshal(tree); err != nil {
		return draft, fmt.Errorf("%s: %w", path, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&draft); err != nil {
		return draft, fmt.Errorf("%s: %w", path, err)
	}
	return draft, nil
}

func readInput(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(path)
}

type operationRetryCmd struct {
	RunID string `arg:"" name:"run" help:"The run, from operation show."`
}

// Run goes on with a run.
func (c operationRetryCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		r, err := shop.RetryRun(a.ctx, c.RunID)
		if err != nil {
			return err
		}
		return a.print.value(r, func(p *printer) { p.line("%s %s", r.Status, lastError(*r)) })
	})
}

type operationCallsCmd struct {
	Slug string `arg:"" optional:"" help:"Of one operation only."`
}

// Run lists deliveries.
func (c operationCallsCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		list, err := shop.FindDeliveries(a.ctx, c.Slug)
		if err != nil {
			return err
		}
		return a.print.value(list, func(p *printer) {
			if len(list) == 0 {
				p.line("nothing has come yet")
				return
			}
			rows := make([][]string, len(list))
			for i, d := range list {
				rows[i] = []string{d.ID, d.ReceivedAt.Format(stamp), d.Target, string(d.State), d.Result}
			}
			p.table([]string{"CALL", "DATE (UTC)", "FOR", "STATE", "RESULT"}, rows)
		})
	})
}

type operationReplayCmd struct {
	Call string `arg:"" help:"The call, from operation calls."`
}

// Run does a delivery again.
func (c operationReplayCmd) Run(a *app) error {
	return withShop(a, func(shop *server.Shop) error {
		d, err := shop.ReplayDelivery(a.ctx, c.Call)
		if err != nil {
			return err
		}
		return a.print.value(d, func(p *printer) { p.line("the call is done again; see: tillside operation calls") })
	})
}
