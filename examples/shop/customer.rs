use std::fmt;

use serde::{Deserialize, Serialize};

/// Somebody who can sign in.
#[derive(Debug, Serialize)]
pub struct Customer {
    /// What they call themselves here: the subject of their sessions.
    #[serde(skip)]
    pub key: &'static str,
    /// Their name.
    pub name: &'static str,
    /// Where their goods go: for nobody else to see.
    pub address: &'static str,
    #[serde(skip)]
    password: &'static str,
}

const CUSTOMERS: [Customer; 2] = [
    Customer { key: "ada", name: "Ada Lovelace", address: "12 St James's Square, London", password: "engine" },
    Customer {
        key: "grace",
        name: "Grace Hopper",
        address: "1600 Arlington Ridge Road, Virginia",
        password: "compiler",
    },
];

impl Customer {
    /// Returns the customer that a session says it is of.
    pub fn find(key: &str) -> Option<&'static Self> {
        CUSTOMERS.iter().find(|customer| customer.key == key)
    }
}

/// What somebody says who signs in.
#[derive(Deserialize)]
pub struct Credentials {
    name: String,
    password: String,
}

/// The error of signing in with a name and a password that do not belong together.
#[derive(Debug)]
pub struct WrongPassword;

impl Credentials {
    /// Returns whose they are. A real shop keeps slow hashes of passwords, and counts attempts.
    ///
    /// # Errors
    ///
    /// [`WrongPassword`], for whatever is wrong with them.
    pub fn check(&self) -> Result<&'static Customer, WrongPassword> {
        let customer = Customer::find(&self.name).filter(|customer| customer.password == self.password);
        customer.ok_or(WrongPassword)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Display for WrongPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("That name and that password do not belong together.")
    }
}

impl std::error::Error for WrongPassword {}
