package cost

import _ "embed" // for embedding the price files

// Prices contains AWS's list prices in dollars.
type Prices struct {
	Date   string `json:"date"` // the day on which the prices were collected
	Region string `json:"region"`
	Note   string `json:"note"`

	APIMillion       float64 `json:"api_million_requests"`
	LambdaMillion    float64 `json:"lambda_million_requests"`
	GBSecond         float64 `json:"lambda_gb_second_arm64"`
	WriteMillion     float64 `json:"dynamodb_million_write_units"`
	ReadMillion      float64 `json:"dynamodb_million_read_units"`
	StorageGB        float64 `json:"dynamodb_gb_month"`
	BackupGB         float64 `json:"dynamodb_backup_gb_month"` // price of point-in-time recovery
	SQSMillion       float64 `json:"sqs_million_requests"`
	SchedulerMillion float64 `json:"scheduler_million_invocations"`
	LogGB            float64 `json:"log_gb_ingested"`
	AlarmMetric      float64 `json:"alarm_metric_month"`
	TraceMillion     float64 `json:"xray_million_traces"`
	Secret           float64 `json:"secret_month"`
	KMSKey           float64 `json:"kms_key_month"`
	Emails           float64 `json:"thousand_emails"`
}

// A Measurement contains the measured durations of requests, and the method of the measurement.
type Measurement struct {
	Date         string             `json:"date"`
	How          string             `json:"how"`
	Machine      string             `json:"machine"`
	Milliseconds map[string]float64 `json:"milliseconds"` // durations by the ID of a Usage
}

// Assumptions contains properties of AWS and of the template that no test of this repository can measure.
type Assumptions struct {
	MemoryGB float64 `json:"memory_gb"` // memory of each function
	ReadMS   float64 `json:"read_ms"`   // duration of a step that reads from DynamoDB
	WriteMS  float64 `json:"write_ms"`  // duration of a step that writes
	// ScheduledMS is the time per member in a worker, which processes several members at once.
	ScheduledMS float64  `json:"scheduled_member_ms"`
	TraceShare  float64  `json:"trace_share"` // the share of requests that X-Ray samples
	RelayMS     float64  `json:"relay_ms"`    // duration of an invocation of the function relay
	AccessLog   string   `json:"access_log"`  // a line of the API's access log
	LambdaLogs  []string `json:"lambda_logs"` // the lines that Lambda adds for each invocation

	// EntryBytes is the size of a ledger entry, including its index entry and DynamoDB's overhead.
	EntryBytes   float64 `json:"entry_bytes"`
	AccountBytes float64 `json:"account_bytes"` // size of a member's account and profile, with the same overhead

	// Polls is the number of requests per month with which Lambda checks one queue for messages.
	Polls        float64 `json:"polls_per_queue_month"`
	AlarmMetrics int     `json:"alarm_metrics"`
	Secrets      int     `json:"secrets"`
	Queues       int     `json:"queues_polled"`
	Schedules    int     `json:"schedules_per_hour"`
}

//go:embed prices.json
var pricesFile []byte

//go:embed measured.json
var measuredFile []byte

//go:embed assumptions.json
var assumptionsFile []byte

// ListPrices returns the prices of the repository's price list.
func ListPrices() (p Prices) {
	read("prices.json", pricesFile, &p)
	return p
}

// Measured returns the measured durations.
func Measured() (m Measurement) {
	read("measured.json", measuredFile, &m)
	return m
}

// Assumed returns the assumptions.
func Assumed() (a Assumptions) {
	read("assumptions.json", assumptionsFile, &a)
	return a
}
