// Command i18n keeps the catalogue of texts in plugin-php/languages up to date:
//
//	go run ./dev/i18n extract  writes tillside.pot from the sources, brings the
//	                           translations up to date with it and writes what
//	                           WordPress reads (.l10n.php, and .json for scripts)
//	go run ./dev/i18n check    fails when extract would change something, or a
//	                           translation is incomplete or does not fit
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const languagesDir = "plugin-php/languages"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "i18n:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("say extract or check")
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	switch args[0] {
	case "extract":
		return extract(root)
	case "check":
		problems, err := check(root)
		if err != nil {
			return err
		}
		if len(problems) > 0 {
			return errors.New(strings.Join(problems, "\n"))
		}
		return nil
	}
	return fmt.Errorf("there is no command %q; say extract or check", args[0])
}

// moduleRoot returns the folder of go.mod, from the working folder upwards.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("there is no go.mod above the working folder")
		}
		dir = parent
	}
}

// outputs returns the files that the sources and the translations make, by
// their path.
func outputs(root string) (map[string][]byte, error) {
	found, err := collect(root)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, languagesDir)
	files := map[string][]byte{filepath.Join(dir, "tillside.pot"): template(found).write()}
	translations, err := filepath.Glob(filepath.Join(dir, "tillside-*.po"))
	if err != nil {
		return nil, err
	}
	for _, path := range translations {
		old, err := readCatalogue(path)
		if err != nil {
			return nil, err
		}
		merged := merge(old, found)
		files[path] = merged.write()
		base := strings.TrimSuffix(filepath.Base(path), ".po")
		files[filepath.Join(dir, base+".l10n.php")] = merged.php()
		for _, variant := range variants(base) {
			files[filepath.Join(dir, variant+".l10n.php")] = alias(base)
		}
		for _, script := range scripts(found) {
			texts, err := merged.json(script)
			if err != nil {
				return nil, err
			}
			for _, translation := range append(variants(base), base) {
				files[filepath.Join(dir, scriptFile(translation, script))] = texts
			}
		}
	}
	return files, nil
}

// variants returns the locales that WordPress would not find the translation
// for by itself. Our German says Sie, and says it in all three countries.
func variants(translation string) []string {
	if translation == "tillside-de_DE" {
		return []string{"tillside-de_DE_formal", "tillside-de_AT", "tillside-de_CH"}
	}
	return nil
}

// alias returns PHP that hands on a translation.
func alias(translation string) []byte {
	return []byte("<?php\nreturn require __DIR__ . '/" + translation + ".l10n.php';\n")
}

func extract(root string) error {
	files, err := outputs(root)
	if err != nil {
		return err
	}
	for path, content := range files {
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
			continue
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
		fmt.Println("wrote", path)
	}
	problems, err := check(root)
	for _, problem := range problems {
		fmt.Println(problem)
	}
	return err
}
