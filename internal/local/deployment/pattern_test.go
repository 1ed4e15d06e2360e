package deployment

import (
	"encoding/json"
	"testing"
)

func TestPatternsMatchLikeEventBridge(t *testing.T) {
	const record = `{"eventName":"INSERT","dynamodb":{"Keys":{"sk":{"S":"000001"}},"NewImage":{"v":{"N":"1"}}},` +
		`"tags":["a","b"]}`
	for pattern, want := range map[string]bool{
		`{"eventName":["INSERT"],"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"0"}]}}}}`: true,
		`{"eventName":["REMOVE","INSERT"]}`:                                          true,
		`{"eventName":["REMOVE"]}`:                                                   false,
		`{"eventName":["INSERT"],"source":["aws.ses"]}`:                              false,
		`{"dynamodb":{"Keys":{"sk":{"S":[{"prefix":"1"}]}}}}`:                        false,
		`{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":""}]}}}}`:                         false,
		`{"eventName":{"S":["INSERT"]}}`:                                             false,
		`{"tags":["b"]}`:                                                             true,
		`{"tags":["c"]}`:                                                             false,
		`{"tags":[{"prefix":"a"}]}`:                                                  true,
	} {
		matches, err := parsePattern([]byte(pattern))
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		var event any
		if err := json.Unmarshal([]byte(record), &event); err != nil {
			t.Fatal(err)
		}
		if got := matches(event); got != want {
			t.Errorf("%s matches: %v", pattern, got)
		}
	}
}

func TestUnknownPatternsAreRejected(t *testing.T) {
	for _, pattern := range []string{
		``, `[]`, `{}`, `{"a":"b"}`, `{"a":{"b":[{"suffix":"x"}]}}`, `{"a":[{"prefix":1}]}`,
		`{"a":[{"prefix":"x","exists":true}]}`,
	} {
		if _, err := parsePattern([]byte(pattern)); err == nil {
			t.Errorf("%s was accepted", pattern)
		}
	}
}
