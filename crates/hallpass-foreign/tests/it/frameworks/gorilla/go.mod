module hallpass/foreign/gorilla

go 1.23

require github.com/boj/redistore v1.4.1

require (
	github.com/gomodule/redigo v1.9.2 // indirect
	github.com/gorilla/securecookie v1.1.2 // indirect
	github.com/gorilla/sessions v1.4.0 // indirect
)
