// Measures how long gorilla's own parts take to find, verify and read each session.
package main

import (
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"sort"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
)

// Cart and UserID are types of an application's own, which some sessions have.
type Cart struct {
	SKU   string
	Qty   int
	Price float64
	Tags  []string
	Meta  map[string]string
}

// UserID is a number with a name.
type UserID int

type vector struct {
	ID     string `json:"id"`
	Cookie string `json:"cookie_value"`
	Config struct {
		Store     string    `json:"store"`
		Keys      []*string `json:"key_pairs_base64"`
		MaxLength int       `json:"max_length"`
	} `json:"config"`
}

func main() {
	gob.Register(Cart{})
	gob.Register(UserID(0))
	gob.Register(time.Time{})
	gob.Register(map[string]interface{}{})
	gob.Register([]int{})
	text, err := os.ReadFile(os.Args[1])
	must(err)
	var file struct {
		Vectors []vector `json:"vectors"`
	}
	must(json.Unmarshal(text, &file))
	for _, vector := range file.Vectors {
		if vector.Config.Store != "CookieStore" || vector.Config.MaxLength != 0 || vector.Cookie == "" {
			continue
		}
		var keys [][]byte
		for _, key := range vector.Config.Keys {
			bytes, err := base64.StdEncoding.DecodeString(*key)
			must(err)
			keys = append(keys, bytes)
		}
		codecs := securecookie.CodecsFromPairs(keys...)
		for _, codec := range codecs {
			codec.(*securecookie.SecureCookie).MaxAge(0)
		}
		request := httptest.NewRequest("GET", "/", nil)
		request.Header.Set("Cookie", "session-name="+vector.Cookie)
		read := func() error {
			cookie, err := request.Cookie("session-name")
			if err != nil {
				return err
			}
			session := sessions.NewSession(nil, "session-name")
			return securecookie.DecodeMulti("session-name", cookie.Value, &session.Values, codecs...)
		}
		if err := read(); err != nil {
			fmt.Fprintln(os.Stderr, vector.ID, err)
			continue
		}
		fmt.Printf("%s\t%f\n", vector.ID, median(func() { _ = read() }))
	}
}

func median(run func()) float64 {
	timed := func(calls int) float64 {
		start := time.Now()
		for i := 0; i < calls; i++ {
			run()
		}
		return float64(time.Since(start).Nanoseconds()) / float64(calls)
	}
	calls := 1
	for timed(calls)*float64(calls) < 2e6 {
		calls *= 2
	}
	rounds := make([]float64, 40)
	for i := range rounds {
		rounds[i] = timed(calls)
	}
	sort.Float64s(rounds)
	return rounds[20]
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
