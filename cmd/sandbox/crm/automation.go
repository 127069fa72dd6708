package crm

import (
	"strconv"
	"strings"
	"time"
)

// Step is one step of an automation.
type Step struct {
	Wait time.Duration
	// Post calls an address with a body in which {{id}} and {{email}} stand for
	// the contact.
	Post, ContentType, Body string
	// Until waits for a field to be filled.
	Until string
	// Mail sends a text in which {{field NAME}} stands for a field.
	Mail string
}

// Automation runs its steps for each contact who gets a tag, until the contact gets
// another.
type Automation struct {
	Tag   string
	Stop  string
	Steps []Step
}

// Mail is a mail that an automation sent.
type Mail struct {
	To, Text string
}

// Automate adds an automation.
func (b *Book) Automate(a Automation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.automations = append(b.automations, a)
}

func (b *Book) start(c Contact, tag string) {
	for _, a := range b.automations {
		if a.Tag == tag {
			b.running.Go(func() { b.run(a, c.ID) })
		}
	}
}

// run does the steps of an automation for a contact.
func (b *Book) run(a Automation, id int) {
	for _, step := range a.Steps {
		if !b.sleep(step.Wait) || b.stopped(a, id) {
			return
		}
		for step.Until != "" && b.field(id, step.Until) == "" {
			if !b.sleep(20*time.Millisecond) || b.stopped(a, id) {
				return
			}
		}
		if step.Post != "" {
			b.post(step.Post, step.ContentType, b.fill(step.Body, id))
		}
		if step.Mail != "" {
			b.Do(func(l *Locked) {
				if c := l.Contact(id); c != nil {
					b.mails = append(b.mails, Mail{c.Email, l.fill(step.Mail, c)})
				}
			})
		}
	}
}

func (b *Book) sleep(d time.Duration) bool {
	select {
	case <-b.closed:
		return false
	case <-time.After(d):
		return true
	}
}

func (b *Book) stopped(a Automation, id int) (stopped bool) {
	b.Do(func(l *Locked) {
		c := l.Contact(id)
		stopped = c == nil || a.Stop != "" && c.Tags[l.Tag(a.Stop).ID]
	})
	return stopped
}

func (b *Book) field(id int, name string) (value string) {
	b.Do(func(l *Locked) {
		if c := l.Contact(id); c != nil {
			value = c.Fields[l.Field(name).ID]
		}
	})
	return value
}

func (b *Book) fill(text string, id int) (filled string) {
	b.Do(func(l *Locked) {
		if c := l.Contact(id); c != nil {
			filled = l.fill(text, c)
		}
	})
	return filled
}

func (l *Locked) fill(text string, c *Contact) string {
	pairs := []string{"{{id}}", strconv.Itoa(c.ID), "{{email}}", c.Email}
	for _, f := range l.b.fields {
		pairs = append(pairs, "{{field "+f.Name+"}}", c.Fields[f.ID])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Mails returns the mails to an address.
func (b *Book) Mails(to string) (mails []string) {
	b.Do(func(*Locked) {
		for _, m := range b.mails {
			if strings.EqualFold(m.To, to) {
				mails = append(mails, m.Text)
			}
		}
	})
	return mails
}
