package alarms

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// A widget is a chart of the dashboard:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type widget struct {
	Type       string     `json:"type"`
	X          int        `json:"x"`
	Y          int        `json:"y"`
	Width      int        `json:"width"`
	Height     int        `json:"height"`
	Properties properties `json:"properties"`
}

type properties struct {
	Title       string      `json:"title"`
	View        string      `json:"view"`
	Region      string      `json:"region"`
	Period      int         `json:"period"`
	YAxis       axes        `json:"yAxis"`
	Annotations annotations `json:"annotations"`
	Metrics     [][]any     `json:"metrics"`
}

type axes struct {
	Left axis `json:"left"`
}

type axis struct {
	Min   int    `json:"min"`
	Label string `json:"label"`
}

type annotations struct {
	Horizontal []threshold `json:"horizontal"`
}

type threshold struct {
	Label string `json:"label"`
	Value int    `json:"value"`
}

const columns, width, height = 3, 8, 6 // a dashboard is 24 units wide

// widgets returns one chart for each section, in the order of the list of alarms.
func widgets() []widget {
	var charts []widget
	index := map[string]int{}
	for _, a := range List() {
		i, ok := index[a.Section]
		if !ok {
			i = len(charts)
			index[a.Section] = i
			charts = append(charts, chart(i, a))
		}
		metrics := &charts[i].Properties.Metrics
		if a.Expression != "" {
			*metrics = append(
				*metrics, []any{map[string]string{"expression": a.Expression, "label": a.ID, "id": "value"}},
			)
		}
		for n, m := range a.Metrics {
			id := ""
			if a.Expression != "" {
				id = fmt.Sprintf("m%d", n)
			}
			*metrics = append(*metrics, m.line(id))
		}
		for _, m := range a.Related {
			*metrics = append(*metrics, m.line(""))
		}
	}
	return charts
}

// chart returns a chart without metrics for the section of an alarm. Its position on the dashboard is i.
func chart(i int, a Alarm) widget {
	return widget{
		Type: "metric", X: i % columns * width, Y: i / columns * height, Width: width, Height: height,
		Properties: properties{
			Title: a.Section, View: "timeSeries", Region: "${AWS::Region}", Period: a.Period,
			YAxis:       axes{axis{0, a.Unit}},
			Annotations: annotations{[]threshold{{"alarm", a.Threshold}}},
		},
	}
}

// line returns a metric in the format of a chart: an array with the namespace, the name and the dimensions, followed by
// the options.
func (m Metric) line(id string) []any {
	line := []any{m.Namespace, m.Name}
	for _, d := range m.Dimensions {
		line = append(line, d.Name, d.Value)
	}
	options := map[string]string{"stat": m.Statistic}
	if id != "" {
		options["id"] = id
	}
	return append(line, options)
}

// writeDashboard writes the dashboard as a resource of the template.
func writeDashboard(out *bytes.Buffer) error {
	out.WriteString(`  Dashboard:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardName: !Sub "${AWS::StackName}-${AWS::Region}" # dashboards belong to the account, not to a region
      DashboardBody: !Sub |
`)
	// The output has one line for each chart and for each metric of a chart.
	breaks := strings.NewReplacer(`"metrics":[[`, "\"metrics\":[\n          [", `}],[`, "}],\n          [")
	separator := ""
	out.WriteString("        {\"widgets\": [")
	for _, w := range widgets() {
		text, err := json.Marshal(w)
		if err != nil {
			return fmt.Errorf("alarms: the dashboard: %w", err)
		}
		fmt.Fprintf(out, "%s\n        %s", separator, breaks.Replace(string(text)))
		separator = ","
	}
	out.WriteString("\n        ]}\n")
	return nil
}
