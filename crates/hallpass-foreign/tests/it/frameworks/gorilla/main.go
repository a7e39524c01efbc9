// An application with sessions of gorilla in Redis: it signs in, shows, changes and signs out.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/boj/redistore"
)

func main() {

	store, err := redistore.NewRediStore(4, "tcp", os.Getenv("REDIS_ADDRESS"), "", "", []byte("a hash key of 32 bytes, for tests"))
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		session, _ := store.Get(r, "session-name")
		query := r.URL.Query()
		switch r.URL.Path {
		case "/login":
			session.Values["user"] = query.Get("user")
		case "/set":
			session.Values[query.Get("name")] = query.Get("value")
		case "/logout":
			session.Options.MaxAge = -1
		}
		if r.URL.Path != "/me" {
			if err := session.Save(r, w); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		values := map[string]interface{}{}
		for name, value := range session.Values {
			values[fmt.Sprint(name)] = value
		}
		_ = json.NewEncoder(w).Encode(map[string]interface{}{"user": session.Values["user"], "values": values})
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, nil))
}
