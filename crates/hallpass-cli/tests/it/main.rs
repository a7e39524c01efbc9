//! The program as its users see it.

mod advise;
mod audit;
mod bench;
mod completions;
mod crash;
mod doctor;
mod dynamodb;
mod errors;
mod foreign;
mod help;
mod homes;
mod load;
mod memcached;
mod policy;
mod proxy_config;
mod reading;
mod readme;
mod redis;
mod revoking;
mod seed;
mod serving;
mod signing;
mod terminal;
mod token;
mod traces;
mod watching;
