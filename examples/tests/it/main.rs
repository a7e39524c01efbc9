//! The examples in a real browser, and as the programs that people start.

mod browser;
mod gate;
mod host;
mod programs;
mod tls;

/// The examples themselves. What is `main` is for the programs.
macro_rules! examples {
    ($($name:ident: $path:tt;)*) => {
        $(
            #[allow(dead_code)]
            #[path = $path]
            mod $name;
        )*
    };
}

examples! {
    server_side: "../../server-side/main.rs";
    stateless_jwt: "../../stateless-jwt/main.rs";
    hybrid: "../../hybrid/main.rs";
    encrypted_cookie: "../../encrypted-cookie/main.rs";
    sticky_memory: "../../sticky-memory/main.rs";
    audited_database: "../../audited-database/main.rs";
    redis: "../../redis/main.rs";
    memcached: "../../memcached/main.rs";
}
