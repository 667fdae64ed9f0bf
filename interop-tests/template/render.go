// Renders each template of a JSON list on stdin with text/template, and writes the outcomes as a JSON list.
package main

import (
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

type job struct {
	Template string `json:"template"`
	Data     any    `json:"data"`
}

type outcome struct {
	Text  *string `json:"text,omitempty"`
	Error string  `json:"error,omitempty"`
}

func main() {
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber()
	var jobs []job
	if err := decoder.Decode(&jobs); err != nil {
		panic(err)
	}
	outcomes := make([]outcome, len(jobs))
	for i, each := range jobs {
		text, err := render(each.Template, typed(each.Data))
		if err != nil {
			outcomes[i] = outcome{Error: err.Error()}
		} else {
			outcomes[i] = outcome{Text: &text}
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcomes); err != nil {
		panic(err)
	}
}

func render(text string, data any) (string, error) {
	parsed, err := template.New("text").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = parsed.Execute(&out, data)
	return out.String(), err
}

// As a YAML reader would have it: whole numbers are ints.
func typed(value any) any {
	switch value := value.(type) {
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return int(whole)
		}
		fraction, _ := value.Float64()
		return fraction
	case []any:
		for i, item := range value {
			value[i] = typed(item)
		}
	case map[string]any:
		for key, item := range value {
			value[key] = typed(item)
		}
	}
	return value
}
