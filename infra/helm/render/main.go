// Renders the templates of a chart as `helm template` does, with Go's standard library alone: what the specs of the chart use
// where helm is not installed, because it is built in two seconds. It knows the functions that the chart uses; any other one
// is an error, so that nothing is rendered differently in silence. A spec compares its output with helm's where helm is there.
//
//	go run . <chart> < {"Values": …, "Release": …, "Chart": …}
//
// Prints a JSON object: path of the template → text.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"text/template"
)

func main() {
	out, err := render(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(toJSON(out))
}

func render(chart string) (map[string]string, error) {
	var context map[string]any
	// Numbers as they are written: 4100, not 4.1e+03.
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber()
	if err := decoder.Decode(&context); err != nil {
		return nil, err
	}
	root := template.New("").Option("missingkey=zero")
	root.Funcs(functions(root))
	paths, err := filepath.Glob(filepath.Join(chart, "templates", "*.*"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if _, err := root.New(filepath.Base(path)).Parse(string(text)); err != nil {
			return nil, err
		}
	}
	out := map[string]string{}
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "_") {
			continue
		}
		var text bytes.Buffer
		if err := root.ExecuteTemplate(&text, name, context); err != nil {
			return nil, err
		}
		out[name] = strings.ReplaceAll(text.String(), "<no value>", "")
	}
	return out, nil
}

func functions(root *template.Template) template.FuncMap {
	return template.FuncMap{
		"include": func(name string, data any) (string, error) {
			var text bytes.Buffer
			err := root.ExecuteTemplate(&text, name, data)
			return text.String(), err
		},
		"required": func(message string, value any) (any, error) {
			if empty(value) {
				return nil, fmt.Errorf("%s", message)
			}
			return value, nil
		},
		"default": func(otherwise, value any) any {
			if empty(value) {
				return otherwise
			}
			return value
		},
		"quote":      func(value any) string { return fmt.Sprintf("%q", fmt.Sprint(value)) },
		"upper":      strings.ToUpper,
		"contains":   func(part, text string) bool { return strings.Contains(text, part) },
		"trunc":      func(length int, text string) string { return text[:min(length, len(text))] },
		"trimSuffix": func(suffix, text string) string { return strings.TrimSuffix(text, suffix) },
		"splitList":  func(separator, text string) []any { return list(strings.Split(text, separator)) },
		"indent":     indent,
		"nindent":    func(width int, text string) string { return "\n" + indent(width, text) },
		"toYaml":     toYAML,
		"toJson":     toJSON,
		"sha256sum":  func(text string) string { sum := sha256.Sum256([]byte(text)); return hex.EncodeToString(sum[:]) },
		"list":       func(items ...any) []any { return items },
		"append":     func(items []any, item any) []any { return append(append([]any{}, items...), item) },
		"has":        func(item any, items []any) bool { return contains(items, item) },
		"compact":    compact,
		"dict":       dict,
		"get":        func(from map[string]any, key string) any { return from[key] },
	}
}

func empty(value any) bool {
	return value == nil || reflect.ValueOf(value).IsZero()
}

func indent(width int, text string) string {
	margin := strings.Repeat(" ", width)
	return margin + strings.ReplaceAll(text, "\n", "\n"+margin)
}

func toJSON(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(true)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// In block style, keys in order, as helm does; a scalar is written as JSON, which YAML reads alike.
func toYAML(value any) string {
	var lines []string
	switch value := value.(type) {
	case map[string]any:
		for _, key := range sortedKeys(value) {
			lines = append(lines, beneath(toJSON(key)+":", value[key]))
		}
	case []any:
		for _, item := range value {
			lines = append(lines, "- "+strings.TrimLeft(indent(2, toYAML(item)), " "))
		}
	}
	if len(lines) == 0 {
		return toJSON(value)
	}
	return strings.Join(lines, "\n")
}

func beneath(key string, value any) string {
	text := toYAML(value)
	if isBlock(value) {
		return key + "\n" + indent(2, text)
	}
	return key + " " + text
}

func isBlock(value any) bool {
	kind := reflect.ValueOf(value).Kind()
	return (kind == reflect.Map || kind == reflect.Slice) && reflect.ValueOf(value).Len() > 0
}

func sortedKeys(from map[string]any) []string {
	keys := make([]string, 0, len(from))
	for key := range from {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func list(texts []string) []any {
	items := make([]any, len(texts))
	for at, text := range texts {
		items[at] = text
	}
	return items
}

func contains(items []any, item any) bool {
	for _, one := range items {
		if reflect.DeepEqual(one, item) {
			return true
		}
	}
	return false
}

func compact(items []any) []any {
	full := []any{}
	for _, item := range items {
		if !empty(item) {
			full = append(full, item)
		}
	}
	return full
}

func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict needs pairs")
	}
	made := map[string]any{}
	for at := 0; at < len(pairs); at += 2 {
		made[fmt.Sprint(pairs[at])] = pairs[at+1]
	}
	return made, nil
}
