// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// planted is the value of an environment variable, which nothing may tell.
const planted = "planted-value"

func performerJSON(name, spec string) string {
	return fmt.Sprintf(`{"apiVersion":"hourglass.eigenlayer.io/v1alpha1","kind":"Performer","metadata":{"name":%q,"namespace":"ns","uid":"u"},"spec":%s}`, name, spec)
}

const (
	kind   = `"kind":{"group":"hourglass.eigenlayer.io","version":"v1alpha1","kind":"Performer"}`
	good   = `{"avsAddress":"0x0123456789abcdef0123456789abcdef01234567","image":"repo:1","config":{"environment":{"A":"` + planted + `"}}}`
	bad    = `{"avsAddress":"0x0123456789abcdef0123456789abcdef01234567","image":"Repo:1","podLabels":{"no key":"x"},"config":{"environment":{"A":"` + planted + `"}}}`
	worse  = `{"avsAddress":"0x0123456789abcdef0123456789abcdef01234567","image":"Repo:1","podLabels":{"no key":"x"},"volumeMounts":[{"name":"v","mountPath":"/v"}]}`
	shabby = `{"avsAddress":"x","image":"repo"}`

	unreadable = `{"avsAddress":"0x0123456789abcdef0123456789abcdef01234567","image":"repo:1","resources":{"limits":{"cpu":"1e1.5"}}}`
)

// mounting is a spec with mounts of the volumes, of which there are none.
func mounting(volumes ...string) string {
	mounts := make([]string, len(volumes))
	for i, volume := range volumes {
		mounts[i] = fmt.Sprintf(`{"name":%q,"mountPath":"/%d"}`, volume, i)
	}
	return strings.TrimSuffix(good, "}") + `,"volumeMounts":[` + strings.Join(mounts, ",") + `]}`
}

func review(request string) string {
	return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1",` + request + `}}`
}

func create(object string) string {
	return review(kind + `,"operation":"CREATE","name":"x","namespace":"ns","object":` + object)
}

func update(object, oldObject string) string {
	return review(kind + `,"operation":"UPDATE","name":"x","namespace":"ns","object":` + object + `,"oldObject":` + oldObject)
}

// seen is what a handler tells metrics.
type seen []string

func newTestHandler(s performer.Settings, served *seen) *Handler {
	if s.TEEs == nil {
		s.TEEs = render.DefaultTEEs()
	}
	return NewHandler(Config{Settings: s, Logger: klog.Background(), Served: func(operation, result string, _ float64) {
		if served != nil {
			*served = append(*served, operation+" "+result)
		}
	}})
}

func post(h http.Handler, path, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	return recorder
}

func answerOf(t *testing.T, recorder *httptest.ResponseRecorder) *admissionv1.AdmissionResponse {
	t.Helper()
	if recorder.Code != http.StatusOK {
		t.Fatalf("status %d: %s", recorder.Code, recorder.Body)
	}
	if strings.Contains(recorder.Body.String(), planted) {
		t.Errorf("the answer tells an environment: %s", recorder.Body)
	}
	answer := &admissionv1.AdmissionReview{}
	if err := json.Unmarshal(recorder.Body.Bytes(), answer); err != nil {
		t.Fatal(err)
	}
	if answer.APIVersion != "admission.k8s.io/v1" || answer.Kind != "AdmissionReview" || answer.Response == nil || answer.Response.UID != "1" {
		t.Fatalf("no answer to the request: %s", recorder.Body)
	}
	return answer.Response
}

func TestValidate(t *testing.T) {
	dying := strings.Replace(performerJSON("x", worse), `"uid":"u"`, `"uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z"`, 1)
	for _, tt := range []struct {
		name, body string
		denied     []string // parts of the refusal; none: allowed
		warnings   []string
	}{
		{"good", create(performerJSON("x", good)), nil, nil},
		{"two mistakes", create(performerJSON("x", bad)), []string{"spec.image is", "Repo:1", "spec.podLabels has the key"}, nil},
		{"a name that can't be", create(performerJSON("with.dot", good)), []string{"metadata.name has a dot"}, nil},
		{"warnings", create(performerJSON("x", shabby)), nil, []string{"spec.avsAddress", "no tag"}},
		{"a change for the better", update(performerJSON("x", good), performerJSON("x", bad)), nil, nil},
		{"a change for the worse", update(performerJSON("x", bad), performerJSON("x", good)), []string{"spec.image", "spec.podLabels"}, nil},
		{"a mistake more", update(performerJSON("x", worse), performerJSON("x", bad)), []string{"spec.volumeMounts[0].name"}, nil},
		{"the same mistakes", update(performerJSON("x", bad), performerJSON("x", strings.Replace(bad, planted, "x", 1))), nil, nil},
		{"one before it in its list", update(performerJSON("x", mounting("new", "old")), performerJSON("x", mounting("old"))), []string{"spec.volumeMounts[0].name"}, nil},
		{"an old mistake that has moved", update(performerJSON("x", mounting("b", "a")), performerJSON("x", mounting("a", "b"))), nil, nil},
		{"the same mistake once more", update(performerJSON("x", mounting("a", "a")), performerJSON("x", mounting("a"))), []string{"spec.volumeMounts[1].name"}, nil},
		{"what could not be read, mended", update(performerJSON("x", good), performerJSON("x", unreadable)), nil, nil},
		{"what could not be read, mended badly", update(performerJSON("x", bad), performerJSON("x", unreadable)), []string{"spec.image"}, nil},
		{"another port", update(performerJSON("x", strings.Replace(good, `"config":{`, `"config":{"grpcPort":1,`, 1)), performerJSON("x", good)), nil, []string{"from 9090 to 1"}},
		{"metadata alone", update(performerJSON("x", shabby), performerJSON("x", shabby)), nil, nil},
		{"on its way out", update(dying, performerJSON("x", good)), nil, nil},
		{"the status", review(kind + `,"subResource":"status","operation":"UPDATE"`), nil, nil},
		{"a deletion", review(kind + `,"operation":"DELETE","oldObject":` + performerJSON("x", bad)), nil, nil},

		{"another kind", review(`"kind":{"group":"","version":"v1","kind":"Pod"},"operation":"CREATE","object":{}`), []string{"not Pod", "correct the rules"}, nil},
		{"another version", review(`"kind":{"group":"hourglass.eigenlayer.io","version":"v9","kind":"Performer"},"operation":"CREATE","object":{}`), []string{"not v9"}, nil},
		{"no object", review(kind + `,"operation":"CREATE"`), []string{"object is missing"}, nil},
		{"no old object", review(kind + `,"operation":"UPDATE","object":` + performerJSON("x", good)), []string{"oldObject is missing"}, nil},
		{"another kind of object", create(`{"apiVersion":"v1","kind":"Pod"}`), []string{"is a Pod of v1"}, nil},
		{"an object that is none", create(`7`), []string{"object is not a valid Performer"}, nil},
		{"a field of another type", create(performerJSON("x", `{"image":7}`)), []string{"object is not a valid Performer: spec.image is a number"}, nil},
		{"a quantity that is none", create(performerJSON("x", `{"resources":{"limits":{"cpu":"`+planted+`"}}}`)), []string{"object is not a valid Performer"}, nil},
		{"two Performers", update(performerJSON("x", good), performerJSON("y", good)), []string{"not the same Performer"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var served seen
			answer := answerOf(t, post(newTestHandler(performer.Settings{}, &served), ValidatePath, tt.body))
			want := "validate allowed"
			if len(tt.denied) > 0 {
				want = "validate denied"
			}
			if answer.Allowed != (len(tt.denied) == 0) || !slices.Equal(served, seen{want}) {
				t.Fatalf("allowed %v: %+v; counted as %q", answer.Allowed, answer.Result, served)
			}
			for _, part := range tt.denied {
				if !strings.Contains(answer.Result.Message, part) {
					t.Errorf("the refusal lacks %q: %s", part, answer.Result.Message)
				}
			}
			if !answer.Allowed && (answer.Result.Code < 400 || answer.Result.Code > 499) {
				t.Errorf("code %d", answer.Result.Code)
			}
			if len(answer.Warnings) != len(tt.warnings) {
				t.Fatalf("warnings %q, want %q", answer.Warnings, tt.warnings)
			}
			for i, part := range tt.warnings {
				if !strings.Contains(answer.Warnings[i], part) {
					t.Errorf("the warning lacks %q: %s", part, answer.Warnings[i])
				}
			}
			if len(answer.Patch) > 0 {
				t.Errorf("a validation changes the object: %s", answer.Patch)
			}
		})
	}
}

func TestMutate(t *testing.T) {
	whole := strings.Replace(performerJSON("x", bad), `"uid":"u"`, `"uid":"u","finalizers":["hourglass.eigenlayer.io/performer-finalizer"],`+
		`"labels":{"app.kubernetes.io/name":"mine","app.kubernetes.io/instance":"x","app.kubernetes.io/part-of":"hourglass"}`, 1)
	for _, tt := range []struct {
		name, body string
		settings   performer.Settings
		patch      []string // operations; none: no patch
	}{
		// That it is bad is for the other webhook to say.
		{"bare", create(performerJSON("x", bad)), performer.Settings{}, []string{"add /metadata/labels", "add /metadata/finalizers"}},
		{"without finalizers", create(performerJSON("x", good)), performer.Settings{WithoutFinalizer: true}, []string{"add /metadata/labels"}},
		{"all there", create(whole), performer.Settings{}, nil},
		{"an edit", update(performerJSON("x", good), performerJSON("x", shabby)), performer.Settings{}, nil},
		{"a deletion", review(kind + `,"operation":"DELETE","oldObject":` + performerJSON("x", bad)), performer.Settings{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := answerOf(t, post(newTestHandler(tt.settings, nil), MutatePath, tt.body))
			if !answer.Allowed {
				t.Fatalf("refused: %+v", answer.Result)
			}
			var operations []struct{ Op, Path string }
			if len(answer.Patch) > 0 {
				if answer.PatchType == nil || *answer.PatchType != admissionv1.PatchTypeJSONPatch {
					t.Errorf("type of the patch: %v", answer.PatchType)
				}
				if err := json.Unmarshal(answer.Patch, &operations); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, o := range operations {
				got = append(got, o.Op+" "+o.Path)
			}
			if !slices.Equal(got, tt.patch) {
				t.Errorf("got %q, want %q", got, tt.patch)
			}
		})
	}
	answer := answerOf(t, post(newTestHandler(performer.Settings{}, nil), MutatePath, create(`{"apiVersion":"v1","kind":"Pod"}`)))
	if answer.Allowed {
		t.Error("a Pod is taken for a Performer")
	}
}

func TestWhatIsNoReview(t *testing.T) {
	var served seen
	h := newTestHandler(performer.Settings{}, &served)
	deep := strings.Repeat(`[`, 20000)
	for _, tt := range []struct {
		name, method, path, media, body string
		status                          int
		want                            string
	}{
		{"a look", http.MethodGet, ValidatePath, "application/json", "", http.StatusMethodNotAllowed, "POST"},
		{"a form", http.MethodPost, ValidatePath, "application/x-www-form-urlencoded", "a=b", http.StatusUnsupportedMediaType, "application/json"},
		{"no type", http.MethodPost, ValidatePath, "", "{}", http.StatusUnsupportedMediaType, "application/json"},
		{"nothing", http.MethodPost, ValidatePath, "application/json", "", http.StatusBadRequest, "no AdmissionReview"},
		{"no JSON", http.MethodPost, MutatePath, "application/json", planted, http.StatusBadRequest, "no AdmissionReview"},
		{"truncated", http.MethodPost, ValidatePath, "application/json; charset=utf-8", create(performerJSON("x", good))[:200], http.StatusBadRequest, "no AdmissionReview"},
		{"deep", http.MethodPost, ValidatePath, "application/json", deep, http.StatusBadRequest, "no AdmissionReview"},
		{"no request", http.MethodPost, ValidatePath, "application/json", `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}`, http.StatusBadRequest, "has no request"},
		{"no uid", http.MethodPost, ValidatePath, "application/json", `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}}`, http.StatusBadRequest, "has no uid"},
		{"an earlier version", http.MethodPost, ValidatePath, "application/json", strings.Replace(create("{}"), "k8s.io/v1", "k8s.io/v1beta1", 1), http.StatusBadRequest, "of admission.k8s.io/v1"},
		{"10 MB", http.MethodPost, ValidatePath, "application/json", strings.Repeat(" ", 10<<20), http.StatusRequestEntityTooLarge, "at most 4194304 bytes"},
		{"another path", http.MethodPost, "/", "application/json", "{}", http.StatusNotFound, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			served = nil
			request := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
			if tt.media != "" {
				request.Header.Set("Content-Type", tt.media)
			}
			recorder := httptest.NewRecorder()
			h.ServeHTTP(recorder, request)
			if recorder.Code != tt.status || !strings.Contains(recorder.Body.String(), tt.want) {
				t.Errorf("got %d %s, want %d %s", recorder.Code, recorder.Body, tt.status, tt.want)
			}
			if strings.Contains(recorder.Body.String(), planted) {
				t.Errorf("the answer quotes the request: %s", recorder.Body)
			}
			if tt.status != http.StatusNotFound && (len(served) != 1 || !strings.HasSuffix(served[0], " error")) {
				t.Errorf("counted as %q", served)
			}
		})
	}
}

// TestBodyOfUnknownLength sends too much without saying so beforehand.
func TestBodyOfUnknownLength(t *testing.T) {
	request := httptest.NewRequest(http.MethodPost, ValidatePath, strings.NewReader(strings.Repeat(" ", maxBody+1)))
	request.Header.Set("Content-Type", "application/json")
	request.ContentLength = -1
	recorder := httptest.NewRecorder()
	newTestHandler(performer.Settings{}, nil).ServeHTTP(recorder, request)
	if recorder.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", recorder.Code)
	}
}

// TestSlowClientsDoNotBarOthers has clients that begin a request and never end it take all turns: a further
// one is told to try again, and is served when the slow ones have gone.
func TestSlowClientsDoNotBarOthers(t *testing.T) {
	h := newTestHandler(performer.Settings{}, nil)
	server := httptest.NewServer(h)
	defer server.Close()
	var slow []net.Conn
	for range maxUnderWay {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", ValidatePath)
		slow = append(slow, conn)
	}
	waitFor(t, "all turns to be taken", func() bool { return len(h.turns) == maxUnderWay })
	if recorder := post(h, ValidatePath, create(performerJSON("x", good))); recorder.Code != http.StatusTooManyRequests {
		t.Errorf("status %d while all turns are taken", recorder.Code)
	}
	for _, conn := range slow {
		conn.Close()
	}
	waitFor(t, "the turns to be free again", func() bool { return len(h.turns) == 0 })
	if answer := answerOf(t, post(h, ValidatePath, create(performerJSON("x", good)))); !answer.Allowed {
		t.Errorf("refused: %+v", answer.Result)
	}
}

func TestPanicIsAnErrorOfOneRequest(t *testing.T) {
	var served seen
	h := newTestHandler(performer.Settings{}, &served)
	h.mux.HandleFunc("/panics", h.serve("validate", func(*admissionv1.AdmissionRequest, performer.Settings) *admissionv1.AdmissionResponse {
		panic(planted)
	}))
	recorder := post(h, "/panics", create(performerJSON("x", good)))
	if recorder.Code != http.StatusInternalServerError || strings.Contains(recorder.Body.String(), planted) || !slices.Equal(served, seen{"validate error"}) {
		t.Errorf("got %d %s, counted as %q", recorder.Code, recorder.Body, served)
	}
	if len(h.turns) != 0 {
		t.Error("its turn was not given back")
	}
}

func TestDrainEndsConnections(t *testing.T) {
	h := newTestHandler(performer.Settings{}, nil)
	server := httptest.NewServer(h)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for _, draining := range []bool{false, true} {
		if draining {
			h.Drain()
		}
		body := create(performerJSON("x", good))
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", ValidatePath, len(body), body)
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		var answer admissionv1.AdmissionReview
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || !answer.Response.Allowed {
			t.Errorf("the answer: %v", err)
		}
		response.Body.Close()
		if response.Close != draining {
			t.Errorf("the connection ends: %v, want %v", response.Close, draining)
		}
	}
}
