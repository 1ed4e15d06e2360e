package alarms

import (
	"bytes"
	"fmt"
	"strings"
	"text/template"
)

const (
	begin = "  # The alarms and the dashboard are generated from the list in infra/alarms: run `make generate`.\n"
	end   = "  # End of the generated part.\n"
)

// Update returns the template with a new generated part. It returns an error if the template has no generated part.
func Update(source []byte) ([]byte, error) {
	before, rest, ok := bytes.Cut(source, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		return nil, fmt.Errorf(
			"alarms: the template has no lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end),
		)
	}
	var out bytes.Buffer
	out.Write(before)
	out.WriteString(begin)
	for _, a := range List() {
		if err := resource.Execute(&out, a); err != nil {
			return nil, fmt.Errorf("alarms: %s: %w", a.ID, err)
		}
	}
	if err := writeDashboard(&out); err != nil {
		return nil, err
	}
	out.WriteString(end)
	out.Write(after)
	return out.Bytes(), nil
}

// Notifies reports whether the alarm sends a notification when it is raised. An alarm for the release of one function
// sends none, because the alarm FunctionErrors does.
func (a Alarm) Notifies() bool { return a.Release == None || a.Release == Every }

var resource = template.Must(template.New("alarm").Funcs(template.FuncMap{
	"dimensions": dimensions, "percentile": percentile,
}).Parse(`  {{.ID}}:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmDescription: "{{.Description}} See {{.Section}} in infra/runbook.md."
{{- if .Notifies}}
      AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]
{{- end}}
      ComparisonOperator: GreaterThanThreshold
      Threshold: {{.Threshold}}
      EvaluationPeriods: {{.Periods}}
      TreatMissingData: {{.Missing}}
{{- if .Expression}}{{$period := .Period}}
      Metrics:
        - { Id: value, Expression: "{{.Expression}}", Label: "{{.Unit}}" }
{{- range $i, $m := .Metrics}}
        - Id: m{{$i}}
          ReturnData: false
          MetricStat:
            Metric: { Namespace: {{$m.Namespace}}, MetricName: {{$m.Name}}, Dimensions: {{dimensions $m}} }
            Period: {{$period}}
            Stat: {{$m.Statistic}}
{{- end}}
{{- else}}{{with index .Metrics 0}}
      Namespace: {{.Namespace}}
      MetricName: {{.Name}}
      Dimensions: {{dimensions .}}
      {{if percentile .}}ExtendedStatistic{{else}}Statistic{{end}}: {{.Statistic}}
{{- end}}
      Period: {{.Period}}
{{- end}}
`))

// dimensions returns the dimensions of a metric as a YAML list.
func dimensions(m Metric) string {
	var list []string
	for _, d := range m.Dimensions {
		value := d.Value
		if strings.Contains(value, "${") {
			value = `!Sub "` + value + `"`
		}
		list = append(list, fmt.Sprintf("{ Name: %s, Value: %s }", d.Name, value))
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func percentile(m Metric) bool { return strings.HasPrefix(m.Statistic, "p") }
