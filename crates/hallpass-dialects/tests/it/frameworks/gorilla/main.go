// Reads sessions that were stored here with gorilla/sessions, changes them there, and returns all of it.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"time"

	"github.com/gorilla/sessions"
)

// Cart is a type of an application's own.
type Cart struct {
	SKU  string
	Qty  int
	Tags []string
	Meta map[string]interface{}
	Next *Cart
}

type input struct {
	Hash, Block, Cookie, Redis string
}

type output struct {
	Cookie map[string]string
	Redis  map[string]string
	Set    string
	Stored string
}

func main() {
	gob.Register(Cart{})
	gob.Register(time.Time{})
	gob.Register(map[string]interface{}{})
	gob.Register(map[interface{}]interface{}{})
	var in input
	must(json.NewDecoder(os.Stdin).Decode(&in))
	out := output{}

	store := sessions.NewCookieStore([]byte(in.Hash), []byte(in.Block))
	request := httptest.NewRequest("GET", "/", nil)
	request.Header.Set("Cookie", in.Cookie)
	session, err := store.Get(request, "session-name")
	must(err)
	out.Cookie = shown(session.Values)
	session.Values["reply"] = "from Go é🦀"
	response := httptest.NewRecorder()
	must(session.Save(request, response))
	out.Set = response.Header().Get("Set-Cookie")

	// What both stores in Redis do with their values.
	stored, err := base64.StdEncoding.DecodeString(in.Redis)
	must(err)
	values := make(map[interface{}]interface{})
	must(gob.NewDecoder(bytes.NewBuffer(stored)).Decode(&values))
	out.Redis = shown(values)
	values["reply"] = "from Go é🦀"
	values["cart"] = Cart{SKU: "B", Qty: 2, Tags: []string{"x"}, Meta: map[string]interface{}{"n": 1}, Next: &Cart{SKU: "C"}}
	values["at"] = time.Date(2026, 1, 1, 12, 0, 0, 500, time.FixedZone("", 7200))
	buffer := new(bytes.Buffer)
	must(gob.NewEncoder(buffer).Encode(values))
	out.Stored = base64.StdEncoding.EncodeToString(buffer.Bytes())
	must(json.NewEncoder(os.Stdout).Encode(out))
}

func shown(values map[interface{}]interface{}) map[string]string {
	found := make(map[string]string)
	for key, value := range values {
		found[fmt.Sprintf("%#v", key)] = fmt.Sprintf("%T %+v", value, plain(value))
	}
	return found
}

// A pointer shows as an address, so what it leads to is shown beside it.
func plain(value interface{}) interface{} {
	if cart, is := value.(Cart); is && cart.Next != nil {
		next := *cart.Next
		cart.Next = nil
		return fmt.Sprintf("%+v -> %+v", cart, next)
	}
	return value
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
