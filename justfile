# An index of the plain commands; nothing here hides more than one line.

# what there is
default:
    @just --list --unsorted

# the service with the demo web app, on http://127.0.0.1:7070/demo
demo:
    cargo run --release -- serve --demo

# every test, on real servers
test *names:
    ./test {{names}}

# the daily loop: the library alone
quick:
    cargo test -p hallpass --all-features

# everything CI checks
ci:
    .ci/run

# format all code
fmt:
    cargo fmt --all

# the workspace's lints, as errors
lint:
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# the library without default features, as it runs at the edge
portable:
    cargo check -p hallpass --no-default-features

# the repository's own rules
tidy:
    cargo test -p tidy

# documentation, warnings as errors
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features

# licences, duplicate crates, sources
deny:
    cargo deny check licenses bans sources

# replay each fuzzer's corpus, then run it for so many seconds
fuzz seconds="60" *targets:
    fuzz/run --seconds {{seconds}} {{targets}}
