package api

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/api/operators"
	"github.com/perennial-loyalty/perennial/internal/api/programs"
	"github.com/perennial-loyalty/perennial/internal/api/redemptions"
	"github.com/perennial-loyalty/perennial/internal/api/reminders"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// spec is the document openapi.yaml, with which requests and answers are compared.
type spec struct{ doc *openapi3.T }

func loadSpec(t testing.TB) *spec {
	t.Helper()
	raw, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return parseSpec(t, raw)
}

func parseSpec(t testing.TB, raw []byte) *spec {
	t.Helper()
	openapi3filter.RegisterBodyDecoder("image/svg+xml", openapi3filter.PlainBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.PlainBodyDecoder)
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &spec{doc}
}

func (s *spec) operation(pattern string) (*openapi3.PathItem, *openapi3.Operation) {
	method, path, _ := strings.Cut(pattern, " ")
	item := s.doc.Paths.Value(path)
	if item == nil {
		return nil, nil
	}
	return item, item.GetOperation(method)
}

// codes returns the error codes that an operation lists, by status.
func codes(op *openapi3.Operation) map[int][]string {
	out := map[int][]string{}
	for status, ref := range op.Responses.Map() {
		n, _ := strconv.Atoi(status)
		for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(*ref.Value.Description, -1) {
			if _, ok := request.Catalogue[loyalty.Code(m[1])]; ok {
				out[n] = append(out[n], m[1])
			}
		}
	}
	return out
}

// check compares an answer with openapi.yaml, and also the request unless it was rejected.
func (s *spec) check(t testing.TB, r sentRequest, a answered, pattern string) {
	t.Helper()
	if detail, _ := lookup(a.json, "detail"); a.status == 404 {
		// A hint depends only on the form of the request and on the rewards of the caller's own program.
		bare := strings.TrimSuffix(detail.(string), request.UnprefixedHint)
		if bare != request.NotFoundDetail && !strings.HasPrefix(bare, "The program has no such reward.") {
			t.Errorf("%s %s describes the missing resource: %s", r.method, r.path, detail)
		}
	}
	item, op := s.operation(pattern)
	if op == nil {
		preflight := r.method == http.MethodOptions && (a.status == 204 || a.status == 403)
		if a.status != 404 && a.status != 405 && !preflight {
			t.Errorf("%s %s is no route, but answers %d", r.method, r.path, a.status)
		}
		return
	}
	if a.status >= 400 && !slices.Contains(codes(op)[a.status], a.code()) {
		t.Errorf("%s %s answers %d %s, which openapi.yaml does not list", r.method, r.path, a.status, a.code())
	}
	checkPointers(t, r, op, a)
	in := s.input(t, r, pattern, item, op)
	if a.status < 400 {
		if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
			t.Errorf("%s %s was taken, but is not what openapi.yaml says: %v", r.method, r.path, err)
		}
	}
	header := http.Header{}
	for name, value := range a.header {
		header.Set(name, value)
	}
	err := openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: a.status, Header: header,
		Body: io.NopCloser(bytes.NewReader(a.body)), Options: in.Options,
	})
	if err != nil {
		t.Errorf("%s %s: the answer %d %s is not what openapi.yaml says: %v", r.method, r.path, a.status, a.body, err)
	}
}

// checkPointers checks that each pointer of a problem document into the body names a field of the request's schema.
// Errors about unknown fields are exempt.
func checkPointers(t testing.TB, r sentRequest, op *openapi3.Operation, a answered) {
	t.Helper()
	var problem wire.Problem
	if a.status < 400 || op.RequestBody == nil || json.Unmarshal(a.body, &problem) != nil {
		return
	}
	schema := op.RequestBody.Value.Content["application/json"]
	for _, e := range problem.Errors {
		pointer, ok := strings.CutPrefix(e.Pointer, "/")
		if !ok || schema == nil || e.Code == string(request.UnknownField) {
			continue
		}
		if !names(schema.Schema, strings.Split(pointer, "/")) {
			t.Errorf(
				"%s %s: the error %s points to %s, which is no field of the request", r.method, r.path, e.Code,
				e.Pointer,
			)
		}
	}
}

// names reports whether the schema has the field that a pointer names.
func names(schema *openapi3.SchemaRef, pointer []string) bool {
	if schema == nil || len(pointer) == 0 {
		return schema != nil
	}
	s := schema.Value
	if s.Type.Is("array") {
		_, err := strconv.Atoi(pointer[0])
		return err == nil && names(s.Items, pointer[1:])
	}
	if next := s.Properties[pointer[0]]; next != nil {
		return names(next, pointer[1:])
	}
	return names(s.AdditionalProperties.Schema, pointer[1:])
}

func (s *spec) input(
	t testing.TB, r sentRequest, pattern string, item *openapi3.PathItem, op *openapi3.Operation,
) *openapi3filter.RequestValidationInput {
	t.Helper()
	req, err := http.NewRequest(r.method, "http://api.test"+r.path, bytes.NewReader(r.body))
	if err != nil { // Go's client cannot send it, but its answer must still match the document
		req, _ = http.NewRequest(r.method, "http://api.test/"+url.PathEscape(r.path), nil)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.method == http.MethodPost || r.method == http.MethodPut {
		req.Header.Set("Idempotency-Key", "key-of-some-request")
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	method, path, _ := strings.Cut(pattern, " ")
	params := map[string]string{}
	got := strings.Split(req.URL.EscapedPath(), "/")
	for i, seg := range strings.Split(path, "/") {
		if name, ok := strings.CutPrefix(seg, "{"); ok {
			params[strings.TrimSuffix(name, "}")], _ = url.PathUnescape(got[min(i, len(got)-1)])
		}
	}
	return &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, QueryParams: req.URL.Query(),
		Route: &routers.Route{Spec: s.doc, Path: path, PathItem: item, Method: method, Operation: op},
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true,
		},
	}
}

func TestTheDocumentIsValidOpenAPI(t *testing.T) {
	if err := loadSpec(t).doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestRoutesAreThoseOfTheDocument(t *testing.T) {
	s := loadSpec(t)
	seen := map[string]bool{}
	for _, r := range request.Routes() {
		_, op := s.operation(r.Pattern)
		if op == nil {
			t.Errorf("%s is a route, but not in openapi.yaml", r.Pattern)
			continue
		}
		seen[r.Pattern] = true
		if got := ruleOf(s, op); got != r.Rule {
			t.Errorf("%s has the rule %+v, openapi.yaml has %+v", r.Pattern, r.Rule, got)
		}
		keyed := slices.ContainsFunc(
			op.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.Name == "Idempotency-Key" },
		)
		if keyed != r.Keyed {
			t.Errorf("%s: Idempotency-Key is wanted: %v, openapi.yaml says %v", r.Pattern, r.Keyed, keyed)
		}
		if (op.RequestBody != nil) != (r.Body != request.NoBody) {
			t.Errorf("%s: one of the route and openapi.yaml has a body", r.Pattern)
		}
		var query []string
		for _, p := range op.Parameters {
			if p.Value.In == "query" {
				query = append(query, p.Value.Name)
			}
		}
		if !slices.Equal(query, r.Query) {
			t.Errorf("%s knows the query parameters %v, openapi.yaml has %v", r.Pattern, r.Query, query)
		}
	}
	for path, item := range s.doc.Paths.Map() {
		for method := range item.Operations() {
			if !seen[method+" "+path] {
				t.Errorf("%s %s is in openapi.yaml, but no route", method, path)
			}
		}
	}
}

// ruleOf returns the rule that the document states for an operation.
func ruleOf(s *spec, op *openapi3.Operation) auth.Rule {
	security := op.Security
	if security == nil {
		security = &s.doc.Security
	}
	var scope auth.Scope
	var roles []auth.Role
	for _, want := range *security {
		if _, ok := want["memberToken"]; ok {
			return auth.Members
		}
		for _, s := range want["apiKey"] {
			scope = auth.Scope(s)
		}
		for _, r := range want["operatorSession"] {
			roles = append(roles, auth.Role(r))
		}
	}
	if part, ok := op.Extensions["x-guest-access"].(string); ok {
		return auth.Guests(auth.GuestAccess(part))
	}
	if scope == "" && len(roles) == 0 {
		return auth.Public
	}
	return auth.Needs(scope, roles...)
}

func TestListedCodesHaveTheStatusTheyStandUnder(t *testing.T) {
	listed := map[loyalty.Code]bool{loyalty.NotFound: true, request.MethodNotAllowed: true}
	s := loadSpec(t)
	for _, r := range request.Routes() {
		_, op := s.operation(r.Pattern)
		for status, codes := range codes(op) {
			for _, code := range codes {
				listed[loyalty.Code(code)] = true
				if got := request.Catalogue[loyalty.Code(code)].Status; got != status {
					t.Errorf("%s lists %s under %d, but its status is %d", r.Pattern, code, status, got)
				}
			}
		}
	}
	for code := range request.Catalogue {
		if !listed[code] {
			t.Errorf("%s is in the catalogue, but no operation lists it", code)
		}
	}
}

// TestBodiesAreThoseOfTheDocument compares the JSON names of each body type, including nested types, with the
// properties of its schema.
func TestBodiesAreThoseOfTheDocument(t *testing.T) {
	bodies := map[string]any{
		"CreateMemberRequest": enrolBody{}, "ReferralCodeRequest": referralCodeBody{},
		"ReferralRequest":     referralCodeBody{},
		"UpdateMemberRequest": memberBody{}, "ConsentRequest": consentBody{},
		"AdjustmentRequest": adjustmentBody{}, "ExtensionRequest": extensionBody{},
		"ReinstatementRequest": reinstatementBody{},
		"TierRequest":          tierBody{}, "HouseholdRequest": foundBody{}, "InvitationRequest": invitationBody{},
		"HouseholdMemberRequest": housemateBody{},
		"MemberStatusRequest":    statusBody{},
		"OrderRequest":           request.OrderBody{}, "QuoteRequest": request.BasketBody{},
		"LineItem": request.LineBody{},
		"Tender":   request.TenderBody{},
		"Refund":   request.RefundBody{}, "RefundLineItem": request.RefundLineBody{}, "Dispute": request.DisputeBody{},
		"EventRequest":         request.EventBody{},
		"RedemptionRequest":    redemptions.RedemptionBody{},
		"OwnRedemptionRequest": redemptions.DesiredBody{},
		"EnrollSelfRequest":    enrollSelfBody{}, "UpdateSelfRequest": selfBody{},
		"OrderTotal": redemptions.TotalBody{}, "Address": redemptions.AddressBody{},
		"CommitRequest":  redemptions.CommitBody{},
		"ReverseRequest": redemptions.ReverseBody{}, "Refunded": redemptions.RefundedBody{},
		"FulfillmentRequest":     redemptions.FulfillmentBody{},
		"GiftCardMessageRequest": redemptions.SendBody{},
		"WaitlistRequest":        redemptions.WaitBody{}, "CodesRequest": request.CodesBody{},
		"CodeUseRequest":         redemptions.CodeUseBody{},
		"CodeUseReversalRequest": redemptions.UseReversalBody{},
		"TransferRequest":        redemptions.TransferBody{}, "ConversionRequest": redemptions.ConversionBody{},
		"ConversionReversalRequest": redemptions.UndoBody{},
		"OperatorRequest":           operators.CreateBody{}, "UpdateOperatorRequest": operators.UpdateBody{},
		"SignInRequest": operators.SignInBody{}, "SessionRequest": operators.SessionBody{},
		"DraftRequest": programs.DraftBody{}, "ValidationRequest": programs.ValidateBody{},
		"PublishRequest":         programs.PublishBody{},
		"RollbackRequest":        programs.RollbackBody{},
		"SwitchesRequest":        programs.SwitchesBody{},
		"ReminderPreviewRequest": reminders.PreviewBody{}, "ReminderTestRequest": reminders.TestBody{},
	}
	wanted := asked(loadSpec(t))
	for name, schema := range wanted {
		body, ok := bodies[name]
		if !ok {
			t.Errorf("%s is asked for, but what it is decoded from is not compared with it", name)
			continue
		}
		got, want := jsonNames(body), slices.Sorted(maps.Keys(schema.Properties))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s is decoded from %v, openapi.yaml has %v", name, got, want)
		}
	}
	for name := range bodies {
		if wanted[name] == nil {
			t.Errorf("no operation uses %s", name)
		}
	}
}

// asked returns the object schemas that requests use, by name.
func asked(s *spec) map[string]*openapi3.Schema {
	found := map[string]*openapi3.Schema{}
	var look func(*openapi3.SchemaRef)
	look = func(ref *openapi3.SchemaRef) {
		if ref == nil {
			return
		}
		if name, named := strings.CutPrefix(ref.Ref, "#/components/schemas/"); named && len(ref.Value.Properties) > 0 {
			found[name] = ref.Value
		}
		look(ref.Value.Items)
		for _, p := range ref.Value.Properties {
			look(p)
		}
	}
	for _, item := range s.doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			for _, content := range op.RequestBody.Value.Content {
				look(content.Schema)
			}
		}
	}
	return found
}

func TestSchemasAreClosedAndDescribed(t *testing.T) {
	for name, ref := range loadSpec(t).doc.Components.Schemas {
		schema := ref.Value
		if name == "Text" {
			continue // has a property for each language
		}
		if len(schema.Enum) > 0 {
			continue // an enumeration
		}
		if schema.AdditionalProperties.Has == nil || *schema.AdditionalProperties.Has {
			t.Errorf("%s is not closed", name)
		}
		for property, p := range schema.Properties {
			if p.Value.Description == "" && p.Ref == "" {
				t.Errorf("%s.%s is not described", name, property)
			}
		}
	}
}

// TestEachEndOfAReservationListsTheRejectionOfAnExpiredOne checks the documented codes for an expired reservation:
// commit is rejected with 422, cancel with 409. The script redemptions.txt shows both.
func TestEachEndOfAReservationListsTheRejectionOfAnExpiredOne(t *testing.T) {
	s := loadSpec(t)
	for end, want := range map[string]int{"commit": http.StatusUnprocessableEntity, "cancel": http.StatusConflict} {
		_, op := s.operation("POST /v1/redemptions/{redemption}/" + end)
		if late := slices.Contains(
			codes(op)[http.StatusUnprocessableEntity], string(loyalty.AlreadyExpired),
		); late != (want == http.StatusUnprocessableEntity) {
			t.Errorf("%s: expired is listed: %t", end, late)
		}
	}
}
